"""From a blend's raw predictions to ones that can be taken at their word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task, logit, sigmoid, softmax, spans

__all__ = ["COVERAGE", "Calibration", "calibrate", "fit_calibration"]

#: Share of new compounds whose label a regression interval should hold.
COVERAGE = 0.9
#: Fewer validation labels than this say nothing about a 90 % interval, or about one class.
_MIN_ROWS = 20
_MIN_CLASS = 5
#: Rows' worth of belief that a classifier is calibrated as it is.
_PRIOR_ROWS = 20.0
#: The least probability whose logarithm is taken.
_LEAST = 1e-6
#: Of slope and intercept, far above what a fit can give: products with a logit are then ordinary numbers.
_LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to one task's predictions.

    Attributes
    ----------
    half_width
        Half the width of the conformal interval of a regression task, in its unit; infinite where the validation rows are too
        few to tell, NaN for classes.
    slope, intercept
        Platt scaling of a binary task's logit; of several classes, the slope is one over the temperature of theirs. 1 and 0 leave
        them alone.
    """

    half_width: float = float("nan")
    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrate probabilities ``[rows]``, or of several classes ``[rows, classes]``.

        The order of the rows (and, of several, of a row's classes) does not change.
        """
        if self.slope == 1.0 and self.intercept == 0.0:
            return values
        if values.ndim == 2:
            return softmax(self.slope * np.log(np.clip(values, _LEAST, 1.0)))
        return sigmoid(self.slope * logit(values) + self.intercept)

    def to_json(self) -> dict[str, Any]:
        """Return plain data; an interval that is not known is ``null``."""
        half_width = self.half_width if np.isfinite(self.half_width) else None
        return {"half_width": half_width, "slope": self.slope, "intercept": self.intercept}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_json`."""
        half_width = float("nan") if data["half_width"] is None else float(data["half_width"])
        calibration = cls(half_width, float(data["slope"]), float(data["intercept"]))
        if half_width < 0 or not 0 < calibration.slope <= _LARGEST or not abs(calibration.intercept) <= _LARGEST:
            raise ValueError(f"a calibration needs a half-width >= 0, a slope > 0, and no number above {_LARGEST:g}")
        return calibration


def calibrate(tasks: Sequence[Task], calibrations: Sequence[Calibration], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Calibrate predictions ``[rows, outputs]`` of all tasks; regression values pass through."""
    columns = []
    for task, calibration, span in zip(tasks, calibrations, spans(tasks), strict=True):
        own = values[:, span] if task.kind == "multiclass" else values[:, span.start]
        columns.append(own if task.is_regression else calibration.apply(own))
    return np.column_stack(columns)


def fit_calibration(tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets) -> list[Calibration]:
    """Fit each task's calibration on rows that no expert was trained on.

    Intervals are split conformal: the ``ceil((n + 1) * 0.9)``-th smallest absolute error (Lei et al., JASA 2018, 113, 1094). A
    limit counts where the prediction breaks it, for its error is that large at least; where it is kept, the error is not known.
    Probabilities are Platt-scaled (Platt 1999), those of several classes by one temperature (Guo et al., ICML 2017), with a prior
    on leaving them alone.
    """
    fitted = []
    for column, (task, span) in enumerate(zip(tasks, spans(tasks), strict=True)):
        labels = targets.of_task(column)
        known = ~np.isnan(labels.values)
        if task.kind == "multiclass":
            fitted.append(_temperature(predictions[known, span], labels.take(known)))
            continue
        fit = _interval if task.is_regression else _platt
        fitted.append(fit(predictions[known, span.start], labels.take(known)))
    return fitted


def _interval(predicted: NDArray[np.float64], labels: Targets) -> Calibration:
    errors = np.abs(excess(labels.values, labels.bounds, predicted))
    errors = np.sort(errors[(labels.bounds == 0) | (errors > 0)])
    n = len(errors)
    if n < _MIN_ROWS:
        return Calibration()
    rank = min(int(np.ceil((n + 1) * COVERAGE)), n)
    return Calibration(half_width=float(errors[rank - 1]))


def _platt(predicted: NDArray[np.float64], targets: Targets) -> Calibration:
    labels = targets.values
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) < _MIN_CLASS:
        return Calibration()
    logits, prior = logit(predicted), _PRIOR_ROWS / len(labels)

    def loss(parameters: NDArray[np.float64]) -> float:
        log_slope, intercept = parameters
        p = np.clip(sigmoid(np.exp(log_slope) * logits + intercept), 1e-9, 1 - 1e-9)
        entropy = -float(np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)))
        return entropy + prior * 0.1 * float(log_slope**2 + intercept**2)

    log_slope, intercept = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return Calibration(slope=float(np.exp(log_slope)), intercept=float(intercept))


def _temperature(predicted: NDArray[np.float64], targets: Targets) -> Calibration:
    classes = targets.values.astype(int)
    if len(classes) < _MIN_ROWS or len(np.unique(classes)) < 2:
        return Calibration()
    logits, rows, prior = np.log(np.clip(predicted, _LEAST, 1.0)), np.arange(len(classes)), _PRIOR_ROWS / len(classes)

    def loss(log_slope: float) -> float:
        right = softmax(np.exp(log_slope) * logits)[rows, classes]
        return -float(np.mean(np.log(np.clip(right, 1e-9, 1.0)))) + prior * 0.1 * float(log_slope**2)

    return Calibration(slope=float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x)))
