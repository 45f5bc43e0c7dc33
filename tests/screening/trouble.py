"""A filter that a spawned process can import, over which some rows come to grief: the tests put its folder on the path."""

import os
import time
from dataclasses import dataclass

from molgen.filters.base import Filter


@dataclass(frozen=True)
class Trouble(Filter):
    """Hangs on xenon, eats memory on krypton, ends the process on argon; on helium it waits a moment, to be killed in."""

    name = "trouble"

    def check(self, mols):
        for mol in mols:
            symbol = mol.GetAtomWithIdx(0).GetSymbol() if mol.GetNumAtoms() == 1 else ""
            if symbol == "Xe":
                time.sleep(1000)
            elif symbol == "Kr":
                held = [b"\1" * 10_000_000 for _ in range(30)]
                time.sleep(1000)
                del held
            elif symbol == "Ar":
                os._exit(1)
            elif symbol == "He":
                time.sleep(0.2)
        return [None] * len(mols)

    def __reduce__(self):
        return Trouble, ()
