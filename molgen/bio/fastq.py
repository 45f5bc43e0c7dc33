"""FASTQ: a title after ``@``, letters, a line with ``+``, and a quality for each letter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from molgen.bio.records import Record
from molgen.streams.source import Source
from molgen.streams.text import read_lines

__all__ = ["read"]

#: The qualities that ASCII can write.
_QUALITIES = frozenset(map(chr, range(33, 127)))


def read(source: Source) -> Iterator[Record]:
    """Iterate over the records, of four lines each; see :func:`~molgen.bio.records.read_records`.

    After a broken record the next one begins where a line has ``@`` and the second after it ``+``.
    """
    lines = (line.text for line in read_lines(source))
    number = 0
    ahead: list[str] = []  # lines read and not yet part of a record
    while True:
        ahead += islice(lines, 4 - len(ahead))
        while ahead and not ahead[0].strip():
            ahead = ahead[1:] + list(islice(lines, 1))
        if not ahead:
            return
        number += 1
        problem = _problem(ahead)
        if not problem:
            title, letters, _, quality = ahead
            yield Record(number, title[1:].strip(), letters.strip(), quality=quality.strip())
            ahead = []
            continue
        title = ahead[0].removeprefix("@").strip() if ahead[0].startswith("@") else ""
        ahead = ahead[1:]
        while True:
            ahead += islice(lines, 3 - len(ahead))
            if len(ahead) < 3 or (ahead[0].startswith("@") and ahead[2].startswith("+")):
                break
            ahead = ahead[1:]
        ahead = ahead if len(ahead) == 3 else []
        yield Record(number, title, "", problem)


def _problem(lines: list[str]) -> str:
    """Say what is wrong with a record's lines."""
    if not lines[0].startswith("@"):
        return f"no title: a line begins with {lines[0][:1]!r} and not with '@'"
    if len(lines) < 4:
        return "the file ends inside the record"
    if not lines[2].startswith("+"):
        return "no '+' after the letters"
    letters, quality = lines[1].strip(), lines[3].strip()
    if len(letters) != len(quality):
        return f"{len(letters):,} letters and {len(quality):,} qualities"
    if not letters:
        return "no sequence under this title"
    if not set(quality) <= _QUALITIES:
        return "a quality that is no printable letter"
    return ""
