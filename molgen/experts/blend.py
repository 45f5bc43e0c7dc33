"""Several experts as one: their weights for each task, fitted on rows that none of them was trained on, and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task, logit, sigmoid, softmax, spans

__all__ = ["Mixing", "Prior", "blend", "fit_weights"]

#: How probabilities are averaged: as they are, or as log-odds (of several classes: logarithms). Of the latter a confident expert is
#: heard more.
Mixing: TypeAlias = Literal["probabilities", "log-odds"]


class Prior(NamedTuple):
    """What is believed of weights before any row is seen: that they fall with a power of each expert's own error.

    What errors experts share, and so their best weights, a small validation set cannot tell.

    Attributes
    ----------
    power
        Of the error (squared error or cross-entropy), where rows are many: 0 for equal weights.
    rows
        Rows' worth of belief. With as many rows the power is half of that.
    """

    power: float = 2.0
    rows: float = 50.0

    def weights(self, errors: NDArray[np.float64], n_rows: int) -> NDArray[np.float64]:
        """Return the weights that are expected of experts with these errors."""
        weights = (errors.min() / errors) ** (self.power * n_rows / (n_rows + self.rows))
        return np.asarray(weights / weights.sum())


#: A middle of what ``benchmarks/blend_weights.py`` compares. Weaker priors do a little better there, but networks choose their
#: epochs on the same rows, which flatters them.
PRIOR = Prior()

#: Weights below this are none.
_LEAST_WEIGHT = 1e-3

#: Rows' worth of belief that an expert's probabilities are what they say.
_SURE_ROWS = 20.0


def fit_weights(
    tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets, prior: Prior = PRIOR
) -> NDArray[np.float64]:
    """Fit non-negative weights that add up to 1; probabilities are averaged as log-odds.

    The fewer rows, the more they are drawn to what is expected of experts with such errors. Experts that predict probabilities are
    first made as sure of themselves as they have reason to be: else the weight of one that is too sure (boosted trees of few rows)
    would be small for its confidence alone, though calibration of the blend puts that right.

    Parameters
    ----------
    tasks
        The tasks, which choose between squared error and cross-entropy.
    predictions
        ``[experts, rows, outputs]`` in task units.
    targets
        Their labels; a limit that the blend keeps costs nothing.
    prior
        What is expected.

    Returns
    -------
    Weights ``[experts, tasks]``.
    """
    n_experts = len(predictions)
    weights = np.full((n_experts, len(tasks)), 1.0 / n_experts)
    for column, (task, span) in enumerate(zip(tasks, spans(tasks), strict=True)):
        known = ~np.isnan(targets.values[:, column])
        if n_experts > 1 and known.sum() >= 2:
            weights[:, column] = _fit_task(task, predictions[:, known, span], targets.take(known).of_task(column), prior)
    return weights


def _fit_task(task: Task, predictions: NDArray[np.float64], targets: Targets, prior: Prior) -> NDArray[np.float64]:
    inputs = _turn(task, predictions)
    sureness = np.array([1.0 if task.is_regression else _fit_sureness(task, each, targets) for each in inputs])
    inputs = inputs * sureness[:, np.newaxis, np.newaxis]

    def error(weights: NDArray[np.float64]) -> float:
        return _error(task, np.tensordot(weights, inputs, 1), targets)

    own = np.maximum([error(alone) for alone in np.eye(len(predictions))], 1e-12)
    expected = prior.weights(own, len(targets))
    # Relative to that of the weights expected, so that the prior means the same for every task.
    scale = max(error(expected), 1e-12)

    def loss(weights: NDArray[np.float64]) -> float:
        return error(weights) / scale + prior.rows / len(targets) * float(((weights - expected) ** 2).sum())

    found = minimize(
        loss,
        expected,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(expected),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1.0},
    )
    weights = (np.clip(found.x, 0.0, None) if found.success else expected) * sureness
    weights /= weights.sum()
    # What an expert with next to no weight says is not worth computing.
    weights[weights < _LEAST_WEIGHT] = 0.0
    return np.asarray(weights / weights.sum())


def _error(task: Task, mixed: NDArray[np.float64], targets: Targets) -> float:
    """Return the mean squared error, or the mean cross-entropy of log-odds (of several classes, of logarithms)."""
    labels = targets.values
    if task.is_regression:
        return float(np.mean(excess(labels, targets.bounds, mixed[:, 0]) ** 2))
    if task.kind == "multiclass":
        return float(np.mean(logsumexp(mixed, axis=1) - mixed[np.arange(len(labels)), labels.astype(int)]))
    return float(np.mean(np.logaddexp(0.0, np.where(labels == 1, -mixed[:, 0], mixed[:, 0]))))


def _fit_sureness(task: Task, inputs: NDArray[np.float64], targets: Targets) -> float:
    """Return the factor of an expert's log-odds that makes its cross-entropy lowest; few rows change it little."""
    prior = _SURE_ROWS / len(targets)

    def loss(logarithm: float) -> float:
        return _error(task, np.exp(logarithm) * inputs, targets) + 0.1 * prior * float(logarithm**2)

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 2.0), method="bounded").x))


def blend(
    tasks: Sequence[Task], predictions: NDArray[np.float64], weights: NDArray[np.float64], mixing: Mixing = "log-odds"
) -> NDArray[np.float64]:
    """Return the weighted mean of the experts' predictions.

    Parameters
    ----------
    tasks
        The tasks: those of classes are averaged as ``mixing`` says.
    predictions
        ``[experts, rows, outputs]`` in task units.
    weights
        ``[experts, tasks]``; each task's add up to 1.
    mixing
        See :data:`Mixing`.

    Returns
    -------
    ``[rows, outputs]``.
    """
    mixed = np.empty(predictions.shape[1:])
    for task, span, weight in zip(tasks, spans(tasks), weights.T, strict=True):
        turned = mixing == "log-odds" and not task.is_regression
        inputs = _turn(task, predictions[:, :, span]) if turned else predictions[:, :, span]
        mean = (inputs * weight[:, np.newaxis, np.newaxis]).sum(axis=0)
        mixed[:, span] = mean if not turned else softmax(mean) if task.kind == "multiclass" else sigmoid(mean)
    return mixed


def _turn(task: Task, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return predictions on the scale that they are averaged on."""
    if task.kind == "multiclass":
        return np.asarray(np.log(np.clip(predictions, 1e-6, 1.0)))
    return predictions if task.is_regression else logit(predictions)
