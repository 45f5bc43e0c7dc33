"""Words of k letters as numbers, for whole batches of sequences at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import Alphabet
from molgen.bio.batch import SequenceBatch
from molgen.errors import ConfigError

__all__ = ["check_word", "count_words", "kmer_numbers", "other_strand_numbers", "too_short"]

#: Letters whose words are numbered together: as many as stay near.
_PIECE = 1 << 15


def check_word(k: int, alphabet: Alphabet, *, canonical: bool = False) -> None:
    """Refuse words whose number does not fit into 63 bits, and two strands of what has but one.

    Raises
    ------
    ConfigError
        If so.
    """
    longest = int(63 / np.log2(len(alphabet.letters)) + 1e-9)
    if k > longest:
        expected = f"at most {longest} letters of an alphabet of {len(alphabet.letters)}"
        raise ConfigError("the words are too long", expected=expected, got=f"k={k}")
    if canonical and not alphabet.complement:
        raise ConfigError("proteins have no other strand", expected="canonical=False", got="canonical=True")


def kmer_numbers(batch: SequenceBatch, k: int, alphabet: Alphabet) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the number of every word of ``k`` plain letters, and how many each row has.

    A word's number is that of its letters read as digits, the first one the highest. Words with a letter that may stand for
    several, or none, and those that would reach over the end of a row are left out.

    Parameters
    ----------
    batch
        Rows of good letters.
    k
        Letters of a word, at most what :func:`check_word` lets pass.
    alphabet
        The alphabet of the rows.

    Returns
    -------
    numpy.ndarray
        uint16 or int64 ``[n_words]``, row by row, in the order of the places.
    numpy.ndarray
        int64 ``[n_rows]``.
    """
    n = len(batch.letters)
    base = len(alphabet.letters)
    starts_well = np.ones(max(0, n - k + 1), np.bool_)
    across = (batch.ptr[1:-1, np.newaxis] - np.arange(1, k)).reshape(-1)
    starts_well[across[(across >= 0) & (across < len(starts_well))]] = False
    dtype = np.uint16 if base**k <= 1 << 16 else np.int64
    numbers = np.empty(len(starts_well), dtype)
    for start in range(0, len(starts_well), _PIECE):
        stop = min(start + _PIECE, len(starts_well))
        letters = np.frombuffer(batch.letters[start : stop + k - 1].translate(alphabet.numbers), np.uint8)
        unknown = letters == 255
        if unknown.any():
            before = np.concatenate([[0], np.cumsum(unknown)])
            starts_well[start:stop] &= before[k:] == before[:-k]
        numbers[start:stop] = _words(letters.astype(dtype), k, base)
    if starts_well.all():
        return numbers, np.maximum(batch.lengths - k + 1, 0)
    counts = np.diff(np.concatenate([[0], np.cumsum(starts_well)])[np.minimum(batch.ptr, len(starts_well))])
    return numbers[starts_well], counts


def _words(letters: NDArray[Any], k: int, base: int) -> NDArray[Any]:
    """Return the words that begin at each letter, put together of words half as long."""
    if k == 1:
        return letters
    half = k // 2
    words = _words(letters, half, base)
    n = len(letters) - 2 * half + 1
    found: NDArray[Any] = words[:n] * words.dtype.type(base**half) + words[half:]
    if k % 2:
        found = found[:-1] * words.dtype.type(base) + letters[k - 1 :]
    return found


def too_short(batch: SequenceBatch, k: int, called: str = "word") -> dict[int, str]:
    """Return why rows have no word: those that are shorter than one."""
    lengths = batch.lengths
    rows = np.flatnonzero((lengths > 0) & (lengths < k)).tolist()
    return {row: f"too short: {lengths[row]} letters, and a {called} has {k}" for row in rows}


def other_strand_numbers(numbers: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Return the numbers of the reverse complements of words of nucleic acids."""
    rest, turned = numbers.astype(np.int64), np.zeros(len(numbers), np.int64)
    for _ in range(k):
        turned = (turned << 2) | (3 - (rest & 3))
        rest >>= 2
    return turned


def count_words(columns: NDArray[Any], counts: NDArray[np.int64], width: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return ``indices, data, indptr`` of the CSR matrix of how often each column turns up in each row.

    Parameters
    ----------
    columns
        The column of each word, row by row.
    counts
        How many words each row has.
    width
        Columns of the matrix.
    """
    ends = np.cumsum(counts)
    if len(columns) * 4 >= len(counts) * width:  # long rows: most columns turn up
        dense = np.zeros((len(counts), width), np.int32)
        for row, (start, end) in enumerate(zip(ends - counts, ends, strict=True)):
            for piece in range(start, end, _PIECE):
                dense[row] += np.bincount(columns[piece : min(piece + _PIECE, end)], minlength=width).astype(np.int32)
        rows, indices = np.nonzero(dense)
        return indices.astype(np.int32), dense[rows, indices], np.searchsorted(rows, np.arange(len(counts) + 1)).astype(np.int32)
    # Sorting is quickest on small numbers, and most batches have few rows and columns.
    dtype: Any = np.uint32 if len(counts) * width < 1 << 32 else np.uint64
    keys = np.sort(np.repeat((np.arange(len(counts)) * width).astype(dtype), counts) + columns.astype(dtype))
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
    rows, indices = np.divmod(keys[first], dtype(width))
    data = np.diff(first, append=len(keys)).astype(np.int32)
    return indices.astype(np.int32), data, np.searchsorted(rows, np.arange(len(counts) + 1)).astype(np.int32)
