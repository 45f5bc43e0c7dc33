"""Predictors that every model has to beat: the mean, the nearest neighbour, boosted trees, linear models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.similarity import nearest_tanimoto
from molgen.data.targets import Targets, expected
from molgen.data.tasks import NOISE, Task

__all__ = ["predict_from_sides", "predict_mean", "predict_nearest"]


#: Steps to the mean of labels of which some are limits; each step halves what is left, or better.
_STEPS = 50


def predict_mean(tasks: Sequence[Task], targets: Targets, train: NDArray[np.int64]) -> NDArray[np.float64]:
    """Predict every row as the training mean (for classes their shares), ``[rows, outputs]``.

    Limits count as what the true values are to be expected at, given the mean.
    """
    means = []
    for at, task in enumerate(tasks):
        labels = targets.take(train).of_task(at)
        means += _shares(labels, task.width) if task.kind == "multiclass" else [_mean(labels, NOISE * task.scale)]
    return np.tile(np.array(means), (len(targets), 1))


def _shares(labels: Targets, n_classes: int) -> list[float]:
    labels = labels.take(~np.isnan(labels.values))
    counts = np.bincount(labels.values.astype(int), weights=labels.weights, minlength=n_classes)
    return [float(share) for share in counts / counts.sum()]


def _mean(labels: Targets, noise: float) -> float:
    labels = labels.take(~np.isnan(labels.values))
    mean = float(np.average(labels.values, weights=labels.weights))
    for _ in range(_STEPS if labels.bounds.any() else 0):
        likely = expected(labels.values, labels.bounds, np.full(len(labels), mean), noise)
        mean = float(np.average(likely, weights=labels.weights))
    return mean


def predict_nearest(
    tasks: Sequence[Task],
    fingerprints: Any,
    packed: NDArray[np.uint8],
    targets: NDArray[np.float64],
    train: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Predict each row as the label of the training row most similar to it, ``[rows, outputs]``; a limit counts as its value.

    Parameters
    ----------
    tasks
        What the columns of ``targets`` are.
    fingerprints, packed
        The same bits of all rows, as CSR and packed.
    targets
        Labels ``[rows, tasks]``; for each task only training rows that have its label are neighbours.
    train
        Training rows, which are their own neighbours here.
    rows
        The rows to predict; the others are NaN.
    """
    predicted = []
    for at, task in enumerate(tasks):
        neighbours = train[~np.isnan(targets[train, at])]
        _, nearest = nearest_tanimoto(fingerprints[rows].astype(bool), packed[neighbours])
        labels = targets[neighbours[nearest], at]
        found = np.full((len(targets), task.width), np.nan)
        found[rows] = np.eye(task.width)[labels.astype(int)] if task.kind == "multiclass" else labels[:, None]
        predicted.append(found)
    return np.hstack(predicted)


def predict_from_sides(
    tasks: Sequence[Task], sides: Sequence[NDArray[np.int64]], targets: NDArray[np.float64], train: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Predict each pair as the mean, plus what its molecule and its sequence were above it in training, ``[rows, outputs]``.

    What each adds is shrunk towards nothing where few pairs tell; a side that was not seen adds nothing. There is no chemistry in
    it: on random pairs it is hard to beat, on unseen ones it shows what they are worth.

    Parameters
    ----------
    tasks
        What the columns of ``targets`` are.
    sides
        The number of each row's molecule, and of its sequence.
    targets
        Labels ``[rows, tasks]``; a limit counts as its value.
    train
        Training rows.
    """
    predicted = []
    for at, task in enumerate(tasks):
        known = train[~np.isnan(targets[train, at])]
        labels = targets[known, at]
        wanted = np.eye(task.width)[labels.astype(int)] if task.kind == "multiclass" else labels[:, None]
        mean = wanted.mean(axis=0)
        found = np.tile(mean, (len(targets), 1))
        left = wanted - mean
        for side in sides:
            n = int(side.max(initial=0)) + 1
            counts = np.bincount(side[known], minlength=n)[:, None]
            sums = np.stack([np.bincount(side[known], weights=column, minlength=n) for column in left.T], axis=1)
            effect = sums / (counts + 1.0)
            left = left - effect[side[known]]
            found += effect[side]
        predicted.append(found if task.is_regression else np.clip(found, 0.0, 1.0))
    return np.hstack(predicted)
