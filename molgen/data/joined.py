"""Several tables as one."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from molgen.data.paths import expand_paths
from molgen.data.tables import AnyTable, Row, open_table
from molgen.errors import InputError

__all__ = ["JoinedTable", "join_tables", "open_tables"]


class JoinedTable:
    """Tables one after another, with the columns that all of them have (but for case), as the first one names them.

    Rows are numbered through. So are their lines, for each to have one of its own: :meth:`located` turns them back.

    Attributes
    ----------
    tables
        In order.
    columns
        Their names.
    """

    def __init__(self, tables: Sequence[AnyTable]) -> None:
        self.tables = list(tables)
        first, *others = self.tables
        named = [{_plain(name) for name in table.columns} for table in others]
        self.columns = [name for name in first.columns if all(_plain(name) in names for names in named)]
        self._at = [_positions(table, self.columns) for table in self.tables]
        self._starts = [0]
        self._left_out = _left_out(self.tables, self.columns)

    @property
    def name(self) -> str:
        """What messages call the tables."""
        names = ", ".join(table.name for table in self.tables[:3])
        more = len(self.tables) - 3
        return f"{names} and {more} more" if more > 0 else names

    @property
    def holds_sequences(self) -> bool:
        """Whether all tables do."""
        return all(table.holds_sequences for table in self.tables)

    @property
    def notes(self) -> list[str]:
        """What was unusual about each file."""
        return [*self._left_out, *(f"{table.name}: {note}" for table in self.tables for note in table.notes)]

    def find_smiles(self, wanted: str | None = None) -> str:
        """Return the column with the SMILES, which must be the same in all tables.

        Raises
        ------
        InputError
            It is not there, or not clear.
        """
        return self._find(lambda table: table.find_smiles(wanted), "SMILES")

    def find_sequence(self, wanted: str | None = None) -> str:
        """Return the column with the sequences, which must be the same in all tables.

        Raises
        ------
        InputError
            It is not there, or not clear.
        """
        return self._find(lambda table: table.find_sequence(wanted), "sequences")

    def _find(self, find: Callable[[AnyTable], str], what: str) -> str:
        found = [find(table) for table in self.tables]
        different = [at for at, name in enumerate(found) if _plain(name) != _plain(found[0])]
        if different:
            raise InputError(
                f"the {what} are in columns of different names",
                where=f"{self.tables[0].name}, {self.tables[different[0]].name}",
                got=f"{found[0]!r}, {found[different[0]]!r}",
                remedy="give the columns one name",
            )
        return next(name for name in self.columns if _plain(name) == _plain(found[0]))

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows of all tables.

        Raises
        ------
        InputError
            A file is damaged; all rows before the damage came out.
        """
        number = line = 0
        self._starts = []
        for table, at in zip(self.tables, self._at, strict=True):
            self._starts.append(line)
            start = line
            for row in table.rows():
                number += 1
                line = start + row.line
                yield Row(number, line, [row.values[each] for each in at], row.problem)

    def located(self, entries: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        """Return remarks on lines of :meth:`rows` as remarks on lines of the files."""
        if len(self.tables) == 1:
            return list(entries)
        placed = []
        for line, remark in entries:
            which = bisect_right(self._starts, line - 1) - 1
            placed.append((line - self._starts[which], f"{remark} (in {self.tables[which].name})"))
        return placed

    def fingerprint(self) -> dict[str, str]:
        """Return the files' names, and the SHA-256 of their bytes; of several, that of their digests."""
        each = [table.fingerprint() for table in self.tables]
        if len(each) == 1:
            return each[0]
        digest = hashlib.sha256("".join(one["sha256"] for one in each).encode()).hexdigest()
        # What is drawn from a file is told as that file.
        return {"file": ", ".join(dict.fromkeys(one["file"] for one in each)), "sha256": digest}


def open_tables(paths: str | Path | Sequence[str | Path] | AnyTable) -> AnyTable:
    """Open one table, or several as one; patterns and ``-`` as :func:`~molgen.data.paths.expand_paths` has them.

    Raises
    ------
    InputError
        A file cannot be read, or no column is in all of them.
    """
    if not isinstance(paths, str | Path | Sequence):
        return paths
    return join_tables([open_table(path) for path in expand_paths(paths)])


def join_tables(tables: Sequence[AnyTable]) -> AnyTable:
    """Return tables as one; one alone is itself.

    Raises
    ------
    InputError
        No column is in all of them.
    """
    if len(tables) == 1:
        return tables[0]
    joined = JoinedTable(tables)
    if not joined.columns:
        raise InputError("the tables have no column in common", where=joined.name, remedy="give them the same header")
    return joined


def _plain(name: str) -> str:
    return name.strip().casefold()


def _positions(table: AnyTable, columns: Sequence[str]) -> list[int]:
    """Return where a table has the columns: by their very name first, else but for case."""
    exact = {name: at for at, name in reversed(list(enumerate(table.columns)))}
    plain = {_plain(name): at for at, name in reversed(list(enumerate(table.columns)))}
    return [exact.get(name, plain[_plain(name)]) for name in columns]


def _left_out(tables: Sequence[AnyTable], columns: Sequence[str]) -> list[str]:
    kept = {_plain(name) for name in columns}
    gone = list(dict.fromkeys(name for table in tables for name in table.columns if _plain(name) not in kept))
    return [f"columns that are not in all files are left out: {', '.join(map(repr, gone))}"] if gone else []
