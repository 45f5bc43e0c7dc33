"""Compound libraries as a stream of blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from molgen.bio.genome import Genome
from molgen.data.columns import find_id_column
from molgen.data.intervals import IntervalTable
from molgen.data.paths import expand_paths, is_prepared
from molgen.data.prepared.reader import EXTRA, PreparedBlock, PreparedRows, PreparedSource, read_prepared
from molgen.data.repeats import Repeats
from molgen.data.tables import Row, Table, open_table
from molgen.errors import ConfigError, InputError

__all__ = ["BLOCK_LETTERS", "BLOCK_ROWS", "AnyBlock", "Block", "Library", "load_block", "open_library"]

#: Rows that are scored together. Blocks depend on the input alone, so the output does not depend on how many workers there are.
BLOCK_ROWS = 1024
#: Letters after which a block has no further rows.
BLOCK_LETTERS = 1 << 22
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
    ids, texts
        As the file has them; an id is empty where the file has no such column. Texts are SMILES, or sequences, or of pairs a tuple
        of both.
    problems
        Index into the block -> what is wrong with the record, with its line.
    extras
        The file's other columns, in the order of :attr:`Library.extras`; ``None`` for a column this file does not have.
    prepared
        What is known of the rows already, if they come from a prepared library.
    """

    number: int
    source: str
    rows: list[int]
    ids: list[str]
    texts: list[Any]
    problems: dict[int, str]
    extras: list[list[str] | None]
    prepared: PreparedRows | None = None

    @property
    def size(self) -> int:
        """Its number of rows."""
        return len(self.rows)


#: A block, or where one is: those of prepared libraries are read by whoever needs them.
AnyBlock: TypeAlias = Block | PreparedBlock


