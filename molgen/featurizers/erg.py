"""Extended reduced graphs as a featurizer."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdReducedGraphs

from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.parameters import check_parameters, integer, parameters

__all__ = ["ErG"]

#: Pairs of the six properties of a node of a reduced graph.
_PAIRS = 21


@register
@parameters
class ErG(MoleculeFeaturizer):
    """Extended reduced graphs: pairs of pharmacophoric features by distance, as RDKit computes them.

    The values are a float64 array ``(n, 21 * (max_path - min_path + 1))``: 315 columns by default; a failed row is NaN. A molecule
    of more than 1,000 atoms fails: the distances of its reduced graph take too long.

    Parameters
    ----------
    min_path, max_path
        Shortest and longest distance, in bonds of the reduced graph.
    fuzz
        What a pair adds to the next shorter and the next longer distance; the distance itself gets 1.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"`` (NaN).
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    References
    ----------
    N. Stiefl, I. A. Watson, K. Baumann, A. Zaliani, ErG: 2D Pharmacophore Descriptions for Scaffold Hopping, J. Chem. Inf. Model.
    46 (2006) 208-220.
    """

    _max_atoms: ClassVar[int] = 1000

    min_path: int = integer(default=1, low=1, high=1000)
    max_path: int = integer(default=15, low=1, high=1000)
    fuzz: float = field(default=0.3, kw_only=True)
    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    def _featurize(self, items: list[Any]) -> Features:
        width = self._width()
        mols, reasons = self._within_limit(items)
        values = np.full((len(mols), width), np.nan)
        for row, mol in enumerate(mols):
            if mol is not None:
                values[row] = rdReducedGraphs.GetErGFingerprint(mol, 0, float(self.fuzz), int(self.min_path), int(self.max_path))
        return Features(values, reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns ``erg_0`` and so on."""
        return np.array([f"erg_{column}" for column in range(self._width())], dtype=object)

    def _width(self) -> int:
        check_parameters(self)
        if self.min_path > self.max_path:
            raise ConfigError(
                "unusable paths", where="ErG", expected="min_path <= max_path", got=f"{self.min_path}, {self.max_path}"
            )
        if isinstance(self.fuzz, bool) or not isinstance(self.fuzz, (int, float)) or not 0 <= self.fuzz <= 1:
            raise ConfigError("unusable fuzz", where="ErG", expected="a number from 0 to 1", got=repr(self.fuzz)[:80])
        return _PAIRS * (int(self.max_path) - int(self.min_path) + 1)

    @classmethod
    def examples(cls) -> list[ErG]:
        """Return the default, and shorter paths."""
        return [cls(), cls(max_path=5, fuzz=0)]
