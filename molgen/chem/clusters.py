"""Butina clusters of fingerprints, in memory that grows with the compounds and not with their pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ButinaClusters", "butina", "butina_clusters"]

#: Fingerprints compared with others at a time.
_BLOCK = 512
#: A hair below any similarity that differs from the cut-off: 32-bit division may round just under it.
_ROUNDING = 1e-6


class ButinaClusters(NamedTuple):
    """Clusters, numbered in the order they were made.

    Attributes
    ----------
    labels
        Number of each row's cluster ``[n]``.
    centres
        Row in the middle of each cluster.
    """

    labels: NDArray[np.int64]
    centres: NDArray[np.int64]


def butina_clusters(fingerprints: NDArray[np.uint8], similarity: float) -> NDArray[np.int64]:
    """Return the number of each row's cluster ``[n]``; see :func:`butina`."""
    return butina(fingerprints, similarity).labels


def butina(fingerprints: NDArray[np.uint8], similarity: float) -> ButinaClusters:
    """Cluster by Taylor-Butina: the row with the most neighbours and all of them, then the next among those that are left.

    Parameters
    ----------
    fingerprints
        Packed fingerprints ``[n, bytes]``.
    similarity
        Tanimoto similarity from which on two rows are neighbours. A row without a bit has none.

    Returns
    -------
    ButinaClusters
        Equal to RDKit's ``Butina.ClusterData`` without reordering; ties go to the later row, as there.

    Notes
    -----
    Neighbours are counted first and found again, for each centre, when its turn comes: lists of pairs would take gigabytes where
    20,000 compounds are much alike. Bits are unpacked, 4 bytes each, because a matrix product counts common bits fastest.

    Source: Butina, J. Chem. Inf. Comput. Sci. 1999, 39, 747.
    """
    n = len(fingerprints)
    sizes = np.bitwise_count(fingerprints).sum(axis=1, dtype=np.int64)
    # Two rows can only be neighbours if their sizes are within the similarity of each other: sorted by size, those are a stretch.
    order = np.argsort(sizes, kind="stable")
    sizes = sizes[order].astype(np.float32)
    bits = np.unpackbits(fingerprints[order], axis=1).astype(np.float32)
    cut = np.float32(similarity - _ROUNDING)
    counts = _count_neighbours(bits, sizes, cut)
    del bits

    words = np.pad(fingerprints[order], ((0, 0), (0, -fingerprints.shape[1] % 8))).view(np.uint64)
    clusters = np.full(n, -1, np.int64)
    centres: list[int] = []
    for centre in np.lexsort((order, counts))[::-1]:
        if clusters[centre] >= 0:
            continue
        if counts[centre]:
            low, high = _stretch(sizes, sizes[centre], cut)
            free = low + np.flatnonzero(clusters[low:high] < 0)
            common = np.bitwise_count(words[free] & words[centre]).sum(axis=1, dtype=np.float32)
            clusters[free[common >= cut * (sizes[free] + sizes[centre] - common)]] = len(centres)
        clusters[centre] = len(centres)
        centres.append(int(order[centre]))
    result = np.empty(n, np.int64)
    result[order] = clusters
    return ButinaClusters(result, np.array(centres, dtype=np.int64))


def _count_neighbours(bits: NDArray[np.float32], sizes: NDArray[np.float32], cut: np.float32) -> NDArray[np.int64]:
    """Count the other rows within the similarity of each; rows are sorted by size."""
    counts = np.zeros(len(bits), np.int64)
    for start in range(0, len(bits), _BLOCK):
        stop = min(start + _BLOCK, len(bits))
        # The rows before are covered by their own blocks: a pair is looked at once.
        _, high = _stretch(sizes, sizes[stop - 1], cut)
        for other in range(start, high, _BLOCK * 8):
            end = min(other + _BLOCK * 8, high)
            common = bits[start:stop] @ bits[other:end].T
            near = common >= cut * (sizes[start:stop, None] + sizes[None, other:end] - common)
            near &= common > 0
            counts[start:stop] += near.sum(axis=1)
            inside = max(0, min(stop, end) - other)  # columns that are rows of this block, counted above
            counts[other + inside : end] += near[:, inside:].sum(axis=0)
    return counts - (sizes > 0)


def _stretch(sizes: NDArray[np.float32], size: np.float32, cut: np.float32) -> tuple[int, int]:
    """Return the range of rows whose size alone does not rule them out."""
    low = int(np.searchsorted(sizes, size * cut * np.float32(1 - 1e-5), side="left"))
    high = int(np.searchsorted(sizes, size / cut * np.float32(1 + 1e-5), side="right"))
    return low, high
