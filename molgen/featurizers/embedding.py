"""What the featurizers of molecules in space share: how conformers are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, ClassVar

from molgen.chem.conformers import FORCE_FIELDS, Embedded, embed
from molgen.chem.parse import Mol
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.parameters import choice, integer, parameters

__all__ = ["EmbeddingFeaturizer"]


@parameters
class EmbeddingFeaturizer(MoleculeFeaturizer):
    """Base of featurizers that embed a molecule by ETKDGv3, whatever coordinates it came with.

    A molecule without a conformer fails, and the reason says whether time, attempts or parameters ran out. One of more than 500
    heavy atoms fails unread.

    Parameters
    ----------
    seed
        Of the random numbers, for each molecule anew.
    force_field
        What conformers are optimised with: ``"none"``, ``"mmff"`` (MMFF94) or ``"uff"``.
    attempts
        Tries for each conformer, and as many from random coordinates after that.
    timeout
        Seconds for each of the two. What fails by it depends on the machine; what succeeds does not.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.
    """

    _max_atoms: ClassVar[int] = 500
    # A conformer takes as long as a thousand fingerprints.
    _chunk: ClassVar[int] = 16

    seed: int = integer(default=0, low=0, high=2**31 - 1, kw_only=True)
    force_field: str = choice(default="none", options=FORCE_FIELDS, kw_only=True)
    attempts: int = integer(default=100, low=1, high=1_000_000, kw_only=True)
    timeout: int = integer(default=30, low=1, high=86_400, kw_only=True)
    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    def _embed(self, items: Sequence[Mol | None], conformers: int = 1) -> tuple[list[Embedded], dict[int, str]]:
        """Embed molecules; the reason for each that failed, and nothing for a ``None``."""
        mols, reasons = self._within_limit(items)
        how: dict[str, Any] = {"seed": int(self.seed), "attempts": int(self.attempts), "timeout": int(self.timeout)}
        embedded = [
            Embedded(None, []) if mol is None else embed(mol, conformers=conformers, force_field=self.force_field, **how)
            for mol in mols
        ]
        return embedded, reasons | {row: found.reason for row, found in enumerate(embedded) if found.reason}
