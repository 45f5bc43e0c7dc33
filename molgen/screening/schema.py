"""The columns of a screen's output, and which of them cost what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from molgen.data.tasks import RESERVED_NAMES, Task, output_names
from molgen.errors import ConfigError

__all__ = ["OutputSchema", "output_schema"]

_ROW_COLUMNS = RESERVED_NAMES[1:-1]


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """What is written, and under which names.

    Attributes
    ----------
    columns
        Names in order.
    scores
        Those that hold what the bundle predicts.
    extras
        Input column -> its name in the output, for columns that pass through.
    words
        Those that hold the likeliest of several classes.
    """

    columns: list[str]
    scores: list[str]
    extras: dict[str, str]
    words: tuple[str, ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The schema of the record batches."""
        return pa.schema([(name, self._type(name)) for name in self.columns])

    def _type(self, name: str) -> pa.DataType:
        if name in self.scores and name not in self.words:
            return pa.float64()
        return pa.int64() if name == "row" else pa.string()


def output_schema(tasks: Sequence[Task], extras: Sequence[str], wanted: Sequence[str] | None = None) -> OutputSchema:
    """Name the output's columns.

    Parameters
    ----------
    tasks
        The bundle's tasks.
    extras
        Input columns that pass through; one whose name the output has already gets the prefix ``input_``.
    wanted
        The columns to keep, in the order wanted; ``None`` for all.

    Raises
    ------
    ConfigError
        If a wanted column does not exist.
    """
    scores = [*(name for task in tasks for name in output_names(task)), "domain"]
    taken = {*_ROW_COLUMNS, *scores}
    renamed = {}
    for name in extras:
        new = name
        while new in taken:
            new = f"input_{new}"
        taken.add(new)
        renamed[name] = new
    columns = [*_ROW_COLUMNS, *scores, *renamed.values()]
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
        {old: new for old, new in renamed.items() if new in columns},
        tuple(task.name for task in tasks if task.kind == "multiclass"),
    )