@dataclass(frozen=True, slots=True)
class _Source:
    table: Table
    name: str
    text_at: tuple[int, ...]
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

    sources: list[_Source | PreparedSource]
    extras: list[str]
    notes: list[str]

    def share_read(self) -> float:
        """Return how much of the files was read so far, 0 to 1: what progress and the time left are told from."""
        sizes = [_size(source) for source in self.sources]
        read = sum(_share_read(source) * size for source, size in zip(self.sources, sizes, strict=True))
        return min(1.0, read / max(1, sum(sizes)))

    def fingerprints(self) -> dict[str, dict[str, str]]:
        """Return name and SHA-256 of each file by what messages call it; of a prepared library, of its table of contents."""
        return {source.name: _fingerprint(source) for source in self.sources}

    def fingerprint(self) -> list[dict[str, str]] | None:
        """Return what tells this library from any other, as JSON: name and SHA-256 of each file; None where one is a pipe.

        It takes some seconds for each GB, and is known before the first row is.
        """
        tables = [source for source in self.sources if isinstance(source, _Source)]
        if not all(source.table.source.is_file for source in tables):
            return None
        return [{"file": str(_path(source)), "sha256": _fingerprint(source)["sha256"]} for source in self.sources]

    def changed(self, fingerprint: list[dict[str, str]]) -> str | None:
        """Return the name of a file that was another one when :meth:`blocks` read it, if there is one."""
        for source, was in zip(self.sources, fingerprint, strict=True):
            # A prepared library says for itself that it is damaged.
            if isinstance(source, _Source) and source.table.source.sha256_read() != was["sha256"]:
                return source.name
        return None

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Block]:
        """Iterate over all rows, each once, in order; a block never spans two files.

        Raises
        ------
        InputError
            If a file turns out to be damaged; the blocks before the damage came out.
        """
        return (load_block(block, self.extras) for block in self.deferred_blocks(size))

    def deferred_blocks(self, size: int = BLOCK_ROWS) -> Iterator[AnyBlock]:
        """Iterate as :meth:`blocks` does, but leave blocks of prepared libraries to be read where they are needed."""
        number = 0
        repeats = Repeats()
        for source in self.sources:
            of_source = source.blocks(number) if isinstance(source, PreparedSource) else self._read(source, number, size, repeats)
            for block in of_source:
                yield block
                number += 1
        if note := repeats.note():
            self.notes.append(note)

    def _read(self, source: _Source, number: int, size: int, repeats: Repeats) -> Iterator[Block]:
        told = len(source.table.notes)
        rows = source.table.rows()
        places = {name: at for at, name in enumerate(source.table.columns)}
        positions = [places.get(name) for name in self.extras]
        at_once = min(size, max(16, _BLOCK_CELLS // len(source.table.columns)))
        while batch := _take(rows, at_once, source.text_at[-1]):
            values = [row.values for row in batch]
            ids = [""] * len(batch) if source.id_at is None else [each[source.id_at] for each in values]
            if source.id_at is not None:
                repeats.add(ids)
            yield Block(
                number,
                source.name,
                [row.number for row in batch],
                ids,
                _texts(values, source.text_at),
                {at: f"{row.problem} ({source.table.place(row)})" for at, row in enumerate(batch) if row.problem},
                [None if at is None else [each[at] for each in values] for at in positions],
            )
            number += 1
        self.notes.extend(f"{source.name}: {note}" for note in source.table.notes[told:])


def _texts(values: Sequence[list[str]], places: tuple[int, ...]) -> list[Any]:
    """Return the text of each row; of rows that are pairs both."""
    if len(places) == 1:
        return [each[places[0]] for each in values]
    return [tuple(each[at] for at in places) for each in values]


def _take(rows: Iterator[Row], at_once: int, text_at: int) -> list[Row]:
    """Return the next rows: so many, or less where their texts are long, as those of genomes are."""
    batch: list[Row] = []
    letters = 0
    for row in islice(rows, at_once):
        batch.append(row)
        letters += len(row.values[text_at])
        if letters >= BLOCK_LETTERS:
            break
    return batch


def _size(source: _Source | PreparedSource) -> int:
    return source.manifest.rows if isinstance(source, PreparedSource) else source.table.source.size() or 0


def _fingerprint(source: _Source | PreparedSource) -> dict[str, str]:
    if isinstance(source, PreparedSource):
        return {"file": source.folder.name, "sha256": source.manifest.sha256()}
    return source.table.fingerprint()


def _path(source: _Source | PreparedSource) -> Path:
    return source.folder if isinstance(source, PreparedSource) else source.table.source.path


def _share_read(source: _Source | PreparedSource) -> float:
    return source.share_read() if isinstance(source, PreparedSource) else source.table.share_read()


def load_block(block: AnyBlock, extras: Sequence[str]) -> Block:
    """Return a block with its rows: itself, or what a prepared library holds.

    Parameters
    ----------
    block
        What :meth:`Library.deferred_blocks` gave.
    extras
        :attr:`Library.extras`.

    Raises
    ------
    InputError
        If the prepared library is damaged.
    """
    if isinstance(block, Block):
        return block
    columns, rows = read_prepared(block)
    source = columns["source"][0].as_py()
    own = [columns.get(f"{EXTRA}{name}") for name in extras]
    return Block(
        block.number,
        source,
        columns["row"].to_pylist(),
        columns["id"].to_pylist(),
        columns["smiles"].to_pylist(),
        {},
        [None if column is None else column.to_pylist() for column in own],
        rows,
    )


def open_library(
    paths: str | Path | Sequence[str | Path],
    *,
    smiles: str | None = None,
    sequence: str | None = None,
    ids: str | None = None,
    needed: Sequence[str] = (),
    reads: str = "smiles",
    genome: Genome | None = None,
    length: int | None = None,
) -> Library:
    """Look at the head of each file and find its columns.

    Parameters
    ----------
    paths
        CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns (``data/*.csv.gz``) and ``-`` for standard input, too. Or the
        folder of a prepared library.
    smiles, sequence, ids
        Names of the columns that are read, and of that which tells rows apart; guessed where the guess is unambiguous.
    needed
        Further columns that each file must have.
    reads
        ``"smiles"``; ``"sequence"``: FASTA, FASTQ and GenBank files, or tables with a column of sequences; or ``"pair"``: tables
        with both columns.
    genome, length
        Files are BED files over this genome, and rows have so many letters; see :class:`~molgen.data.intervals.IntervalTable`.

    Raises
    ------
    InputError
        If a file cannot be read, no file fits a pattern, it is not clear which column is read, or a column is missing.
    ConfigError
        If columns are named of prepared libraries alone, where they were chosen before, or these hold no sequences.
    """
    sources: list[_Source | PreparedSource] = []
    extras: dict[str, None] = {}
    notes: list[str] = []
    for path in expand_paths(paths):
        if is_prepared(path):
            if reads != "smiles":
                raise ConfigError("a prepared library holds molecules, no sequences", where=str(path))
            prepared = PreparedSource(path)
            _check_columns(prepared.manifest.extras, needed, prepared.name)
            extras |= dict.fromkeys(prepared.manifest.extras)
            notes += [f"{prepared.name}: {note}" for note in (*prepared.manifest.notes, *prepared.aged())]
            sources.append(prepared)
            continue
        table = open_table(path) if genome is None else IntervalTable(path, genome, length)
        named = [table.find_smiles(smiles)] if reads != "sequence" else []
        named += [table.find_sequence(sequence)] if reads != "smiles" else []
        id_name = find_id_column(table.columns, ids, exclude=[*named, *needed], where=table.name)
        _check_columns(table.columns, needed, table.name)
        extras |= dict.fromkeys(name for name in table.columns if name not in (*named, id_name))
        notes += [f"{table.name}: {note}" for note in table.notes]
        id_at = None if id_name is None else table.columns.index(id_name)
        sources.append(_Source(table, table.name, tuple(map(table.columns.index, named)), id_at))
    if (smiles or sequence or ids) and all(isinstance(source, PreparedSource) for source in sources):
        got = ", ".join(filter(None, (smiles, sequence, ids)))
        raise ConfigError("the columns of a prepared library were chosen when it was prepared", where=sources[0].name, got=got)
    return Library(sources, list(extras), notes)


def _check_columns(columns: Sequence[str], needed: Sequence[str], where: str) -> None:
    for name in needed:
        if name not in columns:
            raise InputError(f"no column {name!r}, which the model reads", where=where, got=", ".join(columns)[:200])
