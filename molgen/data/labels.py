"""Measured values from text: numbers, limits or two classes, with missing ones known from bad ones."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from molgen.errors import ConfigError, InputError

__all__ = ["MISSING", "Labels", "check_labels", "match_labels", "parse_labels", "with_relations"]

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

#: Negative word -> positive word, in lower case. Pairs such as toxic and non-toxic, or BBB+ and BBB-, need no entry.
_PAIRS = {
    "inactive": "active",
    "no": "yes",
    "n": "y",
    "false": "true",
    "f": "t",
    "neg": "pos",
    "negative": "positive",
    "decoy": "active",
    "fail": "pass",
    "failed": "passed",
    "absent": "present",
    "low": "high",
    "off": "on",
}
_NEGATIONS = ("non-", "non ", "non_", "non", "not ", "not_", "not-", "in", "im", "un", "no ")
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


@dataclass(frozen=True, slots=True)
class Labels:
    """The values of one column.

    Attributes
    ----------
    kind
        ``"regression"`` or ``"binary"``.
    values
        float64, one a row; NaN where the value is missing or bad. Binary values are 0 and 1.
    bounds
        int8, one a row: 1 where the value is a lower limit (``>10``), -1 where it is an upper one, else 0.
    problems
        Row number (0-based) -> why the value there cannot be used. Missing values are no problem.
    positive, negative
        What stands in the file for 1 and for 0; None for regression.
    notes
        How the text was read, where that is not plain.
    """

    kind: Literal["regression", "binary"]
    values: npt.NDArray[np.float64]
    bounds: npt.NDArray[np.int8]
    problems: dict[int, str] = field(default_factory=dict)
    positive: str | None = None
    negative: str | None = None
    notes: list[str] = field(default_factory=list)


def parse_labels(
    values: Sequence[str], kind: Literal["auto", "regression", "binary"] = "auto", *, where: str | None = None
) -> Labels:
    """Turn a column of text into numbers or classes.

    Numbers are plain decimals (``3``, ``-0.5``, ``1e-9``). A column in which *every* number that has a fraction writes
    it after a comma (``3,5``) is read so, with a note, unless all the commas could part thousands; a comma among points
    is a problem of its row. ``>10`` and ``<=0.1`` are limits; ``~5`` is 5, with a note. Infinities, units and words among
    numbers are problems.

    Two classes are 0 and 1 (also ``1.0``), -1 and 1, or a pair of words of which one denies the other: active and
    inactive, yes and no, true and false, pos and neg, toxic and non-toxic, ``BBB+`` and ``BBB-`` and the like, in any
    case. Other words beside such a pair (``inconclusive``) are problems.

    Parameters
    ----------
    values
        The cells, one a row.
    kind
        ``"auto"`` is binary where all values are 0 and 1, -1 and 1, or such a pair of words; else regression.
    where
        File and column, for the messages.

    Raises
    ------
    InputError
        Nothing to learn from: all values are missing, or bad, or the same; or there are two words of which nobody knows
        which is positive.
    ConfigError
        ``kind`` is unknown.
    """
    return check_labels(_read(values, kind, "", where), where)


def match_labels(
    values: Sequence[str], kind: Literal["regression", "binary"], positive: str = "", *, where: str | None = None
) -> Labels:
    """Turn a column of text into the numbers or classes of a task that a model predicts already.

    As :func:`parse_labels`, but there is nothing to learn here: the values may all be the same, or missing, and a word for a
    class needs no opposite beside it.

    Parameters
    ----------
    values
        The cells, one a row.
    kind
        The task's.
    positive
        The word that stood for the positive class in training.
    where
        File and column, for the messages.

    Raises
    ------
    InputError
        The values are of another kind.
    """
    return _read(values, kind, positive, where)


def with_relations(values: Sequence[str], relations: Sequence[str]) -> list[str]:
    """Write the relations of a column of their own (ChEMBL's ``standard_relation``) before the values: ``>`` and ``10`` is ``>10``.

    An empty relation and ``=`` leave the value as it is; quotes around a relation do not count. A word that is no relation
    stands before its value too, and so makes it a problem of its row.
    """
    joined = []
    for value, relation in zip(values, relations, strict=True):
        sign = relation.strip().strip("'\"").strip()
        known = sign in ("", "=", "==") or not value.strip() or value.strip().startswith(sign)
        joined.append(value if known or sign.casefold() in MISSING else f"{sign} {value.strip()}")
    return joined


def _read(values: Sequence[str], kind: Literal["auto", "regression", "binary"], positive: str, where: str | None) -> Labels:
    if kind not in ("auto", "regression", "binary"):
        raise ConfigError("no such kind of label", where=where, expected="auto, regression or binary", got=repr(kind))
    cells = [value.strip().replace("\u2212", "-") for value in values]
    missing = _missing_words(cells)
    filled = {row: cell for row, cell in enumerate(cells) if cell.casefold() not in missing}
    if not filled:
        return _labels("binary" if kind == "binary" else "regression", {}, len(cells))
    numbers, bounds, notes = _read_numbers(filled)
    words = Counter(cell.casefold() for cell in filled.values() if not _numeric(cell))
    pair = (
        _find_pair(words, positive.casefold(), where) if kind != "regression" and sum(words.values()) >= len(filled) / 2 else None
    )
    if pair:
        return _from_words(filled, pair, len(cells))
    if not numbers:
        raise _no_numbers(filled, kind, where)
    found = set(numbers.values())
    if kind == "binary" or (kind == "auto" and not bounds and found in ({0.0, 1.0}, {-1.0, 1.0})):
        return _from_classes(filled, {row: number for row, number in numbers.items() if row not in bounds}, len(cells), where)
    return _labels("regression", numbers, len(cells), _problems(filled, numbers), bounds=bounds, notes=notes)


def _missing_words(cells: Sequence[str]) -> frozenset[str]:
    """Return the words for nothing; a minus is a class where there is a plus, and else a dash."""
    return MISSING - {"-"} if "+" in cells else MISSING


def _numeric(cell: str) -> bool:
    return bool(_NUMBER(cell) or _COMMA(cell) or _INFINITE(cell) or _RELATED(cell))


def _read_numbers(filled: dict[int, str]) -> tuple[dict[int, float], dict[int, int], list[str]]:
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


def _problems(filled: dict[int, str], used: dict[int, float]) -> dict[int, str]:
    return {row: _reason(cell) for row, cell in filled.items() if row not in used}


def _reason(cell: str) -> str:
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


def _labels(
    kind: Literal["regression", "binary"],
    numbers: dict[int, float],
    length: int,
    problems: dict[int, str] | None = None,
    *,
    bounds: dict[int, int] | None = None,
    **more: Any,
) -> Labels:
    """Spread what rows hold over a whole column."""
    values, sides = np.full(length, np.nan), np.zeros(length, np.int8)
    values[list(numbers)] = list(numbers.values())
    if bounds:
        sides[list(bounds)] = list(bounds.values())
    return Labels(kind, values, sides, problems or {}, **more)


def _from_classes(filled: dict[int, str], numbers: dict[int, float], length: int, where: str | None) -> Labels:
    found = set(numbers.values())
    negative = -1.0 if -1.0 in found and 0.0 not in found else 0.0
    used = {row: float(number == 1.0) for row, number in numbers.items() if number in (negative, 1.0)}
    if not used:
        some = ", ".join(f"{number:g}" for number in sorted(found)[:5])
        raise InputError(
            "not two classes",
            where=where,
            expected="0 and 1",
            got=some,
            remedy="train a regression, or set a threshold first",
        )
    problems = {
        row: f"{filled[row]!r} is no class: {negative:g} or 1 was expected" if row in numbers else reason
        for row, reason in _problems(filled, used).items()
    }
    return _labels("binary", used, length, problems, positive="1", negative=f"{negative:g}")


def _from_words(filled: dict[int, str], pair: tuple[str, str], length: int) -> Labels:
    negative, positive = pair
    codes = {negative: 0.0, positive: 1.0}
    used = {row: codes[word] for row, cell in filled.items() if (word := cell.casefold()) in codes}
    shown = {word: next((cell for cell in filled.values() if cell.casefold() == word), word) for word in pair}
    problems = {
        row: f"{cell!r} is neither {shown[positive]!r} nor {shown[negative]!r}" for row, cell in filled.items() if row not in used
    }
    return _labels("binary", used, length, problems, positive=shown[positive], negative=shown[negative])


def _find_pair(words: Counter[str], known: str, where: str | None) -> tuple[str, str] | None:
    """Return the negative and the positive word, if two of the words deny each other, or one is or denies a known one."""
    pairs = [(word, positive) for word in words for positive in _positives(word) if positive in words]
    if len(pairs) > 1:
        raise InputError(
            "more than one pair of classes",
            where=where,
            got=", ".join(f"{positive}/{negative}" for negative, positive in pairs[:4]),
            remedy="use one pair of words, or 1 and 0",
        )
    if not pairs and known:
        pairs = [(word, known) for word in words if known in _positives(word)]
        pairs += [(f"not {known}", known)] if known in words else []
    return pairs[0] if pairs else None


def _positives(word: str) -> set[str]:
    """Return the words that ``word`` could be the denial of."""
    found = {_PAIRS[word]} if word in _PAIRS else set()
    if word.endswith("-"):
        found.add(word[:-1] + "+")
    found.update(word.removeprefix(negation) for negation in _NEGATIONS if word.startswith(negation))
    return found - {word, ""}


def _no_numbers(filled: dict[int, str], kind: str, where: str | None) -> InputError:
    common = Counter(filled.values()).most_common(4)
    shown = ", ".join(f"{word!r} ({count})" for word, count in common)
    if len(common) == 1:
        return InputError("all values are the same", where=where, got=shown, remedy="name another column")
    if len(common) == 2 and kind != "regression" and not any(_numeric(word) for word, _ in common):
        remedy = "write 1 for the positive one and 0 for the other"
        return InputError("two classes, but nobody knows which is positive", where=where, got=shown, remedy=remedy)
    return InputError(
        "no number that can be used",
        where=where,
        expected="numbers" if kind == "regression" else "numbers, 0 and 1, or words such as active and inactive",
        got=f"{shown}; the first: {_reason(next(iter(filled.values())))}",
        remedy="name another column",
    )


def check_labels(labels: Labels, where: str | None) -> Labels:
    """Refuse a column without two different values: no model can learn from it.

    Raises
    ------
    InputError
        All values are missing, or limits, or the same.
    """
    known = ~np.isnan(labels.values)
    found = np.unique(labels.values[known])
    if len(found) and labels.bounds[known].all():
        remedy = "add measured values, or name another column"
        raise InputError("every value is a limit", where=where, got=f"{known.sum()} limits and no measured value", remedy=remedy)
    if not len(found):
        missing = f"{len(labels.values)} missing values"
        raise InputError("no value in it", where=where, got=missing, remedy="name another column")
    if len(found) < 2:
        shown = (labels.negative, labels.positive)[int(found[0])] if labels.kind == "binary" else f"{found[0]:g}"
        raise InputError(
            "all values are the same",
            where=where,
            got=f"{shown} only",
            remedy="name another column, or add rows that differ",
        )
    return labels
