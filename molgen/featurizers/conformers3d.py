"""Conformers as a featurizer."""

from __future__ import annotations

from typing import Any

from molgen.chem.conformers import pack_conformers
from molgen.featurizers.base import Features, register
from molgen.featurizers.embedding import EmbeddingFeaturizer
from molgen.featurizers.parameters import check_parameters, integer, parameters

__all__ = ["Conformers3D"]


@register
@parameters
class Conformers3D(EmbeddingFeaturizer):
    """Elements and coordinates of molecules in space, hydrogens included, by ETKDGv3.

    The values are a :class:`~molgen.packed.ConformerBatch`; a row that fails is empty.

    Parameters
    ----------
    conformers
        How many for each molecule; fewer where RDKit finds fewer.
    seed, force_field, attempts, timeout, errors, n_jobs
        See :class:`~molgen.featurizers.embedding.EmbeddingFeaturizer`.

    Examples
    --------
    >>> elements, positions, energies = Conformers3D(2).transform(["CO"])[0]
    >>> elements.tolist(), positions.shape
    ([6, 8, 1, 1, 1, 1], (2, 6, 3))

    References
    ----------
    S. Wang, J. Witek, G. A. Landrum, S. Riniker, J. Chem. Inf. Model. 60 (2020) 2044-2058.
    """

    conformers: int = integer(default=1, low=1, high=1000)

    def _featurize(self, items: list[Any]) -> Features:
        check_parameters(self)
        embedded, reasons = self._embed(items, int(self.conformers))
        return Features(pack_conformers(embedded), reasons)

    @classmethod
    def examples(cls) -> list[Conformers3D]:
        """Return one conformer, and several that are optimised."""
        return [cls(attempts=5), cls(2, force_field="mmff", seed=7, attempts=5)]
