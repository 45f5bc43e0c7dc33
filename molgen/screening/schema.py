"""The columns of a screen's output, and which of them cost what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from molgen.data.tasks import Task, output_names
from molgen.errors import ConfigError
from molgen.filters.base import ColumnType

__all__ = ["OutputSchema", "output_schema", "pass_through"]

#: Columns that rows of any kind have, and what they have besides by the column that they are read from.
_ROW_COLUMNS = {
    "smiles": ("row", "source", "id", "smiles", "status", "reason", "notes", "canonical_smiles"),
    "sequence": ("row", "source", "id", "sequence", "status", "reason", "notes"),
    "pair": ("row", "source", "id", "smiles", "sequence", "status", "reason", "notes"),
    "response": ("row", "source", "id", "smiles", "profile", "status", "reason", "notes"),
}
_TYPES = {"text": pa.string(), "count": pa.int64(), "number": pa.float64()}


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """What is written, and under which names.

    Attributes
    ----------
    columns
        Names in order.
    scores
        Those that hold what the bundle predicts.
    annotations
        Column that a filter fills -> what it holds.
    extras
        Input column -> its name in the output, for columns that pass through.
    words
        Those that hold the likeliest of several classes.
    """

    columns: list[str]
    scores: list[str]
    annotations: dict[str, ColumnType]
    extras: dict[str, str]
    words: tuple[str, ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The schema of the record batches."""
        return pa.schema([(name, self._type(name)) for name in self.columns])

    def _type(self, name: str) -> pa.DataType:
        if name in self.scores and name not in self.words:
            return pa.float64()
        return pa.int64() if name == "row" else _TYPES[self.annotations.get(name, "text")]


def output_schema(
    tasks: Sequence[Task],
    extras: Sequence[str],
    wanted: Sequence[str] | None = None,
    *,
    annotations: Mapping[str, ColumnType] | None = None,
    percentiles: Sequence[str] = (),
    about: str = "smiles",
) -> OutputSchema:
    """Name the output's columns.

    Parameters
    ----------
    tasks
        The bundle's tasks; none where rows are filtered only.
    extras
        Input columns that pass through; one whose name the output has already gets the prefix ``input_``.
    wanted
        The columns to keep, in the order wanted; ``None`` for all.
    annotations
        The columns that filters fill, and what each holds.
    percentiles
        Columns of percentiles that were asked for.
    about
        What rows are: ``"smiles"``, ``"sequence"``, a ``"pair"`` of both, or a ``"response"`` of a sample to a molecule.

    Raises
    ------
    ConfigError
        If a wanted column does not exist, or an annotation has the name of another column.
    """
    scores = [*(name for task in tasks for name in output_names(task)), "domain", *percentiles] if tasks else []
    filled, of_rows = dict(annotations or {}), _ROW_COLUMNS[about]
    for name in filled:
        if name in (*of_rows, *scores):
            raise ConfigError(f"the output has a column {name!r} already", where="--annotate", remedy="leave this annotation out")
    renamed = pass_through(extras, (*of_rows, *scores, *filled))
    columns = [*of_rows, *scores, *filled, *renamed.values()]
    if wanted is not None:
        unknown = [name for name in wanted if name not in columns]
        if unknown or not wanted:
            raise ConfigError(
                f"no output column {unknown[0]!r}" if unknown else "no output column is left",
                where="--columns",
                expected=f"some of {', '.join(columns)}",
            )
        columns = list(dict.fromkeys(wanted))
    return OutputSchema(
        columns,
        [name for name in columns if name in scores],
        {name: kind for name, kind in filled.items() if name in columns},
        {old: new for old, new in renamed.items() if new in columns},
        tuple(task.name for task in tasks if task.kind == "multiclass"),
    )


def pass_through(extras: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Name input columns in an output: as they are, or with the prefix ``input_`` where the name is taken."""
    names = set(taken)
    renamed = {}
    for name in extras:
        new = name
        while new in names:
            new = f"input_{new}"
        names.add(new)
        renamed[name] = new
    return renamed
