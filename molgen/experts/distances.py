"""How far apart rows of numbers are, and how far apart they usually are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["median_distance", "squared_distances"]


def median_distance(numbers: NDArray[np.float32], seed: int = 0) -> float:
    """Return the median squared distance of compounds, of a thousand of them at most."""
    drawn = np.random.default_rng(seed).permutation(len(numbers))[:1000]
    between = squared_distances(numbers[drawn], numbers[drawn])[np.triu_indices(len(drawn), 1)]
    return max(float(np.median(between)) if len(between) else 1.0, 1e-6)


def squared_distances(rows: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared distance of each row to each that is known, ``[n, m]``."""
    squares = (rows**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None] - 2 * rows @ known.T
    return np.asarray(np.maximum(squares, 0.0), dtype=np.float32)
