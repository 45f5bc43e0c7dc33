"""FASTQ: a title after ``@``, letters, a line with ``+``, and a quality for each letter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from molgen.bio.records import Record, strange_byte
from molgen.streams.source import Source, read_utf8
from molgen.streams.text import naming_damage, with_line_feeds

__all__ = ["read"]

_BLANKS = b" \t\v\f"
#: The qualities that ASCII can write.
_QUALITIES = bytes(range(33, 127))


def read(source: Source) -> Iterator[Record]:
    """Iterate over the records, of four lines each; see :func:`~molgen.bio.records.read_records`.

    After a broken record the next one begins where a line has ``@`` and the second after it ``+``.
    """
    number = 0
    with naming_damage(source, lambda: f"good records up to record {number}" if number else "no good record"):
        for number, lines in enumerate(_records(_lines(source)), 1):
            yield _record(number, lines)


def _lines(source: Source) -> Iterator[bytes]:
    """Iterate over the lines, however long they are."""
    pending: list[bytes] = []
    for chunk in with_line_feeds(read_utf8(source)):
        first, *others = chunk.split(b"\n")
        pending.append(first)
        if others:
            yield b"".join(pending)
            yield from others[:-1]
            pending = others[-1:]
    if last := b"".join(pending):
        yield last


def _records(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Iterate over the lines of each record: four of a good one, less or others of a broken one."""
    ahead: list[bytes] = []  # lines read and not yet part of a record
    while True:
        ahead += islice(lines, 4 - len(ahead))
        while ahead and not ahead[0].strip():
            ahead = ahead[1:] + list(islice(lines, 1))
        if not ahead:
            return
        yield ahead
        if not _problem(ahead):
            ahead = []
            continue
        ahead = ahead[1:]
        while True:
            ahead += islice(lines, 3 - len(ahead))
            if len(ahead) < 3 or (ahead[0].startswith(b"@") and ahead[2].startswith(b"+")):
                break
            ahead = ahead[1:]
        ahead = ahead if len(ahead) == 3 else []


def _record(number: int, lines: list[bytes]) -> Record:
    title = lines[0].removeprefix(b"@").decode("utf-8", "replace").strip() if lines[0].startswith(b"@") else ""
    if problem := _problem(lines):
        return Record(number, title, "", problem)
    letters = lines[1].translate(None, _BLANKS)
    if problem := strange_byte(letters):
        return Record(number, title, "", problem)
    return Record(number, title, letters.decode(), quality=lines[3].translate(None, _BLANKS).decode())


def _problem(lines: list[bytes]) -> str:
    """Say what is wrong with a record's lines."""
    if not lines[0].startswith(b"@"):
        return f"no title: a line begins with {lines[0][:1].decode('latin-1')!r} and not with '@'"
    if len(lines) < 4:
        return "the file ends inside the record"
    if not lines[2].startswith(b"+"):
        return "no '+' after the letters"
    letters, quality = (lines[at].translate(None, _BLANKS) for at in (1, 3))
    if len(letters) != len(quality):
        return f"letters and qualities differ: {len(letters):,} and {len(quality):,}"
    if not letters:
        return "no sequence under this title"
    if quality.translate(None, _QUALITIES):
        return "a quality that is no printable letter"
    return ""
