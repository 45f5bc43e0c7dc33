"""Chosen rows as a file: a table, or structures that a drawing or docking program opens."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from rdkit import Chem

from molgen.chem.sd_record import sd_record
from molgen.chem.standardize import canonical_smiles
from molgen.files import replacing, write_failed
from molgen.rows import ReadRows
from molgen.screening.output import TableWriter

__all__ = ["is_structures", "write_hits", "write_tables"]

_SD = (".sdf", ".sd")
_SMILES = (".smi", ".smiles")

#: From SMILES to the molecules that are written.
Read = Callable[[list[str]], ReadRows]


def write_hits(path: Path, hits: pa.Table, columns: Sequence[str], read: Read, partner: str | None = None) -> None:
    """Write rows in their order.

    Parameters
    ----------
    path
        ``.sdf`` for structures in the plane with all columns as data items, ``.smi`` for canonical SMILES and ids, each also with
        ``.gz`` after it; else a table, see :class:`~molgen.screening.output.TableWriter`.
    hits
        Best first, with ``row, id, smiles`` and the columns.
    columns
        What to write.
    read
        What made molecules of the SMILES, such as a bundle's: structures are those that were looked at, without counter-ions.
    partner
        Of pairs, the column that names what a molecule was scored with: structures are called by both.

    Raises
    ------
    InputError
        If the disk is full, or refuses for another reason.
    """
    write_tables(path, [hits], columns, read, partner)


def is_structures(path: Path) -> bool:
    """Tell whether a file's name asks for structures, and not for a table."""
    return _kind(path) in (*_SD, *_SMILES)


def _kind(path: Path) -> str:
    return Path(path.stem if path.suffix.lower() == ".gz" else path.name).suffix.lower()


def write_tables(path: Path, tables: Iterable[pa.Table], columns: Sequence[str], read: Read, partner: str | None = None) -> None:
    """Write tables of the same columns one after the other, as they come; otherwise as :func:`write_hits` does.

    Parameters
    ----------
    path, columns, read, partner
        As for :func:`write_hits`.
    tables
        At least one.
    """
    kind = _kind(path)
    if is_structures(path):
        lines = _sd_records if kind in _SD else _smiles_lines
        _write_lines(path, (line for table in tables for line in lines(table, columns, read, partner)))
        return
    coming = (table.select(columns) for table in tables)
    first = next(coming)
    with TableWriter(path, first.schema) as writer:
        for table in chain([first], coming):
            for batch in table.to_batches():
                writer.write(batch)


def _sd_records(table: pa.Table, columns: Sequence[str], read: Read, partner: str | None) -> Iterator[str]:
    for row, mol in _structures(table, read):
        yield sd_record(mol, _title(row, partner), {name: row[name] for name in columns})


def _smiles_lines(table: pa.Table, columns: Sequence[str], read: Read, partner: str | None) -> Iterator[str]:  # noqa: ARG001
    for row, mol in _structures(table, read):
        name = "".join(char if char.isprintable() else "_" for char in _title(row, partner))
        yield f"{canonical_smiles([mol])[0]}\t{name}\n"


def _structures(table: pa.Table, read: Read) -> Iterator[tuple[dict[str, Any], Chem.Mol]]:
    rows = table.to_pylist()
    # A row that was looked at can be read again.
    yield from zip(rows, (mol or Chem.Mol() for mol in read([row["smiles"] for row in rows]).items), strict=True)


def _title(row: dict[str, Any], partner: str | None) -> str:
    name = row["id"] or str(row["row"])
    return f"{name} {row[partner]}" if partner is not None and row.get(partner) else name


def _write_lines(path: Path, lines: Iterator[str]) -> None:
    with replacing(path) as temporary:
        try:
            with temporary.open("wb") as file:
                # Neither a name nor a time in the gzip header: the same hits give the same bytes.
                packed: IO[bytes] = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.suffix.lower() == ".gz" else file  # type: ignore[assignment]
                with packed:
                    for line in lines:
                        packed.write(line.encode("utf-8", errors="replace"))
        except OSError as failure:
            raise write_failed(path, failure) from None
