"""Sequences of a batch end to end, checked once for all of them, and a reason for each row that is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import Alphabet, called, get_alphabet
from molgen.bio.strands import reverse_complement

__all__ = ["SequenceBatch", "check_letters", "read_sequences"]

#: Reasons name so many of a row's strange letters.
_NAMED = 3
#: Letters looked at together: as many as stay near.
_PIECE = 1 << 16


@dataclass(slots=True, eq=False)
class SequenceBatch:
    """Sequences end to end; a row that failed is empty.

    Attributes
    ----------
    letters
        All letters as they were written, a byte each.
    ptr
        int64 ``[n_rows + 1]``: row ``i`` is ``letters[ptr[i]:ptr[i + 1]]``.
    """

    letters: bytes
    ptr: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __getitem__(self, row: int) -> bytes:
        row = range(len(self))[row]
        return self.letters[self.ptr[row] : self.ptr[row + 1]]

    def __iter__(self) -> Iterator[bytes]:
        bounds = self.ptr.tolist()
        return (self.letters[start:stop] for start, stop in pairwise(bounds))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Letters of each row."""
        return np.diff(self.ptr)

    @classmethod
    def of(cls, rows: Sequence[bytes | None]) -> SequenceBatch:
        """Join rows; ``None`` is an empty one."""
        present = [row or b"" for row in rows]
        return cls(b"".join(present), _bounds(np.fromiter(map(len, present), np.int64, len(present))))

    def without(self, rows: Sequence[int]) -> SequenceBatch:
        """Empty some rows."""
        if not len(rows):
            return self
        gone = set(rows)
        return SequenceBatch.of([None if at in gone else row for at, row in enumerate(self)])

    def other_strands(self, alphabet: str) -> SequenceBatch:
        """Return the reverse complement of each row.

        Raises
        ------
        ConfigError
            If the alphabet has no complements.
        """
        # All at once, and then row by row from the last to the first.
        reversed_rows = SequenceBatch(reverse_complement(self.letters, alphabet), self.ptr[-1] - self.ptr[::-1])
        return SequenceBatch.of(list(reversed_rows)[::-1])


def _bounds(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def read_sequences(rows: Sequence[Any]) -> tuple[SequenceBatch, dict[int, str]]:
    """Join the sequences of rows, whatever they are written as.

    Parameters
    ----------
    rows
        ``str``, ``bytes``, Biopython's ``Seq`` or ``SeqRecord``, or :class:`~molgen.bio.records.Record`.

    Returns
    -------
    SequenceBatch
        One row an input row.
    dict
        Row -> why it is no sequence; empty ones are none.
    """
    try:
        letters = "".join(rows).encode("ascii")
    except (TypeError, UnicodeEncodeError):
        return _read_mixed(rows)
    batch = SequenceBatch(letters, _bounds(np.fromiter(map(len, rows), np.int64, len(rows))))
    return batch, dict.fromkeys(np.flatnonzero(batch.lengths == 0).tolist(), "an empty sequence")


def _read_mixed(rows: Sequence[Any]) -> tuple[SequenceBatch, dict[int, str]]:
    found: list[bytes | None] = []
    reasons: dict[int, str] = {}
    for at, row in enumerate(rows):
        try:
            letters = _letters(row)
        except _NoSequenceError as problem:
            letters, reasons[at] = None, str(problem)
        found.append(letters)
    return SequenceBatch.of(found), reasons


class _NoSequenceError(Exception):
    pass


def _letters(row: Any) -> bytes:
    problem = getattr(row, "problem", "")
    if isinstance(problem, str) and problem:
        raise _NoSequenceError(problem)
    for name in ("seq", "sequence"):  # of Biopython's records, and of ours
        row = getattr(row, name, row)
    if isinstance(row, str):
        try:
            row = row.encode("ascii")
        except UnicodeEncodeError as error:
            letter = row[error.start]
            raise _NoSequenceError(f"no letter: {letter!r} at position {error.start + 1:,}") from None
    elif not isinstance(row, bytes):
        if type(row).__module__.split(".")[0] != "Bio":
            raise _NoSequenceError(f"not text: {type(row).__name__}")
        try:
            row = bytes(row)
        except Exception as error:  # Biopython's sequences of unknown content
            raise _NoSequenceError(f"not a sequence: {error}") from None
    if not row:
        raise _NoSequenceError("an empty sequence")
    return row  # type: ignore[no-any-return]


def check_letters(batch: SequenceBatch, alphabet: Alphabet, *, exact: bool = False) -> dict[int, str]:
    """Return why rows are none of an alphabet; nothing where all are.

    Parameters
    ----------
    batch, alphabet
        The rows and their alphabet.
    exact
        Whether letters that may stand for several, or none, are refused as well.
    """
    allowed = alphabet.letters.encode() + alphabet.letters.lower().encode() if exact else alphabet.written
    # Deleting all good letters is one pass over the bytes, and leaves nothing of most batches.
    pieces = (batch.letters[start : start + _PIECE] for start in range(0, len(batch.letters), _PIECE))
    if not any(piece.translate(None, allowed) for piece in pieces):
        return {}
    strange = np.frombuffer(batch.letters, np.uint8)
    places = np.flatnonzero(~np.isin(strange, np.frombuffer(allowed, np.uint8)))
    rows = np.searchsorted(batch.ptr, places, side="right") - 1
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    reasons = {}
    for begin, end in zip(first, [*first[1:], len(places)], strict=True):
        row = int(rows[begin])
        told = [f"{chr(strange[place])!r} at position {place - batch.ptr[row] + 1:,}" for place in places[begin:end][:_NAMED]]
        more = f" and {end - begin - _NAMED:,} more" if end - begin > _NAMED else ""
        hint = "" if exact else _hint(batch[row], alphabet)
        reasons[row] = f"no {'plain ' if exact else ''}letters of {called(alphabet)}: {', '.join(told)}{more}{hint}"
    return reasons


def _hint(letters: bytes, alphabet: Alphabet) -> str:
    """Say what else it would be."""
    for name in ("rna", "dna", "protein"):
        other = get_alphabet(name)
        if other is not alphabet and not letters.translate(None, other.written):
            return f"; it would be {'a protein' if name == 'protein' else name.upper()}"
    return ""
