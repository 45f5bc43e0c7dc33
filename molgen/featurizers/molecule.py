"""What the featurizers of molecules share: one way in, from SMILES or parsed molecules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from molgen.chem.parse import Mol, MolList, parse_batch
from molgen.featurizers.base import Featurizer

__all__ = ["MoleculeFeaturizer"]


class MoleculeFeaturizer(Featurizer):
    """Base of featurizers whose rows are SMILES or ``rdkit.Chem.Mol``; ``_featurize`` gets ``list[Mol | None]``.

    A :class:`~molgen.chem.parse.MolList` passes through as it is, so that featurizers of one batch share what is decoded of it.
    """

    #: Molecules of more atoms fail, where a subclass asks :meth:`_within_limit`; ``None`` for no limit.
    _max_atoms: ClassVar[int | None] = None

    def _read(self, rows: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
        if isinstance(rows, MolList):
            return rows, {}
        batch = parse_batch(rows)
        return batch.mols, batch.errors

    def _within_limit(self, mols: Sequence[Mol | None]) -> tuple[Sequence[Mol | None], dict[int, str]]:
        """Put ``None`` in the place of molecules that are too large, and return the reason for each."""
        if self._max_atoms is None:
            return mols, {}
        sizes = ((row, mol.GetNumAtoms()) for row, mol in enumerate(mols) if mol is not None)
        large = {row: size for row, size in sizes if size > self._max_atoms}
        reasons = {row: f"too large: {size:,} atoms, the limit is {self._max_atoms:,}" for row, size in large.items()}
        return ([None if row in large else mol for row, mol in enumerate(mols)] if large else mols), reasons
