"""Tables made of others: with labels from elsewhere, with a class for each file, and of sequences that are drawn at random."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from molgen.bio.background import Place, match_background
from molgen.bio.genome import Genome
from molgen.bio.shuffle import shuffle_dinucleotides
from molgen.data.columns import find_column, find_id_column
from molgen.data.intervals import IntervalTable
from molgen.data.joined import JoinedTable, open_tables
from molgen.data.paths import expand_paths
from molgen.data.tables import AnyTable, Row, open_table
from molgen.errors import ConfigError, InputError

__all__ = ["GENERATED", "POSITIVE", "join_tables", "open_labelled"]

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
    target: str = POSITIVE,
    genome: str | Path | None = None,
    length: int | None = None,
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
        The column that says which rows are ``paths``' (1), and which ``negatives``' (0).
    genome, length
        See :class:`~molgen.data.intervals.IntervalTable`.
    seed
        Of negatives that are drawn.

    Raises
    ------
    InputError
        If a file cannot be used.
    ConfigError
        If the negatives need a genome and there is none, or a length has none.
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
            others = [_Shuffled(table, seed) for table in tables]
        elif negatives == "gc":
            # Of all files at once: what is bound in one is no background of another.
            others = [_Background(tables[0] if len(tables) == 1 else _joined(tables), opened, seed)]
        else:
            others = read(negatives)
        tables = [*(_Classed(table, target, "1") for table in tables), *(_Classed(table, target, "0") for table in others)]
    table = tables[0] if len(tables) == 1 else _joined(tables)
    if labels is not None:
        table = _by_id(table, labels)
    return join_tables(table, joins)


def join_tables(table: AnyTable, joins: Sequence[str | Path]) -> AnyTable:
    """Add the columns of other tables, which stand after a table's own; see ``joins`` of :func:`open_labelled`."""
    for join in joins:
        table = _by_column(table, str(join))
    return table


def _joined(tables: Sequence[AnyTable]) -> JoinedTable:
    joined = JoinedTable(tables)
    if not joined.columns:
        raise InputError("the tables have no column in common", where=joined.name, remedy="give them the same header")
    return joined


