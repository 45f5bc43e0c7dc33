"""The label columns of a table: cells, signs and units to tasks and targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from molgen.chem.parse import Mol
from molgen.data.columns import find_column
from molgen.data.labels import Labels, check_labels, match_labels, parse_labels
from molgen.data.numbers import with_relations
from molgen.data.tables import Row
from molgen.data.targets import Targets
from molgen.data.tasks import Direction, Task
from molgen.data.units import Conversion, shared_unit
from molgen.errors import ConfigError

__all__ = ["LabelColumns", "LabelSettings", "one_each", "read_labels"]


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """What is said of the label columns; lists hold one entry for all targets, or one for each.

    Attributes
    ----------
    kind
        ``"auto"``, ``"regression"``, ``"binary"`` or ``"multiclass"``, for all targets.
    directions, units
        Whether high or low is good, and the unit, of the columns.
    positives
        The class that is positive of two, or that hits are ranked by of several; empty for a target of numbers.
    relations, unit_columns
        Columns of signs and of units.
    convert
        Target -> conversion.
    """

    kind: Literal["auto", "regression", "binary", "multiclass"] = "auto"
    directions: Sequence[Direction] = ()
    units: Sequence[str] = ()
    positives: Sequence[str] = ()
    relations: Sequence[str] = ()
    unit_columns: Sequence[str] = ()
    convert: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """What was read.

    Attributes
    ----------
    tasks
        One a column.
    targets
        Labels of all rows of the file.
    problems
        Line and reason of each label that cannot be used.
    notes
        How the text was read, where that is not plain.
    """

    tasks: list[Task]
    targets: Targets
    problems: list[tuple[int, str]]
    notes: list[str]


def read_labels(
    columns: Sequence[str],
    rows: Sequence[Row],
    names: Sequence[str],
    mols: Sequence[Mol | None],
    settings: LabelSettings,
    tasks: Sequence[Task] | None,
    where: str,
) -> LabelColumns:
    """Read the label columns of a table.

    Parameters
    ----------
    columns, rows
        The table.
    names
        Its label columns.
    mols
        The molecule of each row, for conversions by weight; ``None`` for what is none.
    settings
        What is said of them.
    tasks
        Tasks of a model that is there already, one a column: then nothing is learnt here, and values may all be the same.
    where
        The file, for messages.
    """
    cells = [_text(columns, rows, name) for name in names]
    for at, relation in enumerate(one_each(settings.relations, "", len(names), "relation column")):
        if relation:
            signs = _text(columns, rows, find_column(columns, relation, flag="--relation", where=where))
            cells[at] = with_relations(cells[at], signs)
    units: list[list[str] | None] = [
        _text(columns, rows, find_column(columns, each, flag="--unit-column", where=where)) if each else None
        for each in one_each(settings.unit_columns, "", len(names), "unit column")
    ]
    conversions = _conversions(names, settings.convert)
    positives = one_each(settings.positives, "", len(names), "positive class")
    read = []
    for at, name in enumerate(names):
        place, conversion = f"{where}, column {name!r}", conversions.get(name)
        if tasks is None:
            labels = parse_labels(cells[at], "regression" if conversion else settings.kind, positives[at], where=place)
        else:
            labels = match_labels(cells[at], tasks[at].kind, tasks[at].positive, tasks[at].classes, where=place)
        if conversion and conversion.needs_units and units[at] is None:
            remedy = f"say it, as in --convert {name}=nM:{conversion.result}, or name a column of units with --unit-column"
            raise ConfigError(f"the unit of {name!r} is not known", where=f"--convert {name}={conversion.text}", remedy=remedy)
        if conversion:
            labels = conversion.apply(labels, units[at], mols)
        read.append(labels if tasks is not None else check_labels(labels, place))
    if tasks is None:
        found = _new_tasks(names, read, settings, conversions, units, where)
    else:
        found = [replace(task, positive=labels.positive or "") for task, labels in zip(tasks, read, strict=True)]
    values, bounds = np.stack([each.values for each in read], axis=1), np.stack([each.bounds for each in read], axis=1)
    notes = [f"{name}: {note}" for name, each in zip(names, read, strict=True) for note in each.notes]
    return LabelColumns(found, Targets(values, bounds, np.ones(len(rows))), _problems(names, read, rows), notes)


def _text(columns: Sequence[str], rows: Sequence[Row], name: str) -> list[str]:
    at = columns.index(name)
    return [row.values[at] for row in rows]


def _conversions(names: Sequence[str], convert: Mapping[str, str]) -> dict[str, Conversion]:
    """Return the conversion of each target that has one."""
    found = {}
    for wanted, text in convert.items():
        same = [name for name in names if name.strip().casefold() == wanted.strip().casefold()]
        if not same:
            raise ConfigError(f"no target {wanted!r} to convert", where="--convert", expected=f"one of {', '.join(names)}")
        found[same[0]] = Conversion.parse(text, where=f"--convert {wanted}=")
    return found


def _new_tasks(
    names: Sequence[str],
    read: Sequence[Labels],
    settings: LabelSettings,
    conversions: Mapping[str, Conversion],
    row_units: Sequence[Sequence[str] | None],
    where: str,
) -> list[Task]:
    directions = one_each(settings.directions, "", len(names), "direction")
    units = one_each(settings.units, "", len(names), "unit")
    tasks = []
    for at, (name, labels) in enumerate(zip(names, read, strict=True)):
        direction, unit, conversion, column = directions[at], units[at], conversions.get(name), row_units[at]
        if conversion is None:
            unit = unit or (shared_unit(column, name, where) if column is not None else "")
            good: Direction = direction or "high"
            tasks.append(Task(name, labels.kind, unit, good, labels.positive or "", labels.classes))
            continue
        if unit:
            raise ConfigError(f"{name!r} is converted, which gives it its unit", where="--unit", got=unit)
        # A direction that was given is that of the column: a low IC50 is a high pIC50.
        good = _OPPOSITE[direction] if direction and conversion.flips else direction or "high"
        new = conversion.name(name)
        tasks.append(Task(new, labels.kind, unit=conversion.unit, direction=good, column=name, conversion=conversion.text))
    return tasks


_OPPOSITE: dict[Direction, Direction] = {"high": "low", "low": "high"}


def _problems(names: Sequence[str], read: Sequence[Labels], rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Return line and reason of each label that cannot be used."""
    return sorted(
        (rows[n].line, f"label {name!r}: {why}")
        for name, labels in zip(names, read, strict=True)
        for n, why in labels.problems.items()
        if not rows[n].problem
    )


def one_each(values: Sequence[Any], default: Any, n: int, what: str) -> list[Any]:
    """Return one value for each of `n`, from one for all or one for each."""
    if len(values) in (0, 1):
        return [values[0] if values else default] * n
    if len(values) != n:
        raise ConfigError(f"a {what} for each target", expected=f"1 or {n}" if n > 1 else "1", got=str(len(values)))
    return list(values)
