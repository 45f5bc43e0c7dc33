"""Bytes to lines: any encoding, line end or packing that compound files come in, with constant memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from molgen.errors import InputError
from molgen.streams.source import Source, read_utf8
from molgen.streams.unpack import DamageError

__all__ = ["MAX_LINE", "Block", "Line", "decode_line", "naming_damage", "read_blocks", "read_lines", "with_line_feeds"]

#: Bytes in a line beyond which it is cut; no table of compounds needs more, and a damaged file can hold gigabytes.
MAX_LINE = 1_000_000
#: Characters that stay of a line that was cut.
KEPT = 10_000

_END = re.compile(r"(\r{0,2}\n|\r)")
_DOUBLED_END = re.compile(r"(\r\n\n|\r{0,2}\n|\r)")
_NOT_UTF8 = "some lines are not UTF-8: they were read as Windows-1252"


class Block(NamedTuple):
    """Some consecutive lines.

    Attributes
    ----------
    text
        The lines as one string, with or without line ends: to look for a character in all of them at once.
    lines, ends
        Each line, and the line end that followed it (empty at the end of a file without a final one).
    numbers
        The 1-based number of each line, as ``sed`` and editors count them.
    problems
        Index into ``lines`` -> what is wrong with that line. Such a line was cut or changed.
    """

    text: str
    lines: list[str]
    ends: list[str]
    numbers: Sequence[int]
    problems: dict[int, str]

    def part(self, start: int, stop: int) -> Block:
        """Return some of the lines, by index."""
        problems = {index - start: problem for index, problem in self.problems.items() if start <= index < stop}
        lines = self.lines[start:stop]
        return Block("".join(lines), lines, self.ends[start:stop], self.numbers[start:stop], problems)


class Line(NamedTuple):
    """One line: its 1-based number, its text without the line end, and what is wrong with it."""

    number: int
    text: str
    problem: str | None


def read_lines(source: str | Path | Source) -> Iterator[Line]:
    """Iterate over the lines of a text file; :func:`read_blocks` says what can be read and what is raised."""
    for block in read_blocks(source):
        for index, (number, text) in enumerate(zip(block.numbers, block.lines, strict=True)):
            yield Line(number, text, block.problems.get(index))


def read_blocks(source: str | Path | Source, notes: list[str] | None = None) -> Generator[Block, None, None]:
    r"""Iterate over the lines of a text file, some at a time.

    Plain or packed (:func:`~molgen.streams.unpack.unpack`); UTF-8, UTF-16 or UTF-32; line by line Windows-1252
    where a line is not UTF-8. A line ends with LF, CRLF, CR or ``\r\r\n``, and with ``\r\n\n`` where the whole file
    has that (the HIV set of MoleculeNet). A line over :data:`MAX_LINE` bytes is cut to :data:`KEPT` characters and has
    a problem, as has a line with NUL bytes past the head of the file.

    Parameters
    ----------
    source
        The file.
    notes
        What was unusual about the file is appended here.

    Raises
    ------
    InputError
        The file is missing, empty, a folder or not text; or it is damaged, and then only after all lines before the
        damage were delivered.
    """
    source = source if isinstance(source, Source) else Source(source)
    last, following, doubled = 0, 1, False
    with naming_damage(source, lambda: f"good lines up to line {last}" if last else "no good line"):
        for data, cut in _whole_lines(read_utf8(source)):
            doubled = doubled or (last == 0 and _is_doubled(data))
            block = _block(data, following, doubled, cut, notes)
            last = block.numbers[-1]
            following = last + (2 if block.ends[-1] == "\r\n\n" else 1)
            yield block
    if last == 0:
        raise InputError("the file is empty", where=source.name, remedy="check that it was written and copied in full")


def with_line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Turn CRLF and CR into LF."""
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        data = data[: len(data) - len(held)]
        yield data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    if held:
        yield b"\n"


