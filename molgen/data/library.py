"""Compound libraries as a stream of blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from molgen.data.columns import find_id_column
from molgen.data.paths import expand_paths
from molgen.data.repeats import Repeats
from molgen.data.tables import Table, open_table
from molgen.errors import InputError

__all__ = ["BLOCK_ROWS", "Block", "Library", "open_library"]

#: Rows that are scored together. Blocks depend on the input alone, so the output does not depend on how many workers there are.
BLOCK_ROWS = 1024
#: Cells of a block at most: one of a table with 10,000 columns has fewer rows.
_BLOCK_CELLS = 1 << 20


class Block(NamedTuple):
    """Consecutive rows of one file, by column.

    Attributes
    ----------
    number
        0-based, over the whole library.
    source
        The file's name as it was given.
    rows
        1-based number of each record in its file.
    ids, smiles
        As the file has them; an id is empty where the file has no such column.
    problems
        Index into the block -> what is wrong with the record, with its line.
    extras
        The file's other columns, in the order of :attr:`Library.extras`; ``None`` for a column this file does not have.
    """

    number: int
    source: str
    rows: list[int]
    ids: list[str]
    smiles: list[str]
    problems: dict[int, str]
    extras: list[list[str] | None]


@dataclass(frozen=True, slots=True)
class _Source:
    table: Table
    name: str
    smiles_at: int
    id_at: int | None


@dataclass(frozen=True, slots=True)
class Library:
    """One or several files of compounds.

    Attributes
    ----------
    extras
        Columns that molgen does not know and passes through: the union over the files, in order of appearance.
    notes
        What was unusual about the files; reading them may add to it.
    """

    sources: list[_Source]
    extras: list[str]
    notes: list[str]

    def share_read(self) -> float:
        """Return how much of the files was read so far, 0 to 1: what progress and the time left are told from."""
        sizes = [source.table.source.size() or 0 for source in self.sources]
        read = sum(source.table.share_read() * size for source, size in zip(self.sources, sizes, strict=True))
        return min(1.0, read / max(1, sum(sizes)))

    def fingerprint(self) -> list[dict[str, str]] | None:
        """Return what tells this library from any other, as JSON: name and SHA-256 of each file; None where one is a pipe.

        It takes some seconds for each GB, and is known before the first row is.
        """
        if not all(source.table.source.is_file for source in self.sources):
            return None
        return [{"file": str(source.table.source.path), "sha256": source.table.source.sha256()} for source in self.sources]

    def changed(self, fingerprint: list[dict[str, str]]) -> str | None:
        """Return the name of a file that was another one when :meth:`blocks` read it, if there is one."""
        for source, was in zip(self.sources, fingerprint, strict=True):
            if source.table.source.sha256_read() != was["sha256"]:
                return source.name
        return None

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Block]:
        """Iterate over all rows, each once, in order; a block never spans two files.

        Raises
        ------
        InputError
            If a file turns out to be damaged; the blocks before the damage came out.
        """
        number = 0
        repeats = Repeats()
        for source in self.sources:
            told = len(source.table.notes)
            rows = source.table.rows()
            places = {name: at for at, name in enumerate(source.table.columns)}
            positions = [places.get(name) for name in self.extras]
            at_once = min(size, max(16, _BLOCK_CELLS // len(source.table.columns)))
            while batch := list(islice(rows, at_once)):
                values = [row.values for row in batch]
                ids = [""] * len(batch) if source.id_at is None else [each[source.id_at] for each in values]
                if source.id_at is not None:
                    repeats.add(ids)
                yield Block(
                    number,
                    source.name,
                    [row.number for row in batch],
                    ids,
                    [each[source.smiles_at] for each in values],
                    {at: f"{row.problem} ({source.table.place(row)})" for at, row in enumerate(batch) if row.problem},
                    [None if at is None else [each[at] for each in values] for at in positions],
                )
                number += 1
            self.notes.extend(f"{source.name}: {note}" for note in source.table.notes[told:])
        if note := repeats.note():
            self.notes.append(note)


def open_library(
    paths: str | Path | Sequence[str | Path], *, smiles: str | None = None, ids: str | None = None, needed: Sequence[str] = ()
) -> Library:
    """Look at the head of each file and find its columns.

    Parameters
    ----------
    paths
        CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns (``data/*.csv.gz``) and ``-`` for standard input, too.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    needed
        Further columns that each file must have.

    Raises
    ------
    InputError
        If a file cannot be read, no file fits a pattern, it is not clear which column holds the SMILES, or a column is missing.
    """
    sources: list[_Source] = []
    extras: dict[str, None] = {}
    notes: list[str] = []
    for path in expand_paths(paths):
        table = open_table(path)
        smiles_name = table.find_smiles(smiles)
        id_name = find_id_column(table.columns, ids, exclude=[smiles_name, *needed], where=table.name)
        for name in needed:
            if name not in table.columns:
                raise InputError(f"no column {name!r}, which the model reads", where=table.name, got=", ".join(table.columns)[:200])
        extras |= dict.fromkeys(name for name in table.columns if name not in (smiles_name, id_name))
        notes += [f"{table.name}: {note}" for note in table.notes]
        id_at = None if id_name is None else table.columns.index(id_name)
        sources.append(_Source(table, table.name, table.columns.index(smiles_name), id_at))
    return Library(sources, list(extras), notes)
