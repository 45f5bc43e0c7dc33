"""Fitting linear models to sparse features, the strength of their penalty by rows that are held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.targets import Targets
from molgen.data.tasks import Task

__all__ = ["fit_linear"]

#: Strengths of the penalty, weak to strong: of logistic regression the inverse of scikit-learn's ``C``, of ridge its ``alpha``.
_STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
#: Share of the training rows that chooses among them.
_HELD_OUT = 0.2
_ITERATIONS = 500


def fit_linear(
    tasks: Sequence[Task], table: Any, targets: Targets, weights: Sequence[NDArray[np.float64]], train: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit each task by itself.

    Parameters
    ----------
    tasks
        What is learnt.
    table
        CSR ``[rows, columns]``, of one scale: see :func:`~molgen.experts.linear.side_by_side`.
    targets
        Of all rows, scaled; labels that are limits count as their values.
    weights
        How much each row counts, ``[rows]`` a task.
    train
        Training rows.
    seed
        Chooses the rows that choose the strength of the penalty.

    Returns
    -------
    coefficients, intercepts
        float32 ``[columns, outputs]`` and ``[outputs]``: standardised values, or logits.
    """
    order = np.random.default_rng(seed).permutation(train)
    coefficients, intercepts = [], []
    for at, task in enumerate(tasks):
        labels = targets.of_task(at)
        rows = order[~np.isnan(labels.values[order])]
        n_held = max(1, round(_HELD_OUT * len(rows)))
        found = [_fit(task, table, labels.values, weights[at], rows[n_held:], strength) for strength in _STRENGTHS]
        losses = [_loss(task, model, table[rows[:n_held]], labels.values[rows[:n_held]]) for model in found]
        best = _fit(task, table, labels.values, weights[at], rows, _STRENGTHS[int(np.argmin(losses))])
        coefficients.append(best[0])
        intercepts.append(best[1])
    return np.hstack(coefficients).astype(np.float32), np.concatenate(intercepts).astype(np.float32)


def _fit(
    task: Task, table: Any, values: NDArray[Any], weights: NDArray[np.float64], rows: NDArray[np.int64], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights of columns and the intercepts of a task's outputs."""
    from sklearn.linear_model import LogisticRegression, Ridge

    labels = values[rows].astype(np.float64)
    if task.is_regression:
        ridge = Ridge(strength, solver="lsqr", max_iter=_ITERATIONS).fit(table[rows], labels, weights[rows])
        return ridge.coef_.reshape(-1, 1), np.atleast_1d(ridge.intercept_)
    present = np.unique(labels.astype(int))
    columns, offsets = np.zeros((table.shape[1], task.width)), np.full(task.width, -20.0 if task.width > 1 else 0.0)
    if len(present) < 2:  # all that is known of a part of the rows: nothing tells classes apart
        return columns, np.where(np.arange(task.width) == present[0], 0.0, offsets)
    model = LogisticRegression(C=1 / strength, max_iter=_ITERATIONS).fit(table[rows], labels.astype(int), weights[rows])
    if task.width == 1:
        return model.coef_.T, model.intercept_
    known = model.coef_ if len(present) > 2 else np.vstack([-model.coef_, model.coef_]) / 2
    bias = model.intercept_ if len(present) > 2 else np.concatenate([-model.intercept_, model.intercept_]) / 2
    columns[:, present], offsets[present] = known.T, bias
    return columns, offsets


def _loss(task: Task, model: tuple[NDArray[np.float64], NDArray[np.float64]], table: Any, labels: NDArray[Any]) -> float:
    raw = table @ model[0] + model[1]
    if task.is_regression:
        return float(np.mean((raw[:, 0] - labels) ** 2))
    if task.width == 1:
        signed = np.where(labels > 0.5, raw[:, 0], -raw[:, 0])
        return float(np.mean(np.logaddexp(0, -signed)))
    chosen = raw[np.arange(len(raw)), labels.astype(int)]
    return float(np.mean(np.logaddexp.reduce(raw, axis=1) - chosen))
