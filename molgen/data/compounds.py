"""A table with the molecule of each row, every row kept: what splits and audits of files work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.chem.standardize import MAX_ATOMS, read_compounds
from molgen.data.columns import find_column, find_smiles_column, find_target_columns
from molgen.data.labels import parse_labels
from molgen.data.tables import Row, open_table
from molgen.data.tasks import Task

__all__ = ["CompoundTable", "read_compound_table", "read_labels"]


@dataclass(slots=True)
class CompoundTable:
    """All rows of a file.

    Attributes
    ----------
    path
        The file.
    columns
        Names of its columns.
    rows
        Its records.
    smiles
        The structure of each row as the file has it.
    mols
        The parent molecule of each row; ``None`` where there is none.
    reasons
        Row number (0-based) -> why there is none.
    changed
        Rows whose parent is not the molecule as written: counter-ions stripped, charges settled.
    notes
        What was unusual about the file.
    """

    path: Path
    columns: list[str]
    rows: list[Row]
    smiles: list[str]
    mols: list[Mol | None]
    reasons: dict[int, str] = field(default_factory=dict)
    changed: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, column: str, *, flag: str) -> list[str]:
        """Return the texts of one column; ``flag`` is what the user named it with.

        Raises
        ------
        InputError
            If there is no such column.
        """
        at = self.columns.index(find_column(self.columns, column, flag=flag, where=str(self.path)))
        return [row.values[at] for row in self.rows]


def read_compound_table(path: str | Path, *, smiles: str | None = None, max_atoms: int = MAX_ATOMS) -> CompoundTable:
    """Read a table and the parent molecule of each row.

    Parameters
    ----------
    path
        CSV, TSV or SMI file, plain or gzipped.
    smiles
        Name of the column of structures; guessed where the guess is unambiguous.
    max_atoms
        Larger molecules count as none.

    Raises
    ------
    InputError
        If the file or the column cannot be used. No single row raises.
    """
    table = open_table(path)
    rows = list(table.rows())
    at = table.columns.index(find_smiles_column(table.columns, table.sample, smiles, where=str(path)))
    texts = [row.values[at] for row in rows]
    compounds = read_compounds(texts, max_atoms=max_atoms)
    reasons = dict(compounds.reasons)
    mols = list(compounds.mols)
    for number, row in enumerate(rows):
        if row.problem:
            mols[number] = None
            reasons[number] = row.problem
    changed = frozenset(number for number in compounds.notes if mols[number] is not None)
    return CompoundTable(table.path, table.columns, rows, texts, mols, reasons, changed, table.notes)


def read_labels(
    tables: Sequence[CompoundTable], targets: Sequence[str], kind: Literal["auto", "regression", "binary"] = "auto"
) -> tuple[list[Task], NDArray[np.float64]]:
    """Return the tasks of label columns and their values ``[n, tasks]`` over the rows of all tables, one after the other.

    A value is NaN where there is none, or where it cannot be read.

    Raises
    ------
    InputError
        If a table has no such column, or there is nothing to learn in it.
    """
    names = find_target_columns(tables[0].columns, targets, where=str(tables[0].path)) if targets else []
    tasks, values = [], []
    for name in names:
        cells = [cell for table in tables for cell in table.cells(name, flag="--target")]
        parsed = parse_labels(cells, kind, where=f"{tables[0].path}, column {name!r}")
        tasks.append(Task(name, parsed.kind, positive=parsed.positive or ""))
        values.append(parsed.values)
    n = sum(map(len, tables))
    return tasks, np.array(values, dtype=np.float64).reshape(len(names), n).T
