"""The rows of a stream of fingerprints that are most similar to some queries: exactly, fast and in bounded memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["NearestRows", "tversky"]

Words = NDArray[np.uint64]
#: Query, similarity and row number of some pairs.
_Found = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]

#: Rows at a time: what is computed of them stays in the cache.
_BLOCK = 4096
#: Blocks between two times that the lists are put in order.
_EVERY = 8
#: 64-bit words that sparse fingerprints are folded into, and the share of bits up to which folding still tells rows apart.
_FOLDED = 4
_SPARSE = 0.25
#: A hair below any count that differs from a bound: rounding must not lose a row, which is scored exactly later.
_ROUNDING = 1e-6


def tversky(
    common: NDArray[np.float64], query: NDArray[np.float64], other: NDArray[np.float64], alpha: float = 1.0, beta: float = 1.0
) -> NDArray[np.float64]:
    """Tversky similarity from counts of bits: Tanimoto with both weights 1, Dice with both 0.5.

    Parameters
    ----------
    common, query, other
        Bits that both have, that the query has and that the other has.
    alpha, beta
        Weights of the bits that only the query has, and of those that only the other has.

    Returns
    -------
    ``common / (alpha * (query - common) + beta * (other - common) + common)``; 0 where nothing is in common.

    Source: Tversky, Psychol. Rev. 1977, 84, 327.
    """
    weighted = alpha * (query - common) + beta * (other - common) + common
    return np.divide(common, weighted, out=np.zeros_like(weighted), where=common > 0)


class NearestRows:
    """Keeps, for each query, the most similar rows of a stream.

    Parameters
    ----------
    queries
        Packed fingerprints ``[m, bytes]``.
    top
        Rows kept for each query; ``None`` for all that reach the threshold.
    threshold
        Similarity from which on a row is kept.
    alpha, beta
        Weights of :func:`tversky`; with 1 and 1 the similarity is Tanimoto's.

    Notes
    -----
    A row of ``b`` bits that is ``s`` similar to a query of ``a`` bits shares at least
    ``s (alpha a + beta b) / (1 + s (alpha + beta - 1))`` of them, with ``s`` that of the last row of the query's list. What a row
    shares is first counted on fingerprints folded to 256 bits: folding loses no common bit but those that fall on one another
    within the query, whose number is known, and a row has no fewer bits than when it is folded. This rules out more than 99 of
    100 rows; the others are scored in full, so that the result is exact.
    """

    def __init__(
        self, queries: NDArray[np.uint8], *, top: int | None = None, threshold: float = 0.0, alpha: float = 1.0, beta: float = 1.0
    ) -> None:
        self._queries = _as_words(queries)
        self._sizes = _count(self._queries)
        self._screen = _Screen.of(self._queries, self._sizes)
        self._top, self._threshold = top, threshold
        self._weights = alpha, beta
        #: Query, similarity and row of what is kept, in this order; and what came in since they were last put in order.
        self._kept = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
        self._new: list[_Found] = []
        self._blocks = 0
        #: What a row must reach, or exceed where the list is full: a later row that is only as similar comes behind the last.
        self._bar = np.full(len(queries), threshold)
        self._full = np.zeros(len(queries), np.bool_)
        self._set_bounds()

    def add(self, fingerprints: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Look at more rows.

        Parameters
        ----------
        fingerprints
            Packed ``[n, bytes]``.
        rows
            Number of each row ``[n]``, higher than those of all rows before.

        Returns
        -------
        Which of these rows, as ascending indices, may be among the nearest.
        """
        words = _as_words(fingerprints)
        entered = [np.zeros(0, np.int64)]
        for start in range(0, len(words), _BLOCK):
            entered.append(start + self._add_block(words[start : start + _BLOCK], rows[start : start + _BLOCK]))
            self._blocks += 1
            # The lists grow ever more slowly: they need not be put in order after every block.
            if self._top is not None and (self._blocks < _EVERY or self._blocks % _EVERY == 0):
                self._settle()
        return np.concatenate(entered)

    def found(self, query: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return similarities and row numbers for a query, the most similar first, equal ones in the order of their rows."""
        self._settle()
        queries, scores, rows = self._kept
        one = slice(*np.searchsorted(queries, [query, query + 1]).tolist())
        return scores[one], rows[one]

    def rows(self) -> NDArray[np.int64]:
        """Return the numbers of all rows that are among the nearest of a query, ascending."""
        self._settle()
        return np.unique(self._kept[2])

    def _add_block(self, words: Words, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        common, sizes = self._screen.shared(words)
        query, row = np.divmod(np.flatnonzero(common >= self._needed.take(sizes, axis=1)), len(words))
        if not len(row):
            return row
        # With the bits that they really share, few of these are left; they are scored in full.
        shared = _count(words[row] & self._queries[query])
        left = np.flatnonzero(shared >= self._least[query, sizes[row]])
        query, row = query[left], row[left]
        common, own, other = (each.astype(np.float64) for each in (shared[left], self._sizes[query], _count(words[row])))
        scores = tversky(common, own, other, *self._weights)
        good = np.flatnonzero(np.where(self._full[query], scores > self._bar[query], scores >= self._bar[query]))
        self._new.append((query[good], scores[good], rows[row[good]]))
        return np.flatnonzero(np.bincount(row[good]))

    def _settle(self) -> None:
        """Put what came in into the lists, behind rows of the same similarity, and cut the lists to their length."""
        if not self._new:
            return
        queries, scores, rows = (np.concatenate(each) for each in zip(self._kept, *self._new, strict=True))
        self._new = []
        order = np.lexsort((-scores, queries))  # stable, and rows came in their order
        starts = np.searchsorted(queries[order], np.arange(len(self._bar) + 1))
        if self._top is not None:
            place = np.arange(len(order)) - starts[queries[order]]
            order = order[place < self._top]
            self._full = np.diff(starts) >= self._top
            ends = np.searchsorted(queries[order], np.arange(len(self._bar)), side="right")
            self._bar[self._full] = scores[order][ends[self._full] - 1]
            self._set_bounds()
        self._kept = queries[order], scores[order], rows[order]

    def _set_bounds(self) -> None:
        """Set how many bits of each query a row must share to be worth a look, by the bits that it has when folded."""
        alpha, beta = self._weights
        bar = self._bar[:, None]
        weighted = bar * (alpha * self._sizes[:, None] + beta * np.arange(self._screen.bits + 1))
        share = 1 + bar * (alpha + beta - 1)
        least = np.divide(weighted, share, out=np.zeros_like(weighted), where=share > 0)
        self._least = np.ceil(least - _ROUNDING)
        # Of the folded query it may be fewer.
        kind = self._screen.kind
        self._needed = np.clip(self._least - self._screen.hidden[:, None], 0, np.iinfo(kind).max).astype(kind)


class _Screen(NamedTuple):
    """What rows are looked at first: queries folded into fewer bits, where they are sparse.

    Attributes
    ----------
    queries
        Folded ``[m, words, 1]``.
    hidden
        Bits of each query that folding may hide.
    kind
        Type that counts of common bits fit.
    """

    queries: Words
    hidden: NDArray[np.int64]
    kind: Any

    @classmethod
    def of(cls, queries: Words, sizes: NDArray[np.int64]) -> _Screen:
        width = queries.shape[1]
        folded = _fold(np.ascontiguousarray(queries.T), _FOLDED).T
        if _count(folded).max(initial=0) > _SPARSE * 64 * folded.shape[1]:
            folded = queries
        kind = np.uint8 if sizes.max(initial=0) < 256 or folded.shape[1] < width else np.uint16
        return cls(np.ascontiguousarray(folded)[:, :, None], sizes - _count(folded), kind)

    @property
    def bits(self) -> int:
        return 64 * int(self.queries.shape[1])

    def shared(self, words: Words) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the bits that rows share with each query ``[m, n]``, and those they have ``[n]``, when folded alike."""
        # By column: additions then go over rows, all rows of a block at once.
        folded = _fold(np.ascontiguousarray(words.T), self.queries.shape[1])
        common = np.empty((len(self.queries), len(words)), self.kind)
        both, counts = np.empty_like(folded), np.empty(folded.shape, np.uint8)
        for query, out in zip(self.queries, common, strict=True):
            np.bitwise_and(folded, query, out=both)
            np.bitwise_count(both, out=counts)
            np.add.reduce(counts, axis=0, dtype=self.kind, out=out)
        return common, np.bitwise_count(folded).sum(axis=0, dtype=np.int64)


def _fold(columns: Words, to: int) -> Words:
    """Lay the halves of fingerprints ``[words, n]`` over one another until there are no more words than wanted."""
    while len(columns) > to and len(columns) % 2 == 0:
        columns = columns[: len(columns) // 2] | columns[len(columns) // 2 :]
    return columns


def _count(words: Words) -> NDArray[np.int64]:
    return np.asarray(np.bitwise_count(words).sum(axis=-1, dtype=np.int64))


def _as_words(fingerprints: NDArray[np.uint8]) -> Words:
    """View packed bits as 64-bit words, filled up with zeros."""
    missing = -fingerprints.shape[1] % 8
    padded = np.pad(fingerprints, ((0, 0), (0, missing))) if missing else np.ascontiguousarray(fingerprints)
    return padded.view(np.uint64)
