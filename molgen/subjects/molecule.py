"""Rows that are molecules, as SMILES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from molgen.chem.parse import MolList
from molgen.chem.standardize import MAX_ATOMS, canonical_smiles, read_compounds
from molgen.errors import ConfigError
from molgen.rows import ReadRows
from molgen.subjects.base import Subject

__all__ = ["MoleculeSubject"]

_MOST_ATOMS = 100_000


@dataclass(frozen=True, slots=True)
class MoleculeSubject(Subject):
    """Molecules, of which the parent is looked at.

    Attributes
    ----------
    max_atoms
        Heavy atoms above which a molecule is ``too_large``.
    neutralize
        Whether charges that a proton can settle are settled, or left as they are drawn.
    """

    kind: ClassVar[str] = "molecule"
    noun: ClassVar[str] = "compound"
    columns: ClassVar[tuple[str, ...]] = ("smiles",)

    max_atoms: int = MAX_ATOMS
    neutralize: bool = True

    def __post_init__(self) -> None:
        if type(self.max_atoms) is not int or not 1 <= self.max_atoms <= _MOST_ATOMS:
            raise ConfigError("max_atoms is out of range", expected=f"1 to {_MOST_ATOMS:,}", got=repr(self.max_atoms)[:40])
        if not isinstance(self.neutralize, bool):
            raise ConfigError("neutralize is true or false", got=repr(self.neutralize)[:40])

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Parse and standardise SMILES, or molecules."""
        return read_compounds(rows, max_atoms=self.max_atoms, neutralize=self.neutralize)

    def keys(self, items: Sequence[Any]) -> list[str | None]:
        """Return canonical SMILES."""
        return canonical_smiles(items)

    @property
    def example(self) -> str:
        """Paracetamol."""
        return "CC(=O)Nc1ccc(O)cc1"

    @property
    def limit(self) -> str:
        """Heavy atoms."""
        return f"more than {self.max_atoms:,} heavy atoms"

    @property
    def facts(self) -> dict[str, str]:
        """Size and charges."""
        charges = "settled where a proton can settle them" if self.neutralize else "as drawn"
        return {"Molecules": f"up to {self.max_atoms:,} heavy atoms", "Charges": charges}

    def batch(self, items: Sequence[Any]) -> MolList:
        """Return molecules of which each is decoded once."""
        return items if isinstance(items, MolList) else MolList(items)

    def select(self, batch: Sequence[Any], rows: list[int]) -> MolList:
        """Return some molecules, with what was decoded of them."""
        return self.batch(batch).select(rows)

    def release(self, batch: Sequence[Any]) -> None:
        """Free what was decoded."""
        if isinstance(batch, MolList):
            batch.forget()