@contextmanager
def naming_damage(source: Source, good: Callable[[], str]) -> Iterator[None]:
    """Raise InputError where a file cannot be read any further, with what ``good`` says of what came before."""
    try:
        yield
    except (DamageError, OSError) as error:
        raise InputError(
            f"damaged: {error}" if isinstance(error, DamageError) else f"cannot be read: {error.strerror or error}",
            where=source.name,
            got=good(),
            remedy="download or copy the file again",
        ) from error


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Cut the stream after line ends; the flag says that the first line of the piece was too long and lost its end."""
    data, long, skipping = b"", False, False
    try:
        for chunk in filter(None, chunks):  # what is left when they end is one piece: small files are a single block
            if cut := 0 if skipping else _last_cut(data):
                yield data[:cut], long
                data, long = data[cut:], False
            elif len(data) > MAX_LINE and not long:
                data, long, skipping = _whole_characters(data[:KEPT]), True, True
            if not skipping:
                data += chunk
            elif end := re.search(rb"[\r\n]", chunk):
                data, skipping = data + chunk[end.start() :], False
    except (DamageError, OSError):
        if cut := max(data.rfind(b"\n"), data.rfind(b"\r")) + 1:
            yield data[:cut], long
        raise
    if data:
        yield data, long


def _whole_characters(data: bytes) -> bytes:
    """Drop a character at the end that was cut in two."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    return data.removesuffix(decoder.getstate()[0])


def _last_cut(data: bytes) -> int:
    r"""Find the place after the last line end that is sure to be whole: the last byte may be the first half of one."""
    cut = data.rfind(b"\n", 0, -1) + 1
    if cut:
        return cut + (data[cut - 2 : cut + 1] == b"\r\n\n")
    return data.rfind(b"\r", 0, len(data.rstrip(b"\r\n"))) + 1


def _is_doubled(data: bytes) -> bool:
    r"""Tell whether every line ends with ``\r\n\n``, as a table written twice through text mode does."""
    ends = data.count(b"\r\n")
    return ends > 1 and data.count(b"\r\n\n") == ends and data.count(b"\n") == 2 * ends


def _block(data: bytes, first: int, doubled: bool, cut: bool, notes: list[str] | None) -> Block:
    try:
        text = data.decode()
        lines, ends = _split(text, doubled)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # one character a byte, so that lines can be parted before they are decoded
        lines, ends = _split(text, doubled)
        lines = [decode_line(line.encode("latin-1")) for line in lines]
        if notes is not None and _NOT_UTF8 not in notes:
            notes.append(_NOT_UTF8)
    numbers: Sequence[int] = range(first, first + len(lines))
    if doubled:
        numbers = list(accumulate((1 + (end == "\r\n\n") for end in ends[:-1]), initial=first))
    problems: dict[int, str] = {}
    if cut or len(data) > MAX_LINE:
        _shorten(lines, cut, problems)
    if "\0" in text:
        _replace_nul(lines, problems)
    return Block(text, lines, ends, numbers, problems)


def _shorten(lines: list[str], cut: bool, problems: dict[int, str]) -> None:
    for index, line in enumerate(lines):
        if len(line) > MAX_LINE or (cut and index == 0):
            lines[index] = line[:KEPT]
            problems[index] = f"line too long: over {MAX_LINE:,} bytes, cut to {KEPT:,} characters"


def _replace_nul(lines: list[str], problems: dict[int, str]) -> None:
    """Keep NUL from code in C that would take it for the end of the text."""
    for index, line in enumerate(lines):
        if "\0" in line:
            lines[index] = line.replace("\0", "\ufffd")
            problems.setdefault(index, "NUL bytes in the line: the file may be damaged")


def _split(text: str, doubled: bool) -> tuple[list[str], list[str]]:
    """Split into lines and their ends; one kind of line end throughout is the quick case."""
    feeds, returns = text.count("\n"), text.count("\r")
    for end in ("\r\n\n",) if doubled else ("\n", "\r\n", "\r\r\n", "\r"):
        count = text.count(end)
        if count * end.count("\n") == feeds and count * end.count("\r") == returns:
            lines = text.split(end)
            ends = [end] * count
            break
    else:
        pieces = (_DOUBLED_END if doubled else _END).split(text)
        lines, ends = pieces[0::2], pieces[1::2]
    if lines[-1]:
        ends.append("")
    else:
        lines.pop()
    return lines, ends


def decode_line(line: bytes) -> str:
    """Return a line as text: UTF-8, else Windows-1252, else Latin-1."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")
