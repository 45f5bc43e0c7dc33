"""RDKit's 2D descriptors as a featurizer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.descriptors import DESCRIPTORS_2D, compute_descriptors
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.molecule import MoleculeFeaturizer

__all__ = ["Descriptors"]


@register
class Descriptors(MoleculeFeaturizer):
    """Two-dimensional descriptors with RDKit's names and values.

    Parameters
    ----------
    names
        Which descriptors and in which order, of :data:`~molgen.chem.descriptors.DESCRIPTORS_2D`; ``None`` for all. Only
        what the names need is computed.
    errors, n_jobs
        See :class:`~molgen.featurizers.base.Featurizer`.

    Notes
    -----
    The values are a float64 array ``(n, len(names))``. NaN stands in a failed row, and for a single descriptor that
    RDKit cannot compute (partial charges of some metals): a row with such a gap is not failed, and
    :func:`~molgen.chem.descriptors.explain_gaps` tells why it is there.
    """

    def __init__(self, names: Sequence[str] | None = None, *, errors: str = "raise", n_jobs: int = 1) -> None:
        self.names = names
        self.errors = errors
        self.n_jobs = n_jobs

    def _featurize(self, items: list[Any]) -> Features:
        return Features(compute_descriptors(items, self._chosen()))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns after the descriptors."""
        return np.array(self._chosen(), dtype=object)

    def spec(self) -> dict[str, Any]:
        """Return the identity as JSON data, with all names spelt out: they are the columns of a saved model."""
        return {**super().spec(), "names": self._chosen()}

    @classmethod
    def examples(cls) -> list[Descriptors]:
        """Return all descriptors, and two."""
        return [cls(), cls(["MolWt", "TPSA"])]

    def _chosen(self) -> list[str]:
        if self.names is None:
            return list(DESCRIPTORS_2D)
        names = self.names
        listed = isinstance(names, Iterable) and not isinstance(names, str | Mapping)
        if not listed or not all(isinstance(name, str) for name in names):
            raise ConfigError("unusable names", where="Descriptors", expected="a list of names", got=repr(self.names)[:80])
        return [str(name) for name in self.names]
