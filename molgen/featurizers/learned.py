"""Vectors that a graph network has learnt, as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.featurizers.base import Features, register
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.parameters import check_parameters, parameters

__all__ = ["Embedding"]


@register
@parameters
class Embedding(MoleculeFeaturizer):
    """The vector that a graph network makes of a molecule before it predicts anything.

    Parameters
    ----------
    model
        A model's file, or the name of one that comes along: ``"encoder"`` was trained on descriptors of 335,000 compounds, and on
        no measured value. The first network of its first graph expert is taken.
    errors
        See :class:`~molgen.featurizers.base.Featurizer`.
    n_jobs
        Changes nothing: a network computes in this process, and others would load torch first.

    Notes
    -----
    The values are a float32 array ``(n, width)``, NaN in a failed row; the same molecule gets the same vector to within the
    precision of float32, whatever is beside it.
    """

    model: str = field(default="encoder")
    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    def _featurize(self, items: list[Any]) -> Features:
        check_parameters(self)
        return Features(*_encoding().encode(self.model, items))

    def _featurize_parallel(self, rows: Sequence[Any]) -> Features:
        return self._featurize_rows(rows)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns ``embedding_0`` and so on."""
        check_parameters(self)
        return np.array([f"embedding_{at}" for at in range(_encoding().encoding_width(self.model))], dtype=object)


def _encoding() -> Any:
    """Find what reads models, which stands above featurizers and takes torch: it is loaded by whoever asks for a vector."""
    return import_module("molgen.encoding")
