"""What the featurizers of molecules share: one way in, from SMILES or parsed molecules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molgen.chem.parse import MolList, parse_batch
from molgen.featurizers.base import Featurizer

__all__ = ["MoleculeFeaturizer"]


class MoleculeFeaturizer(Featurizer):
    """Base of featurizers whose rows are SMILES or ``rdkit.Chem.Mol``; ``_featurize`` gets ``list[Mol | None]``.

    A :class:`~molgen.chem.parse.MolList` passes through as it is, so that featurizers of one batch share what is decoded of it.
    """

    def _read(self, rows: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
        if isinstance(rows, MolList):
            return rows, {}
        batch = parse_batch(rows)
        return batch.mols, batch.errors
