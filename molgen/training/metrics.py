"""How good predictions are, by the field's usual measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task, spans
from molgen.training.diagnostics import expected_calibration_error, reliability

__all__ = ["PRIMARY", "correlations", "evaluate", "mean_primary", "median_correlation", "task_metrics"]

#: The measure each kind of task is judged by first.
PRIMARY = {"regression": "rmse", "binary": "auroc", "multiclass": "balanced_accuracy"}

#: The least probability that a wrong prediction is charged for, as in scikit-learn.
_LEAST = float(np.finfo(np.float64).eps)
#: Rows from which on a correlation says something.
_FEW = 10


def task_metrics(
    task: Task,
    predicted: NDArray[np.float64],
    labels: NDArray[np.float64],
    bounds: NDArray[np.int8] | None = None,
    *,
    half_width: float | None = None,
) -> dict[str, float]:
    """Measure one task on the rows that have a label and a prediction.

    Parameters
    ----------
    task
        The task.
    predicted, labels, bounds
        One a row; of several classes ``predicted`` holds the probabilities ``[rows, classes]``.
    half_width
        Half the width of the interval around each prediction of a regression task, where there is one.

    Returns
    -------
    Regression: ``n, rmse, mae, r2, spearman``, and of intervals ``coverage``, the share of labels within, and ``width``. Binary:
    ``n, auroc, auprc, mcc`` (of probabilities above one half), ``brier, ece``. Several classes: ``n, accuracy, balanced_accuracy,
    auroc`` (each class against the rest, averaged over those that are there), ``mcc, log_loss``. NaN where a measure does not
    exist, as AUROC on one class. Labels that ``bounds`` says are limits (see :class:`~molgen.data.targets.Targets`) are in none of
    these; if there are any, ``n_limits`` counts them and ``limits_kept`` is the share that the predictions keep.
    """
    known = ~(np.isnan(labels) | _is_unknown(predicted))
    limit = known & (bounds != 0) if bounds is not None else np.zeros_like(known)
    exact = known & ~limit
    measure = {"regression": _regression, "binary": _binary, "multiclass": _multiclass}[task.kind]
    measured = {"n": float(exact.sum()), **measure(predicted[exact], labels[exact])}
    if half_width is not None and task.is_regression:
        inside = np.abs(predicted[exact] - labels[exact]) <= half_width
        stated = exact.any() and np.isfinite(half_width)
        measured |= {"coverage": float(inside.mean()) if stated else float("nan"), "width": 2 * half_width}
    if bounds is not None and limit.any():
        kept = excess(labels[limit], bounds[limit], predicted[limit]) == 0
        measured |= {"n_limits": float(len(kept)), "limits_kept": float(kept.mean())}
    return measured


def _is_unknown(predicted: NDArray[np.float64]) -> NDArray[np.bool_]:
    unknown: NDArray[np.bool_] = np.isnan(predicted)
    return np.asarray(unknown.any(axis=1)) if unknown.ndim > 1 else unknown


def median_correlation(predicted: NDArray[np.float64], labels: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Return the median over groups of Pearson's correlation within each; NaN where no group has ten different labels.

    A group whose predictions are all the same has a correlation of 0: nothing in it is told apart.
    """
    known = ~(np.isnan(labels) | np.isnan(predicted))
    predicted, labels, groups = predicted[known], labels[known], groups[known]
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    found = []
    for rows in np.split(order, starts[1:]) if len(order) else []:
        if len(rows) >= _FEW and np.ptp(labels[rows]) > 0:
            told = np.ptp(predicted[rows]) > 1e-9 * max(1.0, float(np.abs(predicted[rows]).max()))
            found.append(float(np.corrcoef(predicted[rows], labels[rows])[0, 1]) if told else 0.0)
    return float(np.median(found)) if found else float("nan")


def correlations(
    task: Task, predicted: NDArray[np.float64], targets: Targets, groups: Mapping[str, NDArray[np.int64]]
) -> dict[str, float]:
    """Return of a quantity the median correlation within groups, ``per_<name>``; ``groups`` has the group of each row by name."""
    names = groups if task.is_regression else ()
    return {f"per_{name}": median_correlation(predicted, targets.measured(), groups[name]) for name in names}


def evaluate(
    tasks: Sequence[Task],
    predicted: NDArray[np.float64],
    targets: Targets,
    half_widths: Sequence[float] | None = None,
    groups: Mapping[str, NDArray[np.int64]] | None = None,
) -> dict[str, dict[str, float]]:
    """Measure each task of ``[rows, outputs]`` predictions, by task name.

    Parameters
    ----------
    tasks, predicted, targets
        Of the same rows.
    half_widths
        Those of intervals, one a task.
    groups
        What :func:`correlations` are within.
    """
    measured = {}
    for at, (task, span) in enumerate(zip(tasks, spans(tasks), strict=True)):
        labels, values = targets.of_task(at), predicted[:, span]
        half_width = None if half_widths is None else half_widths[at]
        values = values if task.width > 1 else values[:, 0]
        measured[task.name] = task_metrics(task, values, labels.values, labels.bounds, half_width=half_width)
        measured[task.name] |= correlations(task, values, labels, groups or {})
    return measured


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
        ece = expected_calibration_error(reliability(predicted, labels)) if len(labels) else float("nan")
        return {**dict.fromkeys(("auroc", "auprc", "mcc"), float("nan")), "brier": brier, "ece": ece}
    from sklearn.metrics import average_precision_score, matthews_corrcoef, roc_auc_score

    return {
        "auroc": float(roc_auc_score(labels, predicted)),
        "auprc": float(average_precision_score(labels, predicted)),
        "mcc": float(matthews_corrcoef(labels > 0.5, predicted > 0.5)),
        "brier": float(((predicted - labels) ** 2).mean()),
        "ece": expected_calibration_error(reliability(predicted, labels)),
    }


def _multiclass(predicted: NDArray[np.float64], labels: NDArray[np.float64]) -> dict[str, float]:
    names = ("accuracy", "balanced_accuracy", "auroc", "mcc", "log_loss")
    if not len(labels):
        return dict.fromkeys(names, float("nan"))
    from sklearn.metrics import matthews_corrcoef, roc_auc_score

    classes, chosen = labels.astype(int), predicted.argmax(axis=1)
    there = np.unique(classes)
    hits = chosen == classes
    several = len(there) > 1
    areas = [roc_auc_score(classes == each, predicted[:, each]) for each in there] if several else []
    return {
        "accuracy": float(hits.mean()),
        "balanced_accuracy": float(np.mean([hits[classes == each].mean() for each in there])),
        "auroc": float(np.mean(areas)) if several else float("nan"),
        "mcc": float(matthews_corrcoef(classes, chosen)) if several else float("nan"),
        "log_loss": -float(np.mean(np.log(np.clip(predicted[np.arange(len(classes)), classes], _LEAST, 1.0)))),
    }
