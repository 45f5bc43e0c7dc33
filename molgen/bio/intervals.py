"""BED files: stretches of a genome, one a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from molgen.streams.source import Source
from molgen.streams.text import read_lines

__all__ = ["Interval", "read_intervals", "window"]


class Interval(NamedTuple):
    """One line of a BED file.

    Attributes
    ----------
    number
        1-based, counting intervals and not comments.
    contig, start, stop
        Its place; 0-based, the letter at ``stop`` is the first that is not in it. 0 where they cannot be read.
    name, score, strand
        Columns 4 to 6 as they are written, empty where there is none; ``.`` is no strand.
    problem
        What is wrong with the line, or nothing.
    """

    number: int
    contig: str
    start: int
    stop: int
    name: str = ""
    score: str = ""
    strand: str = ""
    problem: str = ""


def window(start: int, stop: int, length: int) -> tuple[int, int]:
    """Return where a stretch of some length begins and ends that has ``length // 2`` letters before ``(start + stop) // 2``."""
    begin = (start + stop) // 2 - length // 2
    return begin, begin + length


def read_intervals(path: str | Path | Source) -> Iterator[Interval]:
    """Iterate over the intervals of a BED file (three columns or more, narrowPeak too), plain or packed; ``-`` is standard input.

    Lines of ``#``, ``track`` and ``browser`` are left out. A line that is none comes out with a problem.

    Raises
    ------
    InputError
        The file is missing, empty, a folder or not text; or damaged, and then only after all lines before the damage.
    """
    number = 0
    for line in read_lines(path):
        text = line.text.strip()
        if text and not text.startswith(("#", "track ", "track\t", "browser ")):
            number += 1
            found = _interval(number, text.split("\t") if "\t" in text else text.split())
            yield found._replace(problem=line.problem) if line.problem else found


def _interval(number: int, cells: list[str]) -> Interval:
    contig, places, others = cells[0], cells[1:3], [cell.strip() for cell in cells[3:6]]
    if len(places) < 2:
        return Interval(
            number, contig, 0, 0, problem=f"too few columns: {len(cells)}, where a contig, a start and a stop were expected"
        )
    name, score, strand = (others + [""] * 3)[:3]
    if not all(re.fullmatch(r"\s*[0-9]{1,18}\s*", each) for each in places):
        return Interval(number, contig, 0, 0, name, score, problem=f"no places: {places[0][:20]!r} and {places[1][:20]!r}")
    start, stop = map(int, places)
    problem = "no letters: it stops where it starts, or before" if stop <= start else ""
    if strand not in ("", "+", "-", "."):
        problem = f"no strand: {strand[:20]!r}"
    return Interval(number, contig, start, stop, name, score, "" if strand == "." else strand, problem)
