"""FASTA: a title after ``>``, and letters on any number of lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, repeat

from molgen.bio.records import Record, make_record, strange_byte
from molgen.streams.source import Source, read_utf8
from molgen.streams.text import naming_damage, with_line_feeds

__all__ = ["read"]

_BLANKS = b" \t\n\r\v\f"
_EMPTY = "no sequence under this title"


def read(source: Source) -> Iterator[Record]:
    """Iterate over the records; see :func:`~molgen.bio.records.read_records`."""
    number = 0
    with naming_damage(source, lambda: f"good records up to record {number}" if number else "no good record"):
        for texts in _records(with_line_feeds(read_utf8(source))):
            yield from _parse(texts, number + 1)
            number += len(texts)


def _parse(texts: list[bytes], number: int) -> Iterator[Record]:
    """Return the records of texts, the first of which has a number: joined, they are cleaned and decoded in one go."""
    parts = [text.partition(b"\n") for text in texts]
    titles = b"\n".join([title for title, _, _ in parts]).decode("utf-8", "replace").split("\n")
    bodies = [body for _, _, body in parts]
    try:
        sequences = b"\0".join(bodies).translate(None, _BLANKS).decode("ascii").split("\0")
    except UnicodeDecodeError:
        sequences = []
    if len(sequences) != len(bodies):  # a NUL among the letters
        return (_record(at, title, body) for at, (title, body) in enumerate(zip(titles, bodies, strict=True), number))
    problems = ["" if letters else _EMPTY for letters in sequences] if "" in sequences else repeat("")
    return map(make_record, zip(count(number), titles, sequences, problems, repeat("")))


def _record(number: int, title: str, body: bytes) -> Record:
    """Return a record that may hold any byte."""
    letters = body.translate(None, _BLANKS)
    if problem := strange_byte(letters):
        return Record(number, title, "", problem)
    return Record(number, title, letters.decode("ascii"), "" if letters else _EMPTY)


def _records(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Iterate over the texts of records after their mark, some records at a time."""
    pending: list[bytes] = []
    held, begun = b"", False
    for chunk in chunks:
        data = held + chunk
        if not begun:
            data = data.lstrip()
            if not data:
                continue
            data, begun = data[1:], True
        # A line feed at the end waits for what comes next: a mark after it begins a record.
        held = b"\n" if data.endswith(b"\n") else b""
        first, *others = data[: len(data) - len(held)].split(b"\n>")
        pending.append(first)
        if others:
            yield [b"".join(pending), *others[:-1]]
            pending = others[-1:]
    if begun:
        yield [b"".join(pending)]
