"""Lines of an SD file to records: where each begins and ends, whatever is missing between them, and its data items."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from molgen.data.text import Block

__all__ = ["MAX_RECORD", "SdRecord", "item_name", "read_items", "sd_records"]

#: Characters in a record beyond which it is not kept: no molecule has so many, and a damaged file may have lost all its marks.
MAX_RECORD = 10_000_000
#: Characters without an end mark after which lost marks are looked for.
_SEARCH = 1_000_000

# `> <name>`, `> 25 <name> (7)`, or the number of a field in a database, `> DT12`
_ITEM = re.compile(r">[^<]*<(.*)>[^<>]*$").match
_STRICT_ITEM = re.compile(r">\s*<[^<>]+>\s*(\([^()]*\)\s*)?$").match
_FIELD = re.compile(r">\s*(DT\d+)\s*$").match


class SdRecord(NamedTuple):
    """One record.

    Attributes
    ----------
    line
        1-based number of its first line.
    title
        Its first line.
    block
        The connection table, from the title to ``M  END``.
    items
        The lines after it, without the end mark.
    problem
        What is wrong with the record itself, or None.
    """

    line: int
    title: str
    block: str
    items: Sequence[str]
    problem: str | None


class _Pending:
    """The lines since the last end mark."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.lines: list[str] = []
        self.numbers: list[int] = []
        self.size = 0
        self.problem: str | None = None

    def add(self, block: Block, start: int, stop: int) -> None:
        lines = block.lines[start:stop]
        if self.problem is None and block.problems:
            self.problem = next((block.problems[at] for at in range(start, stop) if at in block.problems), None)
        self.size += sum(map(len, lines))
        if self.size > MAX_RECORD:
            self.problem = f"record too large: over {MAX_RECORD:,} characters"
            lines = [] if self.lines else lines[:1]
            del self.lines[1:]
            del self.numbers[1:]
        self.lines += lines
        self.numbers += block.numbers[start : start + len(lines)]

    def records(self, notes: list[str], *, keep_last: bool) -> list[SdRecord]:
        """Take out the records that the lines hold: one, or several where end marks are lost."""
        starts = _lost_starts(self.lines)
        if starts:
            lost = "records without an end mark ($$$$) were parted where the next one begins"
            if not any(note.startswith(lost) for note in notes):
                notes.append(f"{lost}: the first on line {self.numbers[0]}")
        bounds = [0, *starts, len(self.lines)]
        pieces = [(self.numbers[a], self.lines[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]
        last = pieces.pop() if keep_last else None
        records = [_record(line, lines, self.problem) for line, lines in pieces]
        if last is None:
            self.clear()
        elif starts:
            self.lines, self.numbers = last[1], self.numbers[starts[-1] :]
            self.size, self.problem = sum(map(len, self.lines)), None
        return records


def sd_records(blocks: Iterable[Block], notes: list[str]) -> Iterator[list[SdRecord]]:
    """Iterate over the records in some lines, a list at a time.

    Parameters
    ----------
    blocks
        The lines.
    notes
        Told where end marks are missing.
    """
    pending = _Pending()
    marks = 0
    for block in blocks:
        records: list[SdRecord] = []
        start = 0
        for stop in _marks(block):
            pending.add(block, start, stop)
            pending.numbers = pending.numbers or [block.numbers[stop]]
            pending.lines = pending.lines or [""]
            records += pending.records(notes, keep_last=False)
            start, marks = stop + 1, marks + 1
        pending.add(block, start, len(block.lines))
        if pending.size > _SEARCH and pending.problem is None:
            records += pending.records(notes, keep_last=True)
        yield records
    if any(map(str.strip, pending.lines)):
        if marks:
            notes.append(f"the last record, on line {pending.numbers[0]}, has no end mark ($$$$): the file may be cut short")
        yield pending.records(notes, keep_last=False)


def _marks(block: Block) -> list[int]:
    return [at for at, line in enumerate(block.lines) if line.startswith("$$$$")] if "$$$$" in block.text else []


def _lost_starts(lines: Sequence[str]) -> list[int]:
    """Find where further records begin among the lines of one: three lines before a second counts line.

    A mol block that is the value of a data item follows the item's header; a record follows a blank line or ``M  END``, or the last
    line of a value.
    """
    counts = [at for at, line in enumerate(lines) if line[34:39] in ("V2000", "V3000")]
    return [at - 3 for at in counts if at > 6 and not lines[at - 4].startswith(">") and at != counts[0]]


def _record(line: int, lines: list[str], problem: str | None) -> SdRecord:
    try:
        end = lines.index("M  END") + 1
    except ValueError:
        end = next((at for at, each in enumerate(lines) if each.rstrip() == "M  END"), -1) + 1
        if not end:  # the data items that are there are kept all the same
            end = next((at for at, each in enumerate(lines[4:], 4) if item_name(each) is not None), len(lines))
    if problem is None and not any(map(str.strip, lines)):
        problem = "empty record"
    return SdRecord(line, lines[0].strip(), "\n".join(lines[:end]) + "\n", lines[end:], problem)


def item_name(line: str) -> str | None:
    """Return the name in the header of a data item, or None if the line is none."""
    if line[:1] != ">":
        return None
    found = _ITEM(line) or _FIELD(line)
    return (found[1].strip() or "unnamed") if found else None


def read_items(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Iterate over names and values of data items.

    A value may have several lines, blank ones between them too. The blank line that should end it may be missing where the next
    line can be nothing but a header.
    """
    name: str | None = None
    value: list[str] = []
    blank = True
    for line in lines:
        if line[:1] == ">" and (blank or _STRICT_ITEM(line)) and (found := item_name(line)) is not None:
            if name is not None:
                yield name, _joined(value)
            name, value = found, []
        elif name is not None:
            value.append(line)
        blank = not line.strip()
    if name is not None:
        yield name, _joined(value)


def _joined(value: list[str]) -> str:
    while value and not value[-1].strip():
        value.pop()
    return "\n".join(value)
