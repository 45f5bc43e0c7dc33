"""Molecular features as a network wants them: outliers clipped, mean 0, spread 1, nothing missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["FeatureScaler"]

_TAILS = (0.005, 0.995)
_LARGEST = 1e30


@dataclass(frozen=True, slots=True)
class FeatureScaler:
    """Clip to the training range, standardise, and put the mean where a value is missing.

    Attributes
    ----------
    low, high, mean, spread
        float64 ``[features]``, all finite; ``spread > 0``.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64]) -> Self:
        """Learn ranges from training rows ``[n, features]``; NaN and infinities do not count."""
        known = np.where(np.isfinite(values), values, np.nan)
        # A feature that no training molecule has says nothing: it becomes a constant.
        known[:, np.isnan(known).all(axis=0)] = 0.0
        low, high = np.nanquantile(known, _TAILS, axis=0)
        clipped = np.clip(known, low, high)
        spread = np.nanstd(clipped, axis=0)
        return cls(low, high, np.nanmean(clipped, axis=0), np.where(spread > 1e-9, spread, 1.0))

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale rows ``[n, features]``."""
        # Ranges from a stranger's file may be anything; what they make of a value still fits into 32 bits.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (np.clip(values, self.low, self.high) - self.mean) / self.spread
        return np.clip(np.nan_to_num(scaled, nan=0.0), -_LARGEST, _LARGEST).astype(np.float32)
