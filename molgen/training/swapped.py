"""Whether a model of pairs looks at the partner: what it predicts when it is told another."""

from __future__ import annotations

from typing import Any

import numpy as np

from molgen.experts.base import FeatureTable
from molgen.featurizers import Featurizer
from molgen.packed import Repeated
from molgen.subjects import AnyPairSubject

__all__ = ["swap_partners"]


def swap_partners(features: FeatureTable, subject: AnyPairSubject, seed: int) -> tuple[str, dict[Featurizer, Any]]:
    """Return the features of pairs with every partner in the place of another, the same for all rows that have it.

    Parameters
    ----------
    features
        Of all rows, repeated.
    subject
        What the rows are about.
    seed
        Which stands for which.

    Returns
    -------
    name, features
        What a model is called that is told so, and the features.
    """
    swapped: dict[Featurizer, Any] = dict(features)
    for featurizer, values in features.items():
        if featurizer.reads == subject.partners.column and isinstance(values, Repeated):
            # A cycle through all of them in a random order: none stays what it is, where there are two.
            n = int(values.index.max(initial=0)) + 1
            order = np.random.default_rng(seed).permutation(n)
            other = np.empty(n, np.int64)
            other[order] = np.roll(order, 1)
            swapped[featurizer] = Repeated(values.values, other[values.index])
    return f"model, {subject.partner_name} swapped", swapped
