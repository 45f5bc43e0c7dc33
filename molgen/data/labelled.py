"""The rows to learn from, put together from the files that they, and what is known of them, are in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from molgen.bio.genome import Genome
from molgen.data.columns import find_column, find_id_column
from molgen.data.counted import CountedTable
from molgen.data.derived import Background, Classed, KeyedTable, Shuffled
from molgen.data.intervals import IntervalTable
from molgen.data.joined import join_tables, open_tables
from molgen.data.paths import expand_paths, named_file
from molgen.data.profiles import ProfiledTable, read_profiles
from molgen.data.tables import AnyTable, open_table
from molgen.errors import ConfigError, InputError

__all__ = ["GENERATED", "POSITIVE", "add_columns", "open_labelled"]

#: Ways to draw negatives: the letters of the positives, or other stretches of the genome with as much G and C.
GENERATED = ("dinucleotide", "gc")
#: What the class of rows is called where nobody named it.
POSITIVE = "positive"


def open_labelled(
    paths: str | Path | Sequence[str | Path],
    *,
    labels: str | Path | None = None,
    joins: Sequence[str | Path] = (),
    negatives: str | Path | None = None,
    target: str | None = POSITIVE,
    genome: str | Path | None = None,
    length: int | None = None,
    sample: str | None = None,
    profiles: Sequence[str | Path] = (),
    tracks: Sequence[str] = (),
    seed: int = 0,
) -> AnyTable:
    """Open the rows to learn from, and put them together with what is known of them.

    Parameters
    ----------
    paths
        Tables, files of sequences, or BED files over a genome.
    labels
        A table of labels, which finds its rows by their id.
    joins
        Further tables, whose columns are joined by the one column that both have (``drug_id``). ``COLUMN=FILE`` joins a file by its
        own ids, such as those of a FASTA file, to a column of the rows; its other columns are then called as they are there.
    negatives
        Further files, whose rows are the other class; or ``"dinucleotide"``: each sequence shuffled, with as many of each pair of
        neighbouring letters; or ``"gc"``: for each interval another stretch of its contig with about as much G and C.
    target
        The column that says which rows are ``paths``' (1), and which ``negatives``' (0); ``None`` for none.
    genome, length
        See :class:`~molgen.data.intervals.IntervalTable`.
    sample, profiles
        The column that names the sample of each row, and tables of what was measured of samples; see
        :func:`~molgen.data.profiles.read_profiles`. Rows then have the column ``profile``.
    tracks
        ``NAME=FILE``: what was counted along the genome; see :class:`~molgen.data.counted.CountedTable`.
    seed
        Of negatives that are drawn.

    Raises
    ------
    InputError
        If a file cannot be used.
    ConfigError
        If the negatives or tracks need a genome and there is none, a length has none, or samples have no profiles.
    """
    if length is not None and genome is None:
        raise ConfigError("a length needs a genome", where="length", got=str(length))
    opened = None if genome is None else Genome(genome)

    def read(files: str | Path | Sequence[str | Path]) -> list[AnyTable]:
        return [open_table(path) if opened is None else IntervalTable(path, opened, length) for path in expand_paths(files)]

    tables = read(paths)
    if negatives is not None:
        others: list[AnyTable]
        if negatives == "dinucleotide":
            others = [Shuffled(table, seed) for table in tables]
        elif negatives == "gc":
            # Of all files at once: what is bound in one is no background of another.
            others = [Background(join_tables(tables), opened, seed)]
        else:
            others = read(negatives)
        parts = [("1", tables), ("0", others)]
        tables = [table if target is None else Classed(table, target, word) for word, part in parts for table in part]
    table = join_tables(tables)
    if labels is not None:
        table = _by_id(table, labels)
    table = add_columns(table, joins)
    if (sample is None) != (not profiles):
        got = "--profiles alone" if sample is None else "--sample alone"
        raise ConfigError("samples need a column and tables", expected="--sample COLUMN --profiles FILE", got=got)
    if tracks and length is None:
        raise ConfigError("tracks are counted in windows of one length", where="--track", expected="--genome FILE --length N")
    if tracks and negatives == "dinucleotide":
        raise ConfigError("letters that are shuffled were never counted", where="--track", expected="--negatives gc, or a BED file")
    if tracks and length is not None:
        return CountedTable(table, tracks, length)
    return table if sample is None else ProfiledTable(table, sample, read_profiles(profiles))


def add_columns(table: AnyTable, joins: Sequence[str | Path]) -> AnyTable:
    """Add the columns of other tables, which stand after a table's own; see ``joins`` of :func:`open_labelled`."""
    for join in joins:
        table = _by_column(table, join)
    return table


def _by_id(table: AnyTable, path: str | Path) -> AnyTable:
    """Join a table of labels by the ids of both."""
    labels = open_tables(path)
    own = find_id_column(table.columns, where=table.name)
    if own is None:
        raise InputError("no column of ids, which labels are found by", where=table.name, got=", ".join(table.columns)[:200])
    return KeyedTable(table, own, labels, find_id_column(labels.columns, where=labels.name) or labels.columns[0])


def _by_column(table: AnyTable, join: str | Path) -> AnyTable:
    """Join a table by the column that both have, or by its ids to a column that is named."""
    column, path = named_file(join)
    other = open_tables(path)
    if column:
        own = find_column(table.columns, column, flag="--join", where=table.name)
        return KeyedTable(table, own, other, find_id_column(other.columns, where=other.name) or other.columns[0])
    shared = [name for name in table.columns if name in other.columns]
    if len(shared) != 1:
        got = ", ".join(map(repr, shared)) or f"{', '.join(table.columns)[:80]} and {', '.join(other.columns)[:80]}"
        where = f"{table.name} and {other.name}"
        raise InputError("one column that both have joins tables", where=where, got=got, remedy="say --join COLUMN=FILE")
    return KeyedTable(table, shared[0], other, shared[0])
