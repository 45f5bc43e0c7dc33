"""Whether a model of pairs looks at the sequence: what it predicts when it is told another."""

from __future__ import annotations

from typing import Any

import numpy as np

from molgen.experts.base import FeatureTable
from molgen.featurizers import Featurizer
from molgen.packed import Repeated

__all__ = ["SWAPPED", "swap_sequences"]

#: What the predictor is called that is told other sequences.
SWAPPED = "model, sequences swapped"


def swap_sequences(features: FeatureTable, seed: int) -> dict[Featurizer, Any]:
    """Return the features of pairs with every sequence in the place of another, the same for all rows that have it.

    Parameters
    ----------
    features
        Of all rows, repeated.
    seed
        Which stands for which.
    """
    swapped: dict[Featurizer, Any] = dict(features)
    for featurizer, values in features.items():
        if featurizer.reads == "sequence" and isinstance(values, Repeated):
            # A cycle through all of them in a random order: none stays what it is, where there are two.
            n = int(values.index.max(initial=0)) + 1
            order = np.random.default_rng(seed).permutation(n)
            other = np.empty(n, np.int64)
            other[order] = np.roll(order, 1)
            swapped[featurizer] = Repeated(values.values, other[values.index])
    return swapped
