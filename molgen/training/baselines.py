"""Predictors that every model has to beat: the mean, the nearest neighbour, boosted trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.similarity import nearest_tanimoto
from molgen.data.targets import Targets, expected
from molgen.data.tasks import NOISE, Task

__all__ = ["predict_mean", "predict_nearest"]


#: Steps to the mean of labels of which some are limits; each step halves what is left, or better.
_STEPS = 50


def predict_mean(tasks: Sequence[Task], targets: Targets, train: NDArray[np.int64]) -> NDArray[np.float64]:
    """Predict every row as the training mean (the share of positives for a binary task), ``[rows, tasks]``.

    Limits count as what the true values are to be expected at, given the mean.
    """
    means = [_mean(targets.take(train).of_task(at), NOISE * task.scale) for at, task in enumerate(tasks)]
    return np.tile(np.array(means), (len(targets), 1))


def _mean(labels: Targets, noise: float) -> float:
    labels = labels.take(~np.isnan(labels.values))
    mean = float(np.average(labels.values, weights=labels.weights))
    for _ in range(_STEPS if labels.bounds.any() else 0):
        likely = expected(labels.values, labels.bounds, np.full(len(labels), mean), noise)
        mean = float(np.average(likely, weights=labels.weights))
    return mean


def predict_nearest(
    fingerprints: Any, packed: NDArray[np.uint8], targets: NDArray[np.float64], train: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Predict each row as the label of the training compound most similar to it, ``[rows, tasks]``; a limit counts as its value.

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
