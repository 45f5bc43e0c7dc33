"""Tables made of others: with a class for each file, with the columns of another, and of sequences that are drawn at random."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np

from molgen.bio.background import Place, match_background
from molgen.bio.genome import Genome
from molgen.bio.intervals import window
from molgen.bio.shuffle import shuffle_dinucleotides
from molgen.data.columns import find_id_column
from molgen.data.tables import AnyTable, Row
from molgen.errors import ConfigError, InputError

__all__ = ["Background", "Classed", "Derived", "KeyedTable", "Shuffled"]


class Derived:
    """Base of tables whose rows are those of another, changed."""

    def __init__(self, table: AnyTable, columns: Sequence[str]) -> None:
        self.table = table
        self.columns = list(columns)

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.table.name

    @property
    def notes(self) -> list[str]:
        """What was unusual about the files."""
        return self.table.notes

    @property
    def holds_sequences(self) -> bool:
        """Whether the format leaves no doubt that rows are sequences."""
        return self.table.holds_sequences

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows."""
        return self.table.rows()

    def find_smiles(self, wanted: str | None = None) -> str:
        """Return the column with the SMILES."""
        return self.table.find_smiles(wanted)

    def find_sequence(self, wanted: str | None = None) -> str:
        """Return the column with the sequences."""
        return self.table.find_sequence(wanted)

    def located(self, entries: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        """Return remarks on lines of :meth:`rows` as remarks on lines of the files."""
        return self.table.located(entries)

    def fingerprint(self) -> dict[str, str]:
        """Return file names and a SHA-256."""
        return self.table.fingerprint()


class Classed(Derived):
    """A table with a column that is the same for all rows."""

    def __init__(self, table: AnyTable, column: str, value: str) -> None:
        super().__init__(table, [*table.columns, column])
        if column in table.columns:
            raise InputError(f"there is a column {column!r} already", where=table.name, remedy="name another --target")
        self._value = value

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows, with their class."""
        for row in self.table.rows():
            yield row._replace(values=[*row.values, self._value])


class KeyedTable(Derived):
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
        """What was unusual about the files."""
        return [*self.table.notes, *self._labels.notes, *self._notes]

    def find_smiles(self, wanted: str | None = None) -> str:
        """Return the column with the SMILES, in whichever of both tables it is."""
        return self._find(lambda table: table.find_smiles(wanted), wanted)

    def find_sequence(self, wanted: str | None = None) -> str:
        """Return the column with the sequences, in whichever of both tables it is."""
        return self._find(lambda table: table.find_sequence(wanted), wanted)

    def _find(self, find: Callable[[AnyTable], str], wanted: str | None) -> str:
        if wanted in self._added:
            return str(wanted)
        try:
            return find(self.table)
        except InputError as error:
            if wanted is not None:
                raise
            with suppress(InputError):
                found = find(self._labels)
                if found in self._added:
                    return found
            raise error from None

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows, with the cells of the other table."""
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
        """Return file names and a SHA-256."""
        both = [self.table.fingerprint(), self._labels.fingerprint()]
        digest = hashlib.sha256("".join(each["sha256"] for each in both).encode()).hexdigest()
        return {"file": ", ".join(each["file"] for each in both), "sha256": digest}


class _Drawn(Derived):
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


class Shuffled(_Drawn):
    """The sequences of a table, shuffled with as many of each pair of neighbouring letters."""

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


class Background(_Drawn):
    """Stretches of a genome with about as much G and C as the intervals of a table."""

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
            cells = [(row.values[contig], int(row.values[start]), int(row.values[stop]), len(row.values[at])) for row in good]
            places = [Place(where, *window(first, last, length)) for where, first, last, length in cells]
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
