"""Measured values from text: numbers, limits or classes, with missing ones known from bad ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from molgen.data.classes import (
    MAX_FOUND,
    choose_pair,
    find_pair,
    is_verdict,
    name_classes,
    read_classes,
    read_pair,
    read_words,
)
from molgen.data.numbers import MISSING, explain, is_numeric, read_numbers
from molgen.errors import ConfigError, InputError

__all__ = ["Labels", "check_labels", "match_labels", "parse_labels"]

Kind = Literal["regression", "binary", "multiclass"]

#: Share of a column that words beside a pair such as low and high must make up to be classes of their own.
_BESIDE = 0.1
#: Rows a class, on the average, from which on words are taken for classes unasked.
_ROWS_A_CLASS = 2


@dataclass(frozen=True, slots=True)
class Labels:
    """The values of one column.

    Attributes
    ----------
    kind
        ``"regression"``, ``"binary"`` or ``"multiclass"``.
    values
        float64, one a row; NaN where the value is missing or bad. Classes are numbered from 0; 1 is the positive one of two.
    bounds
        int8, one a row: 1 where the value is a lower limit (``>10``), -1 where it is an upper one, else 0.
    problems
        Row number (0-based) -> why the value there cannot be used. Missing values are no problem.
    positive, negative
        What stands in the file for 1 and for 0 of two classes; ``positive`` of several is the one that was asked for. Else None.
    classes
        What stands in the file for each class, where the words themselves do not tell.
    notes
        How the text was read, where that is not plain.
    """

    kind: Kind
    values: npt.NDArray[np.float64]
    bounds: npt.NDArray[np.int8]
    problems: dict[int, str] = field(default_factory=dict)
    positive: str | None = None
    negative: str | None = None
    classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def parse_labels(
    values: Sequence[str], kind: Literal["auto"] | Kind = "auto", positive: str = "", *, where: str | None = None
) -> Labels:
    """Turn a column of text into numbers or classes.

    Numbers are plain decimals (``3``, ``-0.5``, ``1e-9``). A column in which *every* number that has a fraction writes
    it after a comma (``3,5``) is read so, with a note, unless all the commas could part thousands; a comma among points
    is a problem of its row. ``>10`` and ``<=0.1`` are limits; ``~5`` is 5, with a note. Infinities, units and words among
    numbers are problems.

    Two classes are 0 and 1 (also ``1.0``), -1 and 1, or a pair of words of which one denies the other: active and
    inactive, yes and no, true and false, pos and neg, toxic and non-toxic, ``BBB+`` and ``BBB-`` and the like, in any
    case; any other two words if ``positive`` is one of them. Some few other words beside such a pair, and those that withhold
    a verdict (``inconclusive``), are problems. Three to 20 words that come back are classes.

    Parameters
    ----------
    values
        The cells, one a row.
    kind
        ``"auto"`` is binary where all values are 0 and 1, -1 and 1, or such a pair of words, multiclass where there are several
        words, else regression. ``"multiclass"`` makes a class of every distinct cell, numbers included.
    positive
        The word (or 0, 1, -1) for the positive class of two, or for the class of several that matters most.
    where
        File and column, for the messages.

    Raises
    ------
    InputError
        Nothing to learn from: all values are missing, or bad, or the same; there are two words of which nobody knows
        which is positive; or no class is called ``positive``.
    ConfigError
        ``kind`` is unknown.
    """
    if kind not in ("auto", "regression", "binary", "multiclass"):
        raise ConfigError("no such kind of label", where=where, expected="auto, regression, binary or multiclass", got=repr(kind))
    filled = _filled(values)
    if not filled:
        return check_labels(_spread("regression" if kind == "auto" else kind, {}, len(values)), where)
    words = _words(filled)
    if kind == "multiclass" or (kind == "auto" and _are_several(filled, words, where)):
        return check_labels(_several(filled, positive, len(values), where, numbers=kind == "multiclass"), where)
    pair = None
    if kind != "regression" and sum(words.values()) >= len(filled) / 2:
        pair = choose_pair(words, positive, where) if positive else find_pair(words, "", where)
    # Words that deny each other tell which is positive anywhere; others have to be remembered.
    custom = bool(pair and positive and find_pair(words, "", where) != pair)
    return check_labels(_one_or_two(filled, kind, pair, positive, len(values), where, custom=custom), where)


def match_labels(
    values: Sequence[str],
    kind: Kind,
    positive: str = "",
    classes: Sequence[str] = (),
    *,
    where: str | None = None,
) -> Labels:
    """Turn a column of text into the numbers or classes of a task that a model predicts already.

    As :func:`parse_labels`, but there is nothing to learn here: the values may all be the same, or missing, and a word for a
    class needs no opposite beside it.

    Parameters
    ----------
    values
        The cells, one a row.
    kind, positive, classes
        The task's, with the words of its training.
    where
        File and column, for the messages.

    Raises
    ------
    InputError
        The values are of another kind.
    """
    filled = _filled(values)
    words = _words(filled)
    if not filled:
        return _spread(kind, {}, len(values))
    if kind == "multiclass" or (classes and sum(words.values()) >= len(filled) / 2):
        used, problems, named = read_words(filled, classes)
        if not used:
            common = ", ".join(word for word, _ in Counter(filled.values()).most_common(4))
            raise InputError("none of the classes", where=where, expected=", ".join(classes), got=common[:100])
        return _spread(kind, used, len(values), problems, positive=positive, negative=named[0], classes=named)
    pair = None
    if kind == "binary" and sum(words.values()) >= len(filled) / 2:
        pair = find_pair(words, positive.casefold(), where)
    return _one_or_two(filled, kind, pair, positive, len(values), where, matching=True)


def _filled(values: Sequence[str]) -> dict[int, str]:
    """Return the cells that hold something; a minus is a class where there is a plus, and else a dash."""
    cells = [value.strip().replace("\u2212", "-") for value in values]
    missing = MISSING - {"-"} if "+" in cells else MISSING
    return {row: cell for row, cell in enumerate(cells) if cell.casefold() not in missing}


def _words(filled: Mapping[int, str]) -> Counter[str]:
    return Counter(cell.casefold() for cell in filled.values() if not is_numeric(cell))


def _are_several(filled: Mapping[int, str], words: Counter[str], where: str | None) -> bool:
    """Tell whether the words of a column are three or more classes."""
    count = sum(words.values())
    if not 3 <= len(words) <= MAX_FOUND or count < len(filled) / 2 or count < _ROWS_A_CLASS * len(words):
        return False
    pair = find_pair(words, "", where)
    beside = sum(n for word, n in words.items() if is_verdict(word) and word not in (pair or ()))
    return pair is None or beside >= _BESIDE * len(filled)


def _several(filled: dict[int, str], positive: str, length: int, where: str | None, *, numbers: bool) -> Labels:
    usable = filled if numbers else {row: cell for row, cell in filled.items() if not is_numeric(cell)}
    classes = name_classes(usable, where)
    same = [word for word in classes if word.casefold() == positive.casefold()]
    if positive and not same:
        raise InputError(f"no class {positive!r}", where=where, expected=f"one of {', '.join(classes)}")
    used, problems, _ = read_words(filled, classes)
    return _spread("multiclass", used, length, problems, positive=same[0] if same else None, classes=classes)


def _one_or_two(
    filled: dict[int, str],
    kind: str,
    pair: tuple[str, str] | None,
    positive: str,
    length: int,
    where: str | None,
    *,
    custom: bool = False,
    matching: bool = False,
) -> Labels:
    """Read numbers, or two classes."""
    if pair:
        return _two(*read_pair(filled, pair), length, custom=custom)
    numbers, bounds, notes = read_numbers(filled)
    if not numbers:
        raise _no_numbers(filled, kind, where)
    classes = kind == "auto" and not bounds and set(numbers.values()) in ({0.0, 1.0}, {-1.0, 1.0})
    if kind == "binary" or classes:
        exact = {row: number for row, number in numbers.items() if row not in bounds}
        return _two(*read_classes(filled, exact, positive, where, matching=matching), length)
    if positive and not matching:
        raise InputError(f"no class {positive!r}", where=where, got="a column of numbers")
    problems = {row: explain(cell) for row, cell in filled.items() if row not in numbers}
    return _spread("regression", numbers, length, problems, bounds=bounds, notes=notes)


def _two(used: dict[int, float], problems: dict[int, str], names: tuple[str, ...], length: int, *, custom: bool = False) -> Labels:
    negative, positive = names
    classes = names if custom else ()
    return _spread("binary", used, length, problems, positive=positive, negative=negative, classes=classes)


def _spread(
    kind: Kind,
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


def _no_numbers(filled: dict[int, str], kind: str, where: str | None) -> InputError:
    common = Counter(filled.values()).most_common(4)
    shown = ", ".join(f"{word!r} ({count})" for word, count in common)
    if len(common) == 1 and kind != "regression":
        return InputError("all values are the same", where=where, got=shown, remedy="name another column")
    if len(common) == 2 and kind != "regression" and not any(is_numeric(word) for word, _ in common):
        remedy = "say it with --positive, or write 1 for the positive one and 0 for the other"
        return InputError("two classes, but nobody knows which is positive", where=where, got=shown, remedy=remedy)
    return InputError(
        "no number that can be used",
        where=where,
        expected="numbers" if kind == "regression" else "numbers, 0 and 1, or words such as active and inactive",
        got=f"{shown}; the first: {explain(next(iter(filled.values())))}",
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
        shown = (labels.negative, labels.positive)[int(found[0])] if labels.kind == "binary" else _name(labels, found[0])
        raise InputError(
            "all values are the same",
            where=where,
            got=f"{shown} only",
            remedy="name another column, or add rows that differ",
        )
    return labels


def _name(labels: Labels, value: float) -> str:
    return labels.classes[int(value)] if labels.kind == "multiclass" else f"{value:g}"
