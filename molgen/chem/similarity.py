"""Tanimoto similarity between packed fingerprints, and diverse subsets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.diversity import max_min

__all__ = ["diverse_subset", "highest_tanimoto", "nearest_tanimoto"]

#: Queries compared at a time: bounds the working set to a few MB for 2,000 references.
_QUERIES = 256


def nearest_tanimoto(queries: Any, references: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Find each query's most similar reference.

    Parameters
    ----------
    queries
        CSR matrix ``[n, bits]`` of binary fingerprints.
    references
        Packed fingerprints ``[m, bits / 8]`` (``numpy.packbits`` order), ``m >= 1``.

    Returns
    -------
    similarity, index
        Tanimoto to the nearest reference and its row, each ``[n]``; similarity is NaN for a query without a bit.
    """
    # Common bits come from a sparse-dense product: a query has some 40 of 1,024 bits, so this touches far less memory than
    # popcounts of whole fingerprints. 16 bits are enough for any fingerprint of up to 65,535 bits.
    bits = np.unpackbits(references, axis=1)
    columns = np.ascontiguousarray(bits.T, dtype=np.uint16)
    sizes = bits.sum(axis=1, dtype=np.int32)
    queries = queries.astype(np.uint16)
    similarity = np.empty(queries.shape[0], np.float32)
    index = np.empty(queries.shape[0], np.int64)
    for start in range(0, len(similarity), _QUERIES):
        block = queries[start : start + _QUERIES]
        common = block @ columns
        own = np.diff(block.indptr).astype(np.int32)
        union = own[:, None] + sizes[None, :] - common
        scores = common / np.maximum(union, 1).astype(np.float32)
        best = scores.argmax(axis=1)
        index[start : start + _QUERIES] = best
        similarity[start : start + _QUERIES] = np.where(own > 0, scores[np.arange(len(best)), best], np.nan)
    return similarity, index


def highest_tanimoto(queries: Any, references: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return each query's Tanimoto similarity to its nearest reference; see :func:`nearest_tanimoto`."""
    return nearest_tanimoto(queries, references)[0]


def diverse_subset(fingerprints: NDArray[np.uint8], size: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Pick a diverse subset by MaxMin: each pick is the row least similar to those picked before.

    Parameters
    ----------
    fingerprints
        Packed fingerprints ``[n, bytes]``.
    size
        Rows to pick; all are returned, in order, when there are no more than that.
    seed
        Chooses the first row.

    Returns
    -------
    Row numbers ``[min(size, n)]``, ascending.

    Source: Ashton et al., Quant. Struct.-Act. Relat. 2002, 21, 598.
    """
    n = len(fingerprints)
    if n <= size:
        return np.arange(n)
    return np.sort(max_min(fingerprints, size, first=int(np.random.default_rng(seed).integers(n))))
