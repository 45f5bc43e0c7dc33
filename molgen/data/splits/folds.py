"""The two calls of the package: a split, or the splits of a cross-validation, by the splitter's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits.base import DEFAULT_FRACTIONS, Fractions, Split, SplitRows, Splitter, get_splitter
from molgen.errors import ConfigError, InputError
from molgen.subjects import Subject

__all__ = ["divide_rows", "make_folds", "make_split"]


class _Dataset(Protocol):
    """What is looked at of a :class:`~molgen.data.dataset.Dataset`."""

    subject: Subject
    ids: list[str]
    items: list[Any]
    targets: NDArray[np.float64]
    columns: dict[str, list[str]]
    contigs: list[str] | None
    source: dict[str, str]


def make_split(
    data: _Dataset | SplitRows | Sequence[Any],
    name: str = "scaffold",
    *,
    column: str | None = None,
    fractions: Fractions = DEFAULT_FRACTIONS,
    seed: int = 0,
    **options: Any,
) -> Split:
    """Divide rows into training, validation and test parts.

    Parameters
    ----------
    data
        A :class:`~molgen.data.dataset.Dataset`, or molecules or sequences alone.
    name
        The splitter; :func:`~molgen.data.splits.base.available` lists them.
    column
        The data set's column that the splitter reads, of those that were kept when it was loaded (``extra_columns``).
    fractions
        Shares of training, validation and test rows.
    seed
        For splitters that draw.
    options
        Options of the splitter, such as ``similarity`` of ``butina``.

    Raises
    ------
    ConfigError
        If the splitter or an option is unknown, the fractions add up to anything but 1, or what the splitter needs is not there.
    InputError
        If the column cannot be used.

    Examples
    --------
    >>> make_split([Chem.MolFromSmiles("CCO")] * 10, "random").sizes()  # doctest: +SKIP
    {'train': 8, 'valid': 1, 'test': 1}
    """
    if len(fractions) != 3 or min(fractions) < 0 or not abs(sum(fractions) - 1) <= 1e-6:  # NaN is refused too
        raise ConfigError("unusable fractions", expected="three shares that are not negative and add up to 1", got=str(fractions))
    splitter = get_splitter(name, **options)
    return splitter.split(_rows(data, splitter, column), fractions, seed)


def make_folds(
    data: _Dataset | SplitRows | Sequence[Any],
    name: str = "scaffold",
    k: int = 5,
    seed: int = 0,
    *,
    column: str | None = None,
    **options: Any,
) -> list[Split]:
    """Make the splits of a k-fold cross-validation.

    The rows are divided into ``k`` parts. Split ``i`` tests on part ``i`` and validates on the part after it (the first after the
    last); the rest is training. So every row is tested once, and validated on once. By time, nothing later than the test part may
    be seen: the rows are divided into ``k + 2`` spans, and split ``i`` trains on the first ``i + 1``, validates on the next and
    tests on the one after that.

    Parameters
    ----------
    data, name, column, options
        As for :func:`make_split`.
    k
        Number of splits; 3 or more, or 1 or more by time.
    seed
        For splitters that draw.

    Raises
    ------
    ConfigError
        If the splitter has no folds, ``k`` is too small, or what the splitter needs is not there.
    InputError
        If the data has too few rows or groups for ``k`` parts.
    """
    splitter = get_splitter(name, **options)
    least = 1 if splitter.forward else 3
    if k < least:
        raise ConfigError("too few folds: one is tested on, one validated on", expected=f"{least} or more", got=str(k))
    rows = _rows(data, splitter, column)
    parts = splitter.folds(rows, k + 2 if splitter.forward else k, seed)
    empty = sum(not len(part) for part in parts)
    if empty:
        filled = len(parts) - empty
        raise InputError(
            f"split {name!r} cannot make {len(parts)} parts", got=f"rows or groups for {filled} only", remedy="ask for fewer"
        )
    if splitter.forward:
        return [Split.of(_joined(parts[: i + 1]), parts[i + 1], parts[i + 2]) for i in range(k)]
    return [_rotated(parts, i) for i in range(k)]


def divide_rows(
    data: _Dataset,
    rows: NDArray[np.int64],
    name: str,
    k: int,
    seed: int = 0,
    *,
    column: str | None = None,
    **options: Any,
) -> list[NDArray[np.int64]]:
    """Divide some rows into ``k`` parts of about the same size, or fewer where groups are fewer.

    Parameters
    ----------
    data, name, column, options
        As for :func:`make_split`; the splitter needs folds.
    rows
        Which rows.
    k, seed
        As for :func:`make_folds`.

    Raises
    ------
    ConfigError
        If the splitter has no folds, or what it needs is not there.
    """
    splitter = get_splitter(name, **options)
    parts = splitter.folds(_rows(data, splitter, column).take(rows), k, seed)
    return [rows[part] for part in parts if len(part)]


def _rotated(parts: Sequence[NDArray[np.int64]], tested: int) -> Split:
    validated = (tested + 1) % len(parts)
    rest = [part for at, part in enumerate(parts) if at not in (tested, validated)]
    return Split.of(_joined(rest), parts[validated], parts[tested])


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.sort(np.concatenate(parts))


def _rows(data: _Dataset | SplitRows | Sequence[Any], splitter: Splitter, column: str | None) -> SplitRows:
    if isinstance(data, SplitRows):
        rows = data
    elif isinstance(data, Sequence):
        rows = SplitRows(data)
    else:
        rows = _of_dataset(data, column)
    if splitter.needs_column and rows.cells is None:
        raise ConfigError(f"split {splitter.name!r} needs a column", remedy="name it with --split-column COLUMN")
    return rows


def _of_dataset(data: _Dataset, column: str | None) -> SplitRows:
    if column is not None and column not in data.columns:
        known = ", ".join(map(repr, data.columns)) or "none"
        raise ConfigError(f"the data set was loaded without column {column!r}", expected=f"one of its columns: {known}")
    where = f"{data.source.get('file', 'data')}, column {column!r}"
    cells = None if column is None else data.columns[column]
    return SplitRows(data.items, data.targets, cells, where, [f"{data.subject.noun} {name}" for name in data.ids], data.contigs)
