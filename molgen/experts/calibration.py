"""From a blend's raw predictions to ones that can be taken at their word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task, logit, sigmoid

__all__ = ["COVERAGE", "Calibration", "fit_calibration"]

#: Share of new compounds whose label a regression interval should hold.
COVERAGE = 0.9
#: Fewer validation labels than this say nothing about a 90 % interval, or about one class.
_MIN_ROWS = 20
_MIN_CLASS = 5
#: Rows' worth of belief that a classifier is calibrated as it is.
_PRIOR_ROWS = 20.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to one task's predictions.

    Attributes
    ----------
    half_width
        Half the width of the conformal interval of a regression task, in its unit; infinite where the validation rows are too
        few to tell, NaN for a binary task.
    slope, intercept
        Platt scaling of a binary task's logit; 1 and 0 leave it alone.
    """

    half_width: float = float("nan")
    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrate probabilities ``[rows]``; the order of the rows does not change. Regression values pass through."""
        if self.slope == 1.0 and self.intercept == 0.0:
            return values
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
        if half_width < 0 or not calibration.slope > 0 or not np.isfinite([calibration.slope, calibration.intercept]).all():
            raise ValueError("a calibration needs a half-width >= 0 and a slope > 0")
        return calibration


def fit_calibration(tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets) -> list[Calibration]:
    """Fit each task's calibration on rows that no expert was trained on.

    Intervals are split conformal: the ``ceil((n + 1) * 0.9)``-th smallest absolute error (Lei et al., JASA 2018, 113, 1094). A
    limit counts where the prediction breaks it, for its error is that large at least; where it is kept, the error is not known.
    Probabilities are Platt-scaled (Platt 1999) with a prior on leaving them alone.
    """
    fitted = []
    for column, task in enumerate(tasks):
        labels = targets.of_task(column)
        known = ~np.isnan(labels.values)
        fit = _interval if task.is_regression else _platt
        fitted.append(fit(predictions[known, column], labels.take(known)))
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
