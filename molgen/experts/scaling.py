"""Molecular features as a network wants them: outliers clipped, mean 0, spread 1, nothing missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import check_tensors
from molgen.errors import BundleError

__all__ = ["FeatureScaler"]

_TAILS = (0.005, 0.995)
_LARGEST = 1e30
_FIELDS = ("low", "high", "mean", "spread")


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
    def fit(cls, values: NDArray[Any]) -> Self:
        """Learn ranges from training rows ``[n, features]``; NaN and infinities do not count."""
        known = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
        # A feature that no training molecule has says nothing: it becomes a constant.
        known[:, np.isnan(known).all(axis=0)] = 0.0
        low, high = np.nanquantile(known, _TAILS, axis=0)
        clipped = np.clip(known, low, high)
        spread = np.nanstd(clipped, axis=0)
        return cls(low, high, np.nanmean(clipped, axis=0), np.where(spread > 1e-9, spread, 1.0))

    def transform(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Scale rows ``[n, features]``."""
        # Ranges from a stranger's file may be anything; what they make of a value still fits into 32 bits.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (np.clip(values, self.low, self.high) - self.mean) / self.spread
        filled = np.clip(np.nan_to_num(scaled, nan=0.0), -_LARGEST, _LARGEST)
        return np.asarray(filled, dtype=np.float32)

    @classmethod
    def joined(cls, parts: Sequence[FeatureScaler]) -> Self:
        """Return what scales the features of several side by side."""
        return cls(*(np.concatenate([getattr(part, key) for part in parts]) for key in _FIELDS))

    def part(self, start: int, n: int) -> FeatureScaler:
        """Return what scales ``n`` of the features alone."""
        return FeatureScaler(*(getattr(self, key)[start : start + n] for key in _FIELDS))

    def to_tensors(self) -> dict[str, NDArray[np.float64]]:
        """Return its fields as named arrays of a file."""
        return {f"scaler.{key}": getattr(self, key) for key in _FIELDS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], where: str) -> Self | None:
        """Rebuild it from among the arrays of a file, if it is there.

        Raises
        ------
        BundleError
            If an array is missing, has the wrong shape or type, or would divide by zero.
        """
        given = {key: value for key, value in tensors.items() if key.startswith("scaler.")}
        if not given:
            return None
        size = next(iter(given.values())).size
        check_tensors(given, {f"scaler.{key}": ((size,), "float64") for key in _FIELDS}, where)
        if not (given["scaler.spread"] > 0).all():
            raise BundleError("a feature scaler divides by zero or less", where=where)
        return cls(**{key: given[f"scaler.{key}"] for key in _FIELDS})
