"""What splits and audits of tables share: molecules, sequences or pairs in, rows for a splitter, a table out."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.data.compounds import CompoundTable, RowTable, read_compound_table
from molgen.data.splits import SplitRows
from molgen.data.tables import AnyTable
from molgen.errors import InputError
from molgen.screening.output import replacing
from molgen.subjects import PairSubject, SequenceSubject
from molgen.subjects.sequence import find_alphabet

__all__ = ["check_text", "first_reason", "molecules", "read_items", "several", "split_rows", "write_table"]


def several(targets: str | Sequence[str]) -> list[str]:
    """Return one name or several as a list."""
    return [targets] if isinstance(targets, str) else list(targets)


def molecules(table: CompoundTable) -> tuple[list[Mol | None], dict[int, str]]:
    """Return the parent molecule of each row, and why there is none."""
    mols: list[Mol | None] = []
    reasons: dict[int, str] = {}
    for start, compounds in table.molecules():
        mols += compounds.items
        reasons |= {start + row: reason for row, reason in compounds.reasons.items()}
    return mols, reasons


def read_items(table: AnyTable, smiles: str | None, sequence: str | None) -> tuple[RowTable, list[Any], dict[int, str]]:
    """Read molecules; sequences, where their column is named or the format has no other; or pairs, where both columns are.

    Returns
    -------
    rows, items, reasons
        All rows of the table, what each is, and why some are nothing.
    """
    if sequence is None and (smiles is not None or not table.holds_sequences):
        compounds = read_compound_table(table, smiles=smiles)
        return compounds, *molecules(compounds)
    names = [] if smiles is None else [table.find_smiles(smiles)]
    names.append(table.find_sequence(sequence))
    rows = RowTable(table, list(table.rows()))
    texts = [rows.cells(name, flag="--sequence") for name in names]
    letters = SequenceSubject(find_alphabet(list(dict.fromkeys(texts[-1]))))
    read = letters.read(texts[0]) if smiles is None else PairSubject(sequences=letters).read(list(zip(*texts, strict=True)))
    read.refuse("invalid", {at: row.problem for at, row in enumerate(rows.rows) if row.problem})
    return rows, read.items, read.reasons


def first_reason(reasons: Mapping[int, str]) -> str:
    """Say how many rows have no molecule, and why the first has none."""
    return f"{len(reasons)} rows, the first: {reasons[min(reasons)]}" if reasons else "no rows"


def split_rows(
    table: RowTable,
    items: Sequence[Any],
    used: Sequence[int],
    labels: NDArray[np.float64],
    split_column: str | None,
) -> SplitRows:
    """Return what a splitter may look at, of the rows that are used."""
    cells = None if split_column is None else table.cells(split_column, flag="--split-column")
    return SplitRows(
        [items[row] for row in used],
        labels[used] if labels.shape[1] else None,
        None if cells is None else [cells[row] for row in used],
        f"{table.name}, column {split_column!r}",
        [f"line {table.rows[row].line}" for row in used],
    )


def check_text(path: str | Path | None) -> None:
    """Refuse the name of a table that :func:`write_table` would not write what it says into.

    Raises
    ------
    InputError
        If the ending is that of Parquet, of structures, or of another packing than gzip.
    """
    name = Path(path or "").name.lower()
    if Path(name.removesuffix(".gz")).suffix in (".parquet", ".zst", ".sdf", ".sd", ".smi", ".smiles"):
        raise InputError("a table is not written to a file of this name", where=str(path), expected=".csv, .tsv or .csv.gz")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[list[str]]) -> None:
    """Write a table: CSV, or tabs if its name ends in ``.tsv``; gzipped if it ends in ``.gz``."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    with _open_text(path) as file:
        writer = csv.writer(file, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


@contextmanager
def _open_text(path: Path) -> Iterator[TextIO]:
    """Open a table to write under a temporary name; gzipped, with no name or time in it, if its name ends so."""
    try:
        with replacing(path) as temporary:
            if path.suffix.lower() == ".gz":
                with temporary.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                    text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
                    yield text
                    text.detach()
            else:
                with temporary.open("w", encoding="utf-8", newline="") as file:
                    yield file
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", where=str(path)) from None
