"""Lines of an SD file to records: where each begins and ends, whatever is missing between them, and its data items."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from molgen.streams.text import Block

__all__ = ["MAX_RECORD", "UNNAMED", "SdRecord", "item_name", "read_items", "sd_records"]

#: Characters in a record beyond which it is not kept: no molecule has so many, and a damaged file may have lost all its marks.
MAX_RECORD = 10_000_000
#: Characters without an end mark after which lost marks are looked for.
_SEARCH = 1_000_000

#: Name of data items whose header has an empty one.
UNNAMED = "unnamed"

_STRICT_ITEM = re.compile(r">\s*<[^<>]+>\s*(\([^()]*\)\s*)?$").match
_SIMPLE_ITEMS = re.compile(r"\n>[^<\n]*<([^\n]*)>[^\n]*\n((?:[^>\s][^\n]*)?)\n").findall
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
        self.lines: list[str] = []
        self.numbers: list[Sequence[int]] = []
        self.size = 0
        self.problem: str | None = None

    def add(self, block: Block, start: int) -> None:
        """Take over the lines of a block from one on."""
        lines = block.lines[start:]
        self.problem = self.problem or _first_problem(block, start, len(block.lines))
        self.size += sum(map(len, lines))
        self.numbers.append(block.numbers[start:])
        self.lines += lines
        if self.size > MAX_RECORD:
            self.problem = f"record too large: over {MAX_RECORD:,} characters"
            self.lines, self.numbers = self.lines[:1], [self.numbers[0][:1]]


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
            lines, numbers = block.lines[start:stop], [block.numbers[start : stop + 1]]
            problem = _first_problem(block, start, stop)
            if pending.lines:
                lines, numbers = pending.lines + lines, pending.numbers + numbers
                problem, pending = pending.problem or problem, _Pending()
            records += _parted(lines, numbers, problem, notes)
            start, marks = stop + 1, marks + 1
        pending.add(block, start)
        if pending.size > _SEARCH and pending.problem is None:
            early, pending = _part_early(pending, notes)
            records += early
        yield records
    if any(map(str.strip, pending.lines)):
        if marks:
            first = pending.numbers[0][0]
            notes.append(f"the last record, on line {first}, has no end mark ($$$$): the file may be cut short")
        yield _parted(pending.lines, pending.numbers, pending.problem, notes)


def _marks(block: Block) -> list[int]:
    """Return which lines are end marks."""
    expected = block.text.count("$$$$")
    found: list[int] = []
    at = -1
    while len(found) < expected:
        try:
            at = block.lines.index("$$$$", at + 1)
        except ValueError:  # some have blanks after them, or are no marks at all
            return [at for at, line in enumerate(block.lines) if line.startswith("$$$$")]
        found.append(at)
    return found


def _first_problem(block: Block, start: int, stop: int) -> str | None:
    return next((block.problems[at] for at in range(start, stop) if at in block.problems), None) if block.problems else None


def _parted(lines: list[str], numbers: list[Sequence[int]], problem: str | None, notes: list[str]) -> list[SdRecord]:
    """Return the records between two end marks: one, or several where marks are lost."""
    text = "\n".join(lines)
    if text.count("V2000") + text.count("V3000") < 2:
        return [_record(numbers[0][0], lines, problem)]
    starts = _lost_starts(lines)
    all_numbers = [number for piece in numbers for number in piece]
    if starts:
        _note_lost(all_numbers[0], notes)
    bounds = zip([0, *starts], [*starts, len(lines)], strict=True)
    return [_record(all_numbers[a], lines[a:b], problem) for a, b in bounds]


def _part_early(pending: _Pending, notes: list[str]) -> tuple[list[SdRecord], _Pending]:
    """Part what has gone on for long without a mark; the last record may go on yet."""
    starts = _lost_starts(pending.lines)
    rest = _Pending()
    if not starts:
        return [], pending
    numbers = [number for piece in pending.numbers for number in piece]
    rest.lines, rest.numbers = pending.lines[starts[-1] :], [numbers[starts[-1] :]]
    rest.size = sum(map(len, rest.lines))
    return _parted(pending.lines[: starts[-1]], [numbers], None, notes), rest


def _note_lost(line: int, notes: list[str]) -> None:
    lost = "records without an end mark ($$$$) were parted where the next one begins"
    if not any(note.startswith(lost) for note in notes):
        notes.append(f"{lost}: the first on line {line}")


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
    title = lines[0].strip() if lines else ""
    return SdRecord(line, title, "\n".join(lines[:end]) + "\n", lines[end:], problem)


def item_name(line: str) -> str | None:
    """Return the name in the header of a data item (``> <name>``, ``> 25 <name> (7)``, ``> DT12``), or None if it is none."""
    if line[:1] != ">":
        return None
    start, stop = line.find("<"), line.rfind(">")
    if 0 < start < stop:
        return line[start + 1 : stop].strip() or UNNAMED
    field = _FIELD(line)
    return field[1] if field else None


def read_items(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and values of data items.

    A value may have several lines, blank ones between them too. The blank line that should end it may be missing where the next
    line can be nothing but a header.
    """
    simple = _SIMPLE_ITEMS("\n" + "\n".join(lines))
    if 3 * len(simple) == len(lines):  # the quick case: a header, a line and a blank line each
        return [(name.strip() or UNNAMED, value) for name, value in simple]
    headers = [
        (at, name)
        for at, line in enumerate(lines)
        if line[:1] == ">" and (name := item_name(line)) is not None and _may_begin_item(lines, at)
    ]
    ends = [*(at for at, _ in headers[1:]), len(lines)]
    return [(name, _joined(lines[at + 1 : end])) for (at, name), end in zip(headers, ends, strict=False)]


def _may_begin_item(lines: Sequence[str], at: int) -> bool:
    return at == 0 or not lines[at - 1] or lines[at - 1].isspace() or _STRICT_ITEM(lines[at]) is not None


def _joined(lines: Sequence[str]) -> str:
    value = list(lines)
    while value and not value[-1].strip():
        value.pop()
    return "\n".join(value)
