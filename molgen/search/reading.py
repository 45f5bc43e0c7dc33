"""A library as blocks of molecules, with an account of every row that is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from molgen.chem.parse import parse_batch
from molgen.chem.standardize import read_compounds
from molgen.data.library import Block, Library
from molgen.rows import ReadRows

__all__ = ["ROW_COLUMNS", "Tally", "read_as_written", "read_block", "read_blocks", "row_table", "row_values"]

#: Where a row comes from: the columns of every answer.
ROW_COLUMNS = ("row", "source", "id", "smiles")
_TYPES = {"row": pa.int64()}


@dataclass(slots=True)
class Tally:
    """What became of the rows of a library.

    Attributes
    ----------
    rows
        Rows read.
    statuses
        Rows by status: ``"ok"``, ``"invalid"``, ``"too_large"``.
    reasons
        Rows that are not ``ok`` by kind of reason (its words before the first colon).
    """

    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, compounds: ReadRows) -> None:
        """Count a block."""
        self.rows += len(compounds.statuses)
        self.statuses.update(compounds.statuses)
        self.reasons.update(reason.split(":", 1)[0].split(" (line ", 1)[0] for reason in compounds.reasons.values())

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain data: ``rows, statuses, reasons``."""
        reasons = [{"reason": reason, "rows": n} for reason, n in self.reasons.most_common()]
        return {"rows": self.rows, "statuses": dict(self.statuses), "reasons": reasons}


def read_blocks(library: Library, read: Callable[[Sequence[str]], ReadRows] = read_compounds) -> Iterator[tuple[Block, ReadRows]]:
    """Iterate over a library's blocks and what their SMILES stand for.

    Parameters
    ----------
    library
        The library; see :func:`~molgen.data.library.open_library`.
    read
        From SMILES to molecules: parent compounds, or :func:`read_as_written`.
    """
    return ((block, read_block(block, read)) for block in library.blocks())


def read_block(block: Block, read: Callable[[Sequence[str]], ReadRows] = read_compounds) -> ReadRows:
    """Return what the SMILES of a block stand for."""
    compounds = read(["" if at in block.problems else text for at, text in enumerate(block.texts)])
    for at, problem in block.problems.items():
        compounds.statuses[at], compounds.reasons[at] = "invalid", problem
    return compounds


def read_as_written(rows: Sequence[str]) -> ReadRows:
    """Parse SMILES and change nothing: salts keep their counter-ions and charges stay, so that atoms keep their numbers."""
    parsed = parse_batch(rows)
    large = {row for row, reason in parsed.errors.items() if reason.startswith("too long")}
    statuses = ["ok" if mol else "too_large" if row in large else "invalid" for row, mol in enumerate(parsed.mols)]
    return ReadRows(parsed.mols, statuses, parsed.errors, parsed.notes)


def row_values(block: Block, at: int) -> list[Any]:
    """Return the values of :data:`ROW_COLUMNS` and of the library's further columns for a row of a block."""
    others = ["" if column is None else column[at] for column in block.extras]
    return [block.rows[at], block.source, block.ids[at], block.texts[at], *others]


def row_table(rows: Sequence[Sequence[Any]], extras: Mapping[str, str], added: Mapping[str, tuple[pa.DataType, Any]]) -> pa.Table:
    """Put an answer's rows together.

    Parameters
    ----------
    rows
        Values of :data:`ROW_COLUMNS` and of the library's further columns, of each row.
    extras
        Those columns -> their names in the output.
    added
        Columns of the answer: name -> type and values.
    """
    names = [*ROW_COLUMNS, *extras.values()]
    columns = {name: pa.array(values, kind) for name, (kind, values) in added.items()}
    columns |= {name: pa.array([row[at] for row in rows], _TYPES.get(name, pa.string())) for at, name in enumerate(names)}
    return pa.table(columns)
