"""Rows that differ from one another, chosen by their fingerprints; rows are expected best first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["max_min", "nearest_before", "sphere_exclusion"]

#: A hair below any similarity that differs from a cut-off, as in :mod:`molgen.chem.clusters`.
_ROUNDING = 1e-6


class _Tanimoto:
    """Tanimoto similarities of some fingerprints to one at a time."""

    def __init__(self, fingerprints: NDArray[np.uint8]) -> None:
        self._words = np.pad(fingerprints, ((0, 0), (0, -fingerprints.shape[1] % 8))).view(np.uint64)
        self._sizes = np.bitwise_count(self._words).sum(axis=1, dtype=np.int32)

    def to(self, other: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the similarity of each to another fingerprint ``[bytes]``; 0 where neither has a bit."""
        words = np.pad(other, (0, -len(other) % 8)).view(np.uint64)
        common = np.bitwise_count(self._words & words).sum(axis=1, dtype=np.int32)
        union = self._sizes + np.bitwise_count(words).sum(dtype=np.int32) - common
        return np.asarray(common / np.maximum(union, 1))


def max_min(
    fingerprints: NDArray[np.uint8], size: int, *, first: int | None = 0, taken: NDArray[np.uint8] | None = None
) -> NDArray[np.int64]:
    """Pick rows so that each is the least similar to those picked before it.

    Parameters
    ----------
    fingerprints
        Packed ``[n, bytes]``.
    size
        Rows to pick; all, if there are no more.
    first
        The row to begin with. ``None`` or rows that are taken already make it the one that is least similar to these.
    taken
        Packed fingerprints that the picks must differ from, too.

    Returns
    -------
    Row numbers ``[min(size, n)]`` in the order they were picked; of equally similar rows the first.

    Source: Ashton et al., Quant. Struct.-Act. Relat. 2002, 21, 598.
    """
    similar = _Tanimoto(fingerprints)
    nearest = np.full(len(fingerprints), -1.0)
    for each in [] if taken is None else taken:
        np.maximum(nearest, similar.to(each), out=nearest)
    picked: list[int] = []
    for _ in range(min(size, len(fingerprints))):
        free = first is not None and not picked and (taken is None or not len(taken))
        row = first if first is not None and free else int(nearest.argmin())
        np.maximum(nearest, similar.to(fingerprints[row]), out=nearest)
        nearest[row] = np.inf
        picked.append(row)
    return np.array(picked, dtype=np.int64)


def sphere_exclusion(
    fingerprints: NDArray[np.uint8], similarity: float, size: int, *, taken: NDArray[np.uint8] | None = None
) -> NDArray[np.int64]:
    """Go down the rows and pick each that is not as similar as the cut-off to one picked before it.

    Parameters
    ----------
    fingerprints, taken
        As for :func:`max_min`.
    similarity
        Tanimoto similarity from which on a row is passed over.
    size
        Rows to pick at most.

    Returns
    -------
    Row numbers, ascending.

    Source: Hudson et al., Quant. Struct.-Act. Relat. 1996, 15, 285, with the centres in the order of the rows.
    """
    similar = _Tanimoto(fingerprints)
    cut = similarity - _ROUNDING
    free = np.ones(len(fingerprints), np.bool_)
    for each in [] if taken is None else taken:
        free &= similar.to(each) < cut
    picked: list[int] = []
    row = 0
    while len(picked) < size and row < len(free):
        ahead = int(free[row:].argmax())
        row += ahead
        if not free[row]:
            break
        picked.append(row)
        free &= similar.to(fingerprints[row]) < cut
        row += 1
    return np.array(picked, dtype=np.int64)


def nearest_before(fingerprints: NDArray[np.uint8], taken: NDArray[np.uint8] | None = None) -> NDArray[np.float64]:
    """Return each row's highest Tanimoto similarity to the rows before it and to those taken already; NaN where there is none."""
    similar = _Tanimoto(fingerprints)
    nearest = np.full(len(fingerprints), np.nan)
    for each in [] if taken is None else taken:
        nearest = np.fmax(nearest, similar.to(each))
    for row, each in enumerate(fingerprints):
        nearest[row + 1 :] = np.fmax(nearest[row + 1 :], similar.to(each)[row + 1 :])
    return nearest