class _Derived:
    """Base of tables whose rows are those of another, changed."""

    def __init__(self, table: AnyTable, columns: Sequence[str]) -> None:
        self.table = table
        self.columns = list(columns)

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def notes(self) -> list[str]:
        return self.table.notes

    @property
    def holds_sequences(self) -> bool:
        return self.table.holds_sequences

    def rows(self) -> Iterator[Row]:
        return self.table.rows()

    def find_smiles(self, wanted: str | None = None) -> str:
        return self.table.find_smiles(wanted)

    def find_sequence(self, wanted: str | None = None) -> str:
        return self.table.find_sequence(wanted)

    def located(self, entries: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        return self.table.located(entries)

    def fingerprint(self) -> dict[str, str]:
        return self.table.fingerprint()


class _Classed(_Derived):
    """A table with a column that is the same for all rows."""

    def __init__(self, table: AnyTable, column: str, value: str) -> None:
        super().__init__(table, [*table.columns, column])
        if column in table.columns:
            raise InputError(f"there is a column {column!r} already", where=table.name, remedy="name another --target")
        self._value = value

    def rows(self) -> Iterator[Row]:
        for row in self.table.rows():
            yield row._replace(values=[*row.values, self._value])


def _by_id(table: AnyTable, path: str | Path) -> AnyTable:
    """Join a table of labels by the ids of both."""
    labels = open_tables(path)
    own = find_id_column(table.columns, where=table.name)
    if own is None:
        raise InputError("no column of ids, which labels are found by", where=table.name, got=", ".join(table.columns)[:200])
    return _Joined(table, own, labels, find_id_column(labels.columns, where=labels.name) or labels.columns[0])


def _by_column(table: AnyTable, join: str) -> AnyTable:
    """Join a table by the column that both have, or by its ids to a column that is named."""
    column, equals, path = join.partition("=")
    if equals and not Path(join).exists():
        other = open_tables(path)
        own = find_column(table.columns, column, flag="--join", where=table.name)
        return _Joined(table, own, other, find_id_column(other.columns, where=other.name) or other.columns[0])
    other = open_tables(join)
    shared = [name for name in table.columns if name in other.columns]
    if len(shared) != 1:
        got = ", ".join(map(repr, shared)) or f"{', '.join(table.columns)[:80]} and {', '.join(other.columns)[:80]}"
        where = f"{table.name} and {other.name}"
        raise InputError("one column that both have joins tables", where=where, got=got, remedy="say --join COLUMN=FILE")
    return _Joined(table, shared[0], other, shared[0])


class _Joined(_Derived):
    """A table with the columns of another, found by a key; a row of which nothing is told has empty cells there."""

    def __init__(self, table: AnyTable, own: str, labels: AnyTable, key: str) -> None:
        added = [name for name in labels.columns if name != key]
        if both := [name for name in added if name in table.columns]:
            where = f"{table.name} and {labels.name}"
            raise InputError(f"both have a column {both[0]!r}", where=where, remedy="rename it in one of them")
        super().__init__(table, [*table.columns, *added])
        self._labels, self._added = labels, added
        self._key_at, self._own_at = labels.columns.index(key), table.columns.index(own)
        self._notes: list[str] = []

    @property
    def notes(self) -> list[str]:
        return [*self.table.notes, *self._labels.notes, *self._notes]

    @property
    def holds_sequences(self) -> bool:
        return self.table.holds_sequences

    def find_smiles(self, wanted: str | None = None) -> str:
        return wanted if wanted in self._added else self.table.find_smiles(wanted)

    def find_sequence(self, wanted: str | None = None) -> str:
        return wanted if wanted in self._added else self.table.find_sequence(wanted)

    def rows(self) -> Iterator[Row]:
        places = [self._labels.columns.index(name) for name in self._added]
        known: dict[str, list[str]] = {}
        times: Counter[str] = Counter()
        for row in self._labels.rows():
            key = "" if row.problem else row.values[self._key_at].strip()
            if key:
                cells = [row.values[at] for at in places]
                times[key] += key not in known or known[key] != cells
                known.setdefault(key, cells)
        seen: dict[str, None] = {}
        empty = [""] * len(places)
        for row in self.table.rows():
            key = row.values[self._own_at].strip()
            if key:  # a row without an id is nobody's
                seen[key] = None
            problem = row.problem
            if problem is None and times[key] > 1:
                problem = f"{self._labels.name} says different things of {key!r}"
            yield row._replace(values=[*row.values, *known.get(key, empty)], problem=problem)
        unused = [key for key in known if key not in seen]
        if unused:
            self._notes = [f"{self._labels.name}: {len(unused):,} ids are not in {self.table.name}, such as {unused[0]!r}"]
        if len(unused) == len(known):
            got = f"{next(iter(seen), 'no row')!r} and {unused[0]!r}" if unused else "no labels"
            raise InputError(f"no id of {self._labels.name} is in it", where=self.table.name, expected="the same ids", got=got)

    def fingerprint(self) -> dict[str, str]:
        both = [self.table.fingerprint(), self._labels.fingerprint()]
        digest = hashlib.sha256("".join(each["sha256"] for each in both).encode()).hexdigest()
        return {"file": ", ".join(each["file"] for each in both), "sha256": digest}


class _Drawn(_Derived):
    """Sequences drawn at random, one for each of another table."""

    def __init__(self, table: AnyTable, seed: int, called: str) -> None:
        super().__init__(table, table.columns)
        self._seed = seed
        self._called = called

    @property
    def name(self) -> str:
        return f"{self._called} of {self.table.name}"

    @property
    def notes(self) -> list[str]:
        return []

    def _changed(self, change: Callable[[list[Row], int, np.random.Generator], list[tuple[str, str | None]]]) -> Iterator[Row]:
        """Put what ``change`` makes of all rows in the place of their sequences: letters, or why there are none."""
        at = self.columns.index(self.table.find_sequence())
        rows = list(self.table.rows())
        made = change(rows, at, np.random.default_rng(self._seed))
        for row, (letters, problem) in zip(rows, made, strict=True):
            yield row._replace(values=[*row.values[:at], letters, *row.values[at + 1 :]], problem=row.problem or problem)


class _Shuffled(_Drawn):
    def __init__(self, table: AnyTable, seed: int) -> None:
        super().__init__(table, seed, "dinucleotide shuffles")

    def rows(self) -> Iterator[Row]:
        """Shuffle each sequence, and say so in its id."""
        name = find_id_column(self.columns)
        name_at = None if name is None else self.columns.index(name)

        def shuffle(rows: list[Row], at: int, rng: np.random.Generator) -> list[tuple[str, str | None]]:
            for row in rows:
                if name_at is not None:
                    row.values[name_at] += " shuffled"
            made = [shuffle_dinucleotides(row.values[at].upper(), rng) for row in rows]
            same = "no other sequence has the same pairs of letters"
            return [(new, same if new == row.values[at].upper() else None) for new, row in zip(made, rows, strict=True)]

        return self._changed(shuffle)


class _Background(_Drawn):
    def __init__(self, table: AnyTable, genome: Genome | None, seed: int) -> None:
        super().__init__(table, seed, "GC-matched background")
        if genome is None:
            raise ConfigError(
                "negatives with as much G and C are drawn from a genome", where="--negatives gc", remedy="add --genome"
            )
        self._genome = genome

    def rows(self) -> Iterator[Row]:
        """Draw a stretch for each interval; its place is told, and its strand is the interval's."""
        contig, start, stop, strand, name = (self.columns.index(each) for each in ("contig", "start", "stop", "strand", "id"))

        def draw(rows: list[Row], at: int, rng: np.random.Generator) -> list[tuple[str, str | None]]:
            good = [row for row in rows if not row.problem]
            # The rows' length, around the interval's middle: what the row's letters are.
            middles = [(int(row.values[start]) + int(row.values[stop])) // 2 for row in good]
            lengths = [len(row.values[at]) for row in good]
            begins = [middle - length // 2 for middle, length in zip(middles, lengths, strict=True)]
            places = [
                Place(row.values[contig], begin, begin + length) for row, begin, length in zip(good, begins, lengths, strict=True)
            ]
            # Also those whose own letters cannot be read: they are bound all the same.
            intervals = [Place(row.values[contig], int(row.values[start]), int(row.values[stop])) for row in rows]
            drawn = iter(match_background(self._genome, places, rng, intervals))
            made: list[tuple[str, str | None]] = []
            for row in rows:
                place = None if row.problem else next(drawn)
                if place is None:
                    made.append(("", None if row.problem else f"no room for a background on {row.values[contig]}"))
                    continue
                row.values[start], row.values[stop] = str(place.start), str(place.stop)
                row.values[name] = f"{place.contig}:{place.start}-{place.stop}"
                made.append((self._genome.fetch(*place, strand=row.values[strand] or "+"), None))
            return made

        return self._changed(draw)
