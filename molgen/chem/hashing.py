"""Numbers scattered over 64 bits, so that sums of them stand for sets; and equal numbers found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hashes", "hash_numbers", "number_distinct", "sum_stretches"]

Hashes = NDArray[np.uint64]


def hash_numbers(values: NDArray[np.int64] | Hashes) -> Hashes:
    """Scatter numbers over 64 bits, each number always to the same place (the finaliser of splitmix64)."""
    mixed = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashes: Hashes = mixed ^ (mixed >> np.uint64(31))
    return hashes


def sum_stretches(hashes: Hashes, starts: NDArray[np.int64], counts: NDArray[np.int64]) -> Hashes:
    """Add up stretches of hashes that begin at ``starts`` and are ``counts`` long; sums wrap, and so do their differences."""
    total = np.zeros(len(hashes) + 1, dtype=np.uint64)
    np.cumsum(hashes, out=total[1:])
    sums: Hashes = total[starts + counts] - total[starts]
    return sums


def number_distinct(keys: NDArray[np.int64] | Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number distinct keys in the order in which they turn up.

    Returns
    -------
    numpy.ndarray
        The number of each key, ``[n]``.
    numpy.ndarray
        The first place of each number, ``[n_distinct]``.
    """
    import pyarrow as pa

    # Arrow looks keys up in a table where NumPy's ``unique`` sorts them: several times quicker.
    numbers = pa.array(keys).dictionary_encode().indices.to_numpy().astype(np.int64)
    first = np.empty(int(numbers.max(initial=-1)) + 1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, first
