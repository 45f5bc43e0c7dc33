"""A table of compounds, or of other rows, with every row kept, of one file or several: what splits and audits work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from molgen.chem.standardize import MAX_ATOMS, read_compounds
from molgen.data.columns import find_column, find_target_columns
from molgen.data.joined import open_tables
from molgen.data.labels import check_labels, parse_labels
from molgen.data.tables import AnyTable, Row
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.rows import ReadRows

__all__ = ["CompoundTable", "RowTable", "read_compound_table", "read_targets"]

#: Rows whose molecules are in memory at a time, some 30 kB each.
_CHUNK = 2000


@dataclass(slots=True)
class RowTable:
    """All rows of a file, as text.

    Attributes
    ----------
    table
        Where they are from.
    rows
        Its records.
    """

    table: AnyTable
    rows: list[Row]

    @property
    def name(self) -> str:
        """What messages call the file or files."""
        return self.table.name

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.table.columns

    @property
    def notes(self) -> list[str]:
        """What was unusual about the file or files."""
        return self.table.notes

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, column: str, *, flag: str) -> list[str]:
        """Return the texts of one column; ``flag`` is what the user named it with.

        Raises
        ------
        InputError
            If there is no such column.
        """
        at = self.columns.index(find_column(self.columns, column, flag=flag, where=self.name))
        return [row.values[at] for row in self.rows]


@dataclass(slots=True)
class CompoundTable(RowTable):
    """All rows of a file of compounds, as text.

    Attributes
    ----------
    smiles
        The structure of each row as the file has it.
    """

    smiles: list[str]

    def molecules(self, max_atoms: int = MAX_ATOMS) -> Iterator[tuple[int, ReadRows]]:
        """Yield the number of a first row and the parent molecules of it and those after it, some 2,000 at a time.

        Rows whose record is damaged have no molecule, whatever their text.
        """
        for start in range(0, len(self), _CHUNK):
            compounds = read_compounds(self.smiles[start : start + _CHUNK], max_atoms=max_atoms)
            for at, row in enumerate(self.rows[start : start + _CHUNK]):
                if row.problem:
                    compounds.items[at] = None
                    compounds.statuses[at] = "invalid"
                    compounds.reasons[at] = row.problem
            yield start, compounds


def read_compound_table(paths: str | Path | Sequence[str | Path] | AnyTable, *, smiles: str | None = None) -> CompoundTable:
    """Read a table of compounds, or several as one.

    Parameters
    ----------
    paths
        CSV, TSV, SMI, SD or Parquet files, plain or packed; ``-`` for standard input. Or a table that is open already.
    smiles
        Name of the column of structures; guessed where the guess is unambiguous.

    Raises
    ------
    InputError
        If the file or the column cannot be used. No single row raises.
    """
    table = open_tables(paths)
    rows = list(table.rows())
    at = table.columns.index(table.find_smiles(smiles))
    return CompoundTable(table, rows, [row.values[at] for row in rows])


def read_targets(
    tables: Sequence[RowTable], names: Sequence[str], kind: Literal["auto", "regression", "binary"] = "auto"
) -> tuple[list[Task], Targets]:
    """Return the tasks of label columns and the labels of all tables, one after the other.

    A column is read once over all tables: what its words mean does not depend on which of them are in which table.

    Raises
    ------
    InputError
        If a table has no such column, or there is nothing to learn in it.
    """
    columns = find_target_columns(tables[0].columns, names, where=tables[0].name) if names else []
    tasks, values, bounds = [], [], []
    for name in columns:
        cells = [cell for table in tables for cell in table.cells(name, flag="--target")]
        where = f"{tables[0].name}, column {name!r}"
        labels = check_labels(parse_labels(cells, kind, where=where), where)
        tasks.append(Task(name, labels.kind, positive=labels.positive or "", classes=labels.classes))
        values.append(labels.values)
        bounds.append(labels.bounds)
    n = sum(map(len, tables))
    shape = (len(columns), n)
    read = np.array(values, dtype=np.float64).reshape(shape).T
    return tasks, Targets(read, np.array(bounds, dtype=np.int8).reshape(shape).T, np.ones(n))
