"""Predictors that know no chemistry: how much of a score is owed to size, class balance or repeated compounds alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molgen.data.audit.profile import Profile

__all__ = ["predict_without_chemistry"]

#: Ranges of equal numbers of training rows that a number is divided into.
_BINS = 20

Values = NDArray[np.float64]


def predict_without_chemistry(profile: Profile, labels: Values, train: NDArray[np.int64]) -> dict[str, Values]:
    """Predict the labels of all rows from those of the training rows.

    Parameters
    ----------
    profile
        What is known of each row.
    labels
        ``[n, tasks]``, NaN where there is none.
    train
        Training rows.

    Returns
    -------
    Predictor -> predictions ``[n, tasks]``; NaN for a row without a molecule. ``mean``: the mean training label (for classes, the
    share of positives). ``heavy atoms`` and ``molecular weight``: the mean training label of compounds of about that size, in up
    to 20 ranges. ``look-up``: the mean label of training rows with the same skeleton, else the mean.
    """
    present = ~np.isnan(profile.atoms)
    by_name: dict[str, list[Values]] = {"mean": [], "heavy atoms": [], "molecular weight": [], "look-up": []}
    for column in labels.T:
        known = train[~np.isnan(column[train]) & present[train]]
        mean = float(column[known].mean()) if len(known) else np.nan
        by_name["mean"].append(np.where(present, mean, np.nan))
        by_name["heavy atoms"].append(_by_number(profile.atoms, column, known))
        by_name["molecular weight"].append(_by_number(profile.weights, column, known))
        by_name["look-up"].append(np.where(present, _looked_up(profile, column, known, mean), np.nan))
    return {name: np.stack(columns, axis=1) for name, columns in by_name.items()} if labels.shape[1] else {}


def _by_number(numbers: Values, labels: Values, known: NDArray[np.int64]) -> Values:
    """Predict the mean label of the training rows in the same range of a number."""
    if not len(known):
        return np.full(len(numbers), np.nan)
    bins = min(_BINS, max(1, len(known) // 10))
    edges = np.unique(np.quantile(numbers[known], np.arange(1, bins) / bins))
    place = np.searchsorted(edges, numbers, side="right")
    counts = np.bincount(place[known], minlength=len(edges) + 1)
    sums = np.bincount(place[known], labels[known], minlength=len(edges) + 1)
    # A range may be empty where one number is very common.
    means = np.where(counts > 0, sums / np.maximum(counts, 1), labels[known].mean())
    return np.where(np.isnan(numbers), np.nan, means[np.minimum(place, len(edges))])


def _looked_up(profile: Profile, labels: Values, known: NDArray[np.int64], mean: float) -> Values:
    seen: dict[str, list[float]] = {}
    for row in known.tolist():
        block = profile.skeleton[row]
        if block is not None:
            seen.setdefault(block, []).append(float(labels[row]))
    means = {block: float(np.mean(values)) for block, values in seen.items()}
    return np.array([mean if block is None else means.get(block, mean) for block in profile.skeleton], dtype=np.float64)
