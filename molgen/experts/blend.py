"""Several experts as one: their weights for each task, fitted on rows that none of them was trained on, and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task, logit, sigmoid

__all__ = ["Mixing", "blend", "fit_weights"]

#: How the probabilities of a binary task are averaged: as they are, or as log-odds. Of the latter a confident expert is heard more.
Mixing: TypeAlias = Literal["probabilities", "log-odds"]

#: Rows' worth of belief that all experts are equally good: small validation sets hardly move the weights.
_PRIOR_ROWS = 50.0


def fit_weights(tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets) -> NDArray[np.float64]:
    """Fit non-negative weights that add up to 1, shrunk toward equal; probabilities are averaged as log-odds.

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
    inputs = predictions if task.is_regression else logit(predictions)

    def error(weights: NDArray[np.float64]) -> float:
        mixed = inputs @ weights
        if task.is_regression:
            return float(np.mean(excess(labels, targets.bounds, mixed) ** 2))
        return float(np.mean(np.logaddexp(0.0, np.where(labels == 1, -mixed, mixed))))

    # Relative to that of equal weights, so that the prior means the same for every task.
    scale = max(error(equal), 1e-12)

    def loss(weights: NDArray[np.float64]) -> float:
        return error(weights) / scale + prior * float(((weights - equal) ** 2).sum())

    found = minimize(
        loss,
        equal,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(equal),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1.0},
    )
    weights = np.clip(found.x, 0.0, None) if found.success else equal
    return np.asarray(weights / weights.sum())


def blend(
    tasks: Sequence[Task], predictions: NDArray[np.float64], weights: NDArray[np.float64], mixing: Mixing = "log-odds"
) -> NDArray[np.float64]:
    """Return the weighted mean of the experts' predictions.

    Parameters
    ----------
    tasks
        The tasks: those that are binary are averaged as ``mixing`` says.
    predictions
        ``[experts, rows, tasks]`` in task units.
    weights
        ``[experts, tasks]``; each task's add up to 1.
    mixing
        See :data:`Mixing`.

    Returns
    -------
    ``[rows, tasks]``.
    """
    turned = np.array([mixing == "log-odds" and not task.is_regression for task in tasks])
    inputs = np.where(turned, logit(predictions), predictions)
    mixed = (inputs * weights[:, np.newaxis]).sum(axis=0)
    return np.where(turned, sigmoid(mixed), mixed)
