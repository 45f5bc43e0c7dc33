"""What a single measure does not tell: whether probabilities and intervals hold, and where a model errs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.data.tasks import Task

__all__ = [
    "Bins",
    "coverage_curve",
    "describe_labels",
    "error_by",
    "expected_calibration_error",
    "gains",
    "labels_histogram",
    "reliability",
]

_LABEL_BINS = 32
_BINS = 10
#: Compounds below which a bin's mean says nothing.
_MIN_IN_BIN = 5

Floats = NDArray[np.float64]


class Bins(NamedTuple):
    """Means of what lies in each bin that is not empty: ``x``, ``y`` and how many, ``[bins]`` each."""

    x: Floats
    y: Floats
    n: NDArray[np.int64]


def reliability(probabilities: Floats, labels: Floats) -> Bins:
    """Return the mean probability and the share of positives in ten bins of equal width (DeGroot & Fienberg 1983)."""
    return _binned(probabilities, labels, np.linspace(0, 1, _BINS + 1), 1)


def expected_calibration_error(bins: Bins) -> float:
    """Return the mean gap between probability and share of positives, weighed by rows (Naeini et al., AAAI 2015), or NaN."""
    return float(np.average(np.abs(bins.x - bins.y), weights=bins.n)) if len(bins.n) else float("nan")


def coverage_curve(fitted: Floats, new: Floats) -> tuple[Floats, Floats]:
    """Return which share of new labels intervals of each nominal coverage hold.

    Parameters
    ----------
    fitted
        Absolute errors ``[n]`` of the rows that interval widths come from, by split conformal prediction.
    new
        Absolute errors of other rows.

    Returns
    -------
    nominal, observed
        Shares, ``[levels]``; only such levels as ``n`` rows can give.
    """
    levels = np.arange(1, 20) / 20
    ranks = np.ceil((len(fitted) + 1) * levels).astype(np.int64)
    levels, ranks = levels[ranks <= len(fitted)], ranks[ranks <= len(fitted)]
    widths = np.sort(fitted)[ranks - 1]
    return levels, (new[None, :] <= widths[:, None]).mean(axis=1) if len(new) else np.full(len(levels), np.nan)


def error_by(similarity: Floats, error: Floats) -> Bins:
    """Return the mean error in bins of similarity a tenth wide; bins of fewer than five rows are left out."""
    return _binned(similarity, error, np.linspace(0, 1, _BINS + 1), _MIN_IN_BIN)


def gains(probabilities: Floats, labels: Floats) -> tuple[Floats, Floats]:
    """Return the share of rows tested and of positives found, from 0 to 1, most probable first; equals are found evenly."""
    values, group = np.unique(-probabilities, return_inverse=True)
    n, positive = (np.bincount(group, weights=weights, minlength=len(values)) for weights in (np.ones(len(labels)), labels))
    steps = [np.concatenate([[0.0], np.cumsum(each) / each.sum()]) for each in (n, positive)]
    return steps[0], steps[1]


def labels_histogram(labels: Floats, low: float, high: float, bins: int = _LABEL_BINS) -> Floats:
    """Return the share of labels in each of equal bins; what lies beyond counts in the end bins."""
    counts, _ = np.histogram(np.clip(labels, low, high), bins=bins, range=(low, high))
    out: Floats = counts / max(len(labels), 1)
    return out


def describe_labels(tasks: Sequence[Task], targets: Floats) -> dict[str, dict[str, Any]]:
    """Describe the training labels of each task for the card: how many, and their distribution in 32 bins, or the positives."""
    described: dict[str, dict[str, Any]] = {}
    for at, task in enumerate(tasks):
        labels = targets[:, at][~np.isnan(targets[:, at])]
        if task.is_regression:
            low, high = np.quantile(labels, [0.005, 0.995]).tolist()
            low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
            counts, _ = np.histogram(np.clip(labels, low, high), bins=_LABEL_BINS, range=(low, high))
            described[task.name] = {"n": len(labels), "low": low, "high": high, "counts": counts.tolist()}
        elif task.kind == "multiclass":
            of_class = np.bincount(labels.astype(np.int64), minlength=task.width)
            described[task.name] = {"n": len(labels), "classes": dict(zip(task.classes, of_class.tolist(), strict=True))}
        else:
            described[task.name] = {"n": len(labels), "positive": int((labels == 1).sum())}
    return described


def _binned(x: Floats, y: Floats, edges: Floats, at_least: int) -> Bins:
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    bin_of = np.clip(np.digitize(x, edges) - 1, 0, len(edges) - 2)
    n = np.bincount(bin_of, minlength=len(edges) - 1)
    kept = n >= at_least
    means = [np.bincount(bin_of, weights=each, minlength=len(edges) - 1)[kept] / n[kept] for each in (x, y)]
    return Bins(means[0], means[1], n[kept])
