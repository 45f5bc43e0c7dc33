"""Fitting kernel ridge regression to how like each other compounds are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task, scale
from molgen.experts.base import FeatureTable
from molgen.experts.distances import median_distance
from molgen.experts.scaling import FeatureScaler
from molgen.experts.similarity import Compared, SimilarityExpert
from molgen.featurizers import Featurizer
from molgen.featurizers.base import take_rows
from molgen.packed import expanded

__all__ = ["fit_similarity_expert"]

#: Strengths of the penalty, of which a tenth of the training compounds chooses one.
_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
#: Of so few compounds that none can be spared to choose.
_USUAL_STRENGTH = 0.03
_HELD_OUT = 0.1
#: Log-odds that stand for a class.
_CLASS = 2.0


def fit_similarity_expert(
    name: str,
    tasks: list[Task],
    inputs: Sequence[Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    *,
    seed: int,
) -> SimilarityExpert:
    """Fit kernel ridge regression; labels that are limits count as their values.

    Parameters
    ----------
    name, tasks
        See :class:`~molgen.experts.similarity.SimilarityExpert`; the tasks' scaling is fitted already.
    inputs
        What compounds are compared by.
    features, targets
        Of all rows; ``targets`` in task units.
    split
        Which rows.
    seed
        Which tenth of the training rows chooses the strength of the penalty.
    """
    table = {each: take_rows(features[each], split.train) for each in inputs}
    compared = Compared(tuple(inputs))
    if compared.measuring:
        numbers = np.hstack([expanded(table[each]) for each in compared.measuring])
        scaler = FeatureScaler.fit(numbers)
        compared = Compared(tuple(inputs), scaler, median_distance(scaler.transform(numbers), seed))
    known = compared.rows(table)
    kernel = compared.kernel(known, known).astype(np.float64)
    labels = targets.take(split.train)
    wanted = np.vstack([_wanted(task, each) for task, each in zip(tasks, scale(tasks, labels).values.T, strict=True)])
    duals, means = np.zeros(wanted.shape, np.float32), np.zeros(len(wanted), np.float32)
    held = np.random.default_rng(seed).random(len(known)) < _HELD_OUT
    for there in np.unique(~np.isnan(wanted), axis=0):
        same = np.flatnonzero((~np.isnan(wanted) == there).all(axis=1))
        rows = there & (labels.weights > 0)
        if rows.any():
            duals[np.ix_(same, rows)], means[same] = _fit(kernel, wanted[same], labels.weights, rows, held)
    return SimilarityExpert(name, tasks, compared, known, duals, means)


def _wanted(task: Task, labels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what each output of a task should be, ``[outputs, rows]``."""
    if task.is_regression:
        return labels[None].astype(np.float64)
    classes = np.arange(task.width)[:, None] if task.kind == "multiclass" else np.ones((1, 1))
    return np.where(np.isnan(labels), np.nan, _CLASS * np.where(labels == classes, 1.0, -1.0))


def _fit(
    kernel: NDArray[np.float64],
    wanted: NDArray[np.float64],
    weights: NDArray[np.float64],
    rows: NDArray[np.bool_],
    held: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the duals of some rows ``[outputs, rows]``, and the means, of outputs that have labels of the same rows."""
    best = np.full(len(wanted), _USUAL_STRENGTH)
    learnt, checked = rows & ~held, rows & held
    if learnt.any() and checked.any():
        losses = []
        for strength in _STRENGTHS:
            duals, means = _solve(kernel, wanted, weights, learnt, strength)
            predicted = duals @ kernel[np.ix_(learnt, checked)] + means[:, None]
            losses.append(np.average((predicted - wanted[:, checked]) ** 2, axis=1, weights=weights[checked]))
        best = np.array(_STRENGTHS)[np.argmin(losses, axis=0)]
    found, means = np.zeros((len(wanted), int(rows.sum()))), np.zeros(len(wanted))
    for strength in np.unique(best):
        own = best == strength
        found[own], means[own] = _solve(kernel, wanted[own], weights, rows, strength)
    return found, means


def _solve(
    kernel: NDArray[np.float64], wanted: NDArray[np.float64], weights: NDArray[np.float64], rows: NDArray[np.bool_], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return duals and means for one strength; a row that counts twice is penalised half as much."""
    means = np.average(wanted[:, rows], axis=1, weights=weights[rows])
    penalised = kernel[np.ix_(rows, rows)] + np.diag(strength / weights[rows])
    return cho_solve(cho_factor(penalised, lower=True), (wanted[:, rows] - means[:, None]).T).T, means
