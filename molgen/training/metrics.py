"""How good predictions are, by the field's usual measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task

__all__ = ["PRIMARY", "evaluate", "mean_primary", "task_metrics"]

#: The measure each kind of task is judged by first.
PRIMARY = {"regression": "rmse", "binary": "auroc"}


def task_metrics(
    task: Task, predicted: NDArray[np.float64], labels: NDArray[np.float64], bounds: NDArray[np.int8] | None = None
) -> dict[str, float]:
    """Measure one task on the rows that have a label and a prediction.

    Returns
    -------
    Regression: ``n, rmse, mae, r2, spearman``. Binary: ``n, auroc, auprc, brier``. NaN where a measure does not exist, as
    AUROC on one class. Labels that ``bounds`` says are limits (see :class:`~molgen.data.targets.Targets`) are in none of these;
    if there are any, ``n_limits`` counts them and ``limits_kept`` is the share that the predictions keep.
    """
    known = ~(np.isnan(labels) | np.isnan(predicted))
    limit = known & (bounds != 0) if bounds is not None else np.zeros_like(known)
    exact = known & ~limit
    measure = _regression if task.is_regression else _binary
    measured = {"n": float(exact.sum()), **measure(predicted[exact], labels[exact])}
    if bounds is not None and limit.any():
        kept = excess(labels[limit], bounds[limit], predicted[limit]) == 0
        measured |= {"n_limits": float(len(kept)), "limits_kept": float(kept.mean())}
    return measured


def evaluate(tasks: Sequence[Task], predicted: NDArray[np.float64], targets: Targets) -> dict[str, dict[str, float]]:
    """Measure each task of ``[rows, tasks]`` predictions, by task name."""
    each = [targets.of_task(at) for at in range(len(tasks))]
    return {
        task.name: task_metrics(task, predicted[:, at], labels.values, labels.bounds)
        for at, (task, labels) in enumerate(zip(tasks, each, strict=True))
    }


def mean_primary(tasks: Sequence[Task], metrics: dict[str, dict[str, float]]) -> dict[str, float]:
    """Average the primary measure over the tasks of each kind, ``{"rmse": ..., "auroc": ...}``."""
    averaged = {}
    for kind, measure in PRIMARY.items():
        values = [metrics[task.name][measure] for task in tasks if task.kind == kind]
        known = [value for value in values if not np.isnan(value)]
        if values:
            averaged[measure] = float(np.mean(known)) if known else float("nan")
    return averaged


def _regression(predicted: NDArray[np.float64], labels: NDArray[np.float64]) -> dict[str, float]:
    if not len(labels):
        return dict.fromkeys(("rmse", "mae", "r2", "spearman"), float("nan"))
    from scipy.stats import rankdata

    error = predicted - labels
    total = float(((labels - labels.mean()) ** 2).sum())
    varied = len(labels) > 2 and total > 0 and float(np.ptp(predicted)) > 0
    return {
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
        "r2": 1 - float((error**2).sum()) / total if total > 0 else float("nan"),
        "spearman": float(np.corrcoef(rankdata(predicted), rankdata(labels))[0, 1]) if varied else float("nan"),
    }


def _binary(predicted: NDArray[np.float64], labels: NDArray[np.float64]) -> dict[str, float]:
    if not len(labels) or len(np.unique(labels)) < 2:
        brier = float(((predicted - labels) ** 2).mean()) if len(labels) else float("nan")
        return {"auroc": float("nan"), "auprc": float("nan"), "brier": brier}
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auroc": float(roc_auc_score(labels, predicted)),
        "auprc": float(average_precision_score(labels, predicted)),
        "brier": float(((predicted - labels) ** 2).mean()),
    }
