"""Labels of several tasks for the same rows, some of them limits, as losses and measures need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from molgen.data.counts import Counts

__all__ = ["Targets", "excess", "expected"]


@dataclass(frozen=True, slots=True)
class Targets:
    """What was measured, and how much it counts.

    Attributes
    ----------
    values
        ``[rows, tasks]``; NaN where there is no label. The number of its class, from 0, for a task of classes.
    bounds
        int8 ``[rows, tasks]``: 0 for a measured value; 1 for a lower limit (``>5``: the true value is at least this); -1 for an
        upper one.
    weights
        float64 ``[rows]``, not negative: how much each row counts in training.
    counts
        What was counted at each place of the rows, for a model of tracks.
    """

    values: NDArray[Any]
    bounds: NDArray[np.int8]
    weights: NDArray[np.float64]
    counts: Counts | None = None

    @classmethod
    def exact(cls, values: NDArray[Any]) -> Self:
        """Make targets of values ``[rows, tasks]`` that were all measured and count the same."""
        return cls(values, np.zeros(values.shape, np.int8), np.ones(len(values)))

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[Any] | list[int] | slice) -> Targets:
        """Select rows."""
        counts = None if self.counts is None else self.counts.take(rows)
        return Targets(self.values[rows], self.bounds[rows], self.weights[rows], counts)

    def of_task(self, at: int) -> Targets:
        """Return one task's labels, ``[rows]`` each, without counts."""
        return Targets(self.values[:, at], self.bounds[:, at], self.weights)

    def count_limits(self) -> list[int]:
        """Return how many of each task's labels are limits."""
        return [int(n) for n in ((self.bounds != 0) & ~np.isnan(self.values)).sum(axis=0)]

    def measured(self) -> NDArray[Any]:
        """Return the values, with NaN where there is only a limit."""
        return np.where(self.bounds == 0, self.values, np.nan)


def excess(values: NDArray[Any], bounds: NDArray[np.int8], predicted: NDArray[Any]) -> NDArray[np.float64]:
    """Return prediction minus label; 0 where the label is a limit and the prediction keeps it."""
    error = np.asarray(predicted - values, dtype=np.float64)
    error[bounds * error > 0] = 0.0
    return error


def expected(
    values: NDArray[np.float64], bounds: NDArray[np.int8], predicted: NDArray[np.float64], noise: float
) -> NDArray[np.float64]:
    """Return each value, and for a limit what the true value is to be expected at, given a prediction.

    The mean of a normal distribution around the prediction, cut off at the limit (Tobin, Econometrica 1958, 26, 24):
    squared error against it has the gradient of the censored likelihood. Far on the allowed side it is the prediction itself.

    Parameters
    ----------
    values, bounds, predicted
        Of the same shape; see :class:`Targets`.
    noise
        Standard deviation of labels around predictions, in their unit.
    """
    from scipy.special import log_ndtr

    within = bounds * (predicted - values) / noise
    # The inverse Mills ratio, by logarithms: both of its parts vanish far on the wrong side.
    beyond = np.exp(-0.5 * within**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(within))
    return np.where(bounds == 0, values, predicted + bounds * noise * beyond)
