"""Numbers from text, and the signs that make limits of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MISSING", "explain", "is_numeric", "read_columns", "read_number", "read_numbers", "with_relations"]

#: Words for a value that was not measured, in lower case.
MISSING = frozenset(
    {
        "",
        "na",
        "n/a",
        "#n/a",
        "n.a.",
        "nan",
        "null",
        "none",
        "nil",
        "-",
        "--",
        "?",
        ".",
        "nd",
        "n.d.",
        "missing",
        "<na>",
    }
)

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII).fullmatch
_COMMA = re.compile(r"([-+]?\d*),(\d+)([eE][-+]?\d+)?", re.ASCII).fullmatch
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII).fullmatch
_INFINITE = re.compile(r"[-+]?inf(inity)?", re.IGNORECASE).fullmatch
#: What can stand before a number: whether the true value is above it (1), below it (-1), or about it.
_RELATIONS = {
    **dict.fromkeys((">", ">=", ">>", "\u2265", "=>"), 1),
    **dict.fromkeys(("<", "<=", "<<", "\u2264", "=<"), -1),
    **dict.fromkeys(("=", "~", "\u2248", "=="), 0),
}
_RELATED = re.compile(rf"({'|'.join(sorted(_RELATIONS, key=len, reverse=True))})\s*(?=[-+\d.,])").match


def with_relations(values: Sequence[str], relations: Sequence[str]) -> list[str]:
    """Write the relations of a column of their own (ChEMBL's ``standard_relation``) before the values: ``>`` and ``10`` is ``>10``.

    An empty relation and ``=`` leave the value as it is; quotes around a relation do not count. A word that is no relation
    stands before its value too, and so makes it a problem of its row.
    """
    joined = []
    for value, relation in zip(values, relations, strict=True):
        sign = relation.strip().strip("'\"").strip()
        there = sign in _RELATIONS and value.strip().startswith(sign)
        known = sign in ("", "=", "==") or not value.strip() or there
        joined.append(value if known or sign.casefold() in MISSING else f"{sign} {value.strip()}")
    return joined


def is_numeric(cell: str) -> bool:
    """Tell whether a cell is meant as a number, usable or not."""
    return bool(_NUMBER(cell) or _COMMA(cell) or _INFINITE(cell) or _RELATED(cell))


def read_numbers(filled: dict[int, str]) -> tuple[dict[int, float], dict[int, int], list[str]]:
    """Return the number in each row that has one, which of them are limits, and how they were read."""
    bare, bounds, about = {}, {}, 0
    for row, cell in filled.items():
        relation = _RELATED(cell)
        bare[row] = cell[relation.end() :] if relation else cell
        if relation and (side := _RELATIONS[relation[1]]):
            bounds[row] = side
        about += bool(relation and relation[1] in ("~", "\u2248"))
    numbers, notes = _read_bare(bare)
    if about:
        notes.append(f"{about} approximate values (~) were read as they stand")
    return numbers, {row: side for row, side in bounds.items() if row in numbers}, notes


def read_number(cell: str) -> float | None:
    """Return the plain number that a cell holds, if it is one."""
    return float(cell) if _NUMBER(cell) and math.isfinite(float(cell)) else None


def read_columns(columns: Mapping[str, Sequence[str]]) -> tuple[dict[str, NDArray[np.float64]], dict[int, str]]:
    """Read columns cell by cell, each whatever the others hold; a decimal comma that cannot mean thousands is a point.

    Returns
    -------
    numbers, problems
        Column -> one number a row, NaN where there is none; row -> which column has no number there, and why.
    """
    numbers = {}
    problems: dict[int, str] = {}
    for name, cells in columns.items():
        read = [_read_cell(cell) for cell in cells]
        numbers[name] = np.array([np.nan if isinstance(each, str) else each for each in read], dtype=np.float64)
        for row, each in enumerate(read):
            if isinstance(each, str):
                problems.setdefault(row, f"no number in column {name!r}: {each}")
    return numbers, problems


def _read_cell(cell: str) -> float | str:
    text = cell.strip()
    if text.casefold() in MISSING:
        return "empty" if not text else repr(text)
    if _COMMA(text) and not _THOUSANDS(text):
        text = text.replace(",", ".")
    if _NUMBER(text) and _is_usable(number := float(text)):
        return number
    if _RELATED(text):
        return f"{text[:40]!r} is a limit, or about a number"
    return explain(text)


def _read_bare(filled: dict[int, str]) -> tuple[dict[int, float], list[str]]:
    """Return the number in each row that has one, reading commas as points where the whole column does."""
    numbers = {row: number for row, cell in filled.items() if _NUMBER(cell) and _is_usable(number := float(cell))}
    commas = [row for row, cell in filled.items() if _COMMA(cell)]
    if (
        not commas
        or any("." in cell for cell in filled.values() if _NUMBER(cell))
        or all(_THOUSANDS(filled[row]) for row in commas)
    ):
        return numbers, []
    numbers.update((row, float(filled[row].replace(",", "."))) for row in commas)
    return dict(sorted(numbers.items())), ["decimal commas were read as points"]


def _is_usable(number: float) -> bool:
    """Tell whether sums of squares of such numbers stay within single precision: no measured quantity is beyond."""
    return number == 0 or 1e-15 < abs(number) < 1e15


def explain(cell: str) -> str:
    """Say why a cell is no number that can be used."""
    text = repr(cell if len(cell) <= 40 else cell[:37] + "...")
    if relation := _RELATED(cell):
        cell = cell[relation.end() :]
    if _INFINITE(cell) or (_NUMBER(cell) and not math.isfinite(float(cell))):
        return f"{text} is not finite"
    if _NUMBER(cell):
        return f"{text} is beyond what single precision holds: use another unit"
    if _THOUSANDS(cell):
        return f"{text} could mean thousands or a fraction: write it without the comma"
    if _COMMA(cell):
        return f"{text} has a decimal comma where others have a point: write a point"
    return f"{text} is not a number"
