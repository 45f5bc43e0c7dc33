"""Weights of several experts for each task, fitted on rows that none of them was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task

__all__ = ["blend", "fit_weights"]

#: Rows' worth of belief that all experts are equally good: small validation sets hardly move the weights.
_PRIOR_ROWS = 50.0


def fit_weights(tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets) -> NDArray[np.float64]:
    """Fit non-negative weights that add up to 1, shrunk toward equal.

    Parameters
    ----------
    tasks
        The tasks, which choose between squared error and cross-entropy.
    predictions
        ``[experts, rows, tasks]`` in task units.
    targets
        Their labels; a limit that the blend keeps costs nothing.

    Returns
    -------
    Weights ``[experts, tasks]``.
    """
    n_experts = len(predictions)
    weights = np.full((n_experts, len(tasks)), 1.0 / n_experts)
    for column, task in enumerate(tasks):
        known = ~np.isnan(targets.values[:, column])
        if n_experts > 1 and known.sum() >= 2:
            weights[:, column] = _fit_task(task, predictions[:, known, column].T, targets.take(known).of_task(column))
    return weights


def _fit_task(task: Task, predictions: NDArray[np.float64], targets: Targets) -> NDArray[np.float64]:
    labels = targets.values
    equal = np.full(predictions.shape[1], 1.0 / predictions.shape[1])
    prior = _PRIOR_ROWS / len(labels)
    scale = max(float(np.mean(excess(labels, targets.bounds, predictions.mean(axis=1)) ** 2)), 1e-12)

    def loss(weights: NDArray[np.float64]) -> float:
        mixed = predictions @ weights
        if task.is_regression:
            fit = float(np.mean(excess(labels, targets.bounds, mixed) ** 2)) / scale
        else:
            mixed = np.clip(mixed, 1e-6, 1 - 1e-6)
            fit = -float(np.mean(labels * np.log(mixed) + (1 - labels) * np.log(1 - mixed)))
        return fit + prior * float(((weights - equal) ** 2).sum())

    found = minimize(
        loss,
        equal,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(equal),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1.0},
    )
    weights = np.clip(found.x, 0.0, None) if found.success else equal
    return np.asarray(weights / weights.sum())


def blend(predictions: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean ``[rows, tasks]`` of the experts' predictions."""
    mixed: NDArray[np.float64] = sum(
        (p * w for p, w in zip(predictions, weights, strict=True)), start=np.zeros(predictions[0].shape)
    )
    return mixed
