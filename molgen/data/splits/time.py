"""Old rows in training, new rows in test."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits.base import Fractions, Split, SplitRows, Splitter, register
from molgen.data.splits.column import cells_of
from molgen.errors import InputError

__all__ = ["TimeSplit"]

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII).fullmatch
_DATE = re.compile(r"(\d{4})(?:([-/])(\d{1,2})(?:\2(\d{1,2}))?)?", re.ASCII).fullmatch


@register
@dataclass(frozen=True)
class TimeSplit(Splitter):
    """The oldest rows, by a date or number in the split column, in training, the newest in test.

    Cells are all numbers (years, registration numbers), or dates as ``2019``, ``2019-03``, ``2019-03-31`` (also with ``/``) or ISO
    date-times; a time without a zone is UTC. Anything else is refused rather than guessed at, ``03/04/2019`` above all. Rows
    of one time stay together: a cut moves to the nearest place between two times. Rows with an empty cell are left out. No seed.

    Source: Sheridan, J. Chem. Inf. Model. 2013, 53, 783 (time-split against random cross-validation).
    """

    name: ClassVar[str] = "time"
    needs_column: ClassVar[bool] = True
    forward: ClassVar[bool] = True

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:  # noqa: ARG002 - time decides
        """Cut the rows in the order of their times."""
        order, places = self._ordered(rows)
        shares = (fractions[0], fractions[0] + fractions[1])
        first, second = (_nearest(places, share * len(order)) for share in shares)
        return Split.of(np.sort(order[:first]), np.sort(order[first:second]), np.sort(order[second:]))

    def folds(self, rows: SplitRows, k: int, seed: int) -> list[NDArray[np.int64]]:  # noqa: ARG002 - time decides
        """Cut the rows into ``k`` spans of time, oldest first.

        Raises
        ------
        InputError
            If there are fewer than ``k`` different times.
        """
        order, places = self._ordered(rows)
        if len(places) - 1 < k:
            raise InputError("too few different times", where=rows.column, expected=f"at least {k}", got=str(len(places) - 1))
        cuts = [0]
        for at in range(1, k):
            # Room for the spans to come, so that none is empty.
            free = [place for place in places[: len(places) - (k - at)] if place > cuts[-1]]
            cuts.append(_nearest(free, at * len(order) / k))
        return [np.sort(part) for part in np.split(order, cuts[1:])]

    def _ordered(self, rows: SplitRows) -> tuple[NDArray[np.int64], list[int]]:
        """Return the rows that have a time, oldest first, and the places where one may cut between two times."""
        times = _read_times(rows, cells_of(rows, self.name))
        known = np.array(sorted(times), dtype=np.int64)
        values = np.array([times[row] for row in known.tolist()])
        by_time = np.argsort(values, kind="stable")
        places = [0, *(np.flatnonzero(np.diff(values[by_time])) + 1).tolist(), len(known)]
        if len(places) < 3:
            raise InputError("fewer than two different times", where=rows.column, remedy="name a column of dates or numbers")
        return known[by_time], places


def _nearest(places: Sequence[int], wanted: float) -> int:
    return min(places, key=lambda place: abs(place - wanted))


def _read_times(rows: SplitRows, cells: Sequence[str]) -> dict[int, float]:
    """Return row -> time: the numbers, if all cells are numbers, else seconds."""
    filled = {row: text for row, cell in enumerate(cells) if (text := cell.strip())}
    if all(map(_NUMBER, filled.values())):
        times = {row: float(text) for row, text in filled.items()}
        expected = "a finite number"
    else:
        times = {row: _read_date(text) for row, text in filled.items()}
        expected = "a date such as 2019-03-31 in every row, or a number in every row"
    for row, time in times.items():
        if not math.isfinite(time):
            raise InputError("no date or number", where=rows.where(row), expected=expected, got=repr(filled[row][:80]))
    return times


def _read_date(text: str) -> float:
    """Return seconds since 1970, or NaN."""
    try:
        if plain := _DATE(text):
            year, _, month, day = plain.groups()
            moment = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text) if text[:4].isdigit() and "-" in text[:8] else datetime.max
    except ValueError:
        return math.nan
    if moment == datetime.max:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
