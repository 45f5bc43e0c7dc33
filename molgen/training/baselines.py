"""Predictors that every model has to beat: the mean, the nearest neighbour, boosted trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.similarity import nearest_tanimoto

__all__ = ["predict_mean", "predict_nearest"]


def predict_mean(targets: NDArray[np.float64], train: NDArray[np.int64]) -> NDArray[np.float64]:
    """Predict every row as the training mean (the share of positives for a binary task), ``[rows, tasks]``."""
    return np.tile(np.nanmean(targets[train], axis=0), (len(targets), 1))


def predict_nearest(
    fingerprints: Any, packed: NDArray[np.uint8], targets: NDArray[np.float64], train: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Predict each row as the label of the training compound most similar to it, ``[rows, tasks]``.

    Parameters
    ----------
    fingerprints, packed
        The same Morgan bits of all rows, as CSR and packed.
    targets
        Labels ``[rows, tasks]``; for each task only training rows that have its label are neighbours.
    train
        Training rows, which are their own neighbours here.
    """
    predicted = np.empty_like(targets)
    for at in range(targets.shape[1]):
        neighbours = train[~np.isnan(targets[train, at])]
        _, nearest = nearest_tanimoto(fingerprints.astype(bool), packed[neighbours])
        predicted[:, at] = targets[neighbours[nearest], at]
    return predicted
