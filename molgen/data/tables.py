"""Tables of compounds, streamed: one row for every record of a file, whatever format it has and whatever is wrong with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol, Self, cast

from molgen.data.columns import find_sequence_column, find_smiles_column
from molgen.data.formats import known_formats
from molgen.errors import InputError
from molgen.streams.source import Source

__all__ = ["SAMPLE", "AnyTable", "Row", "Table", "make_row", "open_table"]

#: Records looked at to find out how a table is written.
SAMPLE = 100


class Row(NamedTuple):
    """One record of a table.

    Attributes
    ----------
    number
        1-based, counting records and not the header.
    line
        1-based number of the line it starts on.
    values
        One text a column. Missing fields are empty; fields too many stay in the last value, with their delimiters.
    problem
        What is wrong with the record itself, or None.
    """

    number: int
    line: int
    values: list[str]
    problem: str | None


# A tuple made in C: calling Row itself would take a third of the time per row.
make_row = cast("Callable[[tuple[int, int, list[str], str | None]], Row]", partial(tuple.__new__, Row))


class AnyTable(Protocol):
    """What is needed of a table, be it one file, several, or put together from them; see :class:`Table`."""

    columns: list[str]

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def notes(self) -> list[str]:
        """What was unusual about the files."""

    @property
    def holds_sequences(self) -> bool:
        """Whether the format leaves no doubt that rows are sequences."""

    def rows(self) -> Iterator[Row]:
        """Iterate over all records."""

    def find_smiles(self, wanted: str | None = None) -> str:
        """Return the column with the SMILES."""

    def find_sequence(self, wanted: str | None = None) -> str:
        """Return the column with the sequences."""

    def located(self, entries: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        """Return remarks on lines of :meth:`rows` as remarks on lines of the files."""

    def fingerprint(self) -> dict[str, str]:
        """Return file names and a SHA-256."""


class Table(ABC):
    """A table in a file; each format is a subclass in a module of :mod:`molgen.data.formats`.

    Attributes
    ----------
    source
        Where its bytes come from.
    columns
        A unique name for each column.
    format
        Short name of the format, such as ``"csv"`` or ``"sdf"``.
    smiles, sequence
        The column that holds the SMILES, or the sequences, where the format leaves no doubt.
    notes
        What was unusual about the file; reading the rows may add to it.
    """

    #: Formats are asked in this order whether a file is theirs.
    rank: ClassVar[int] = 0

    def __init__(self, source: Source, columns: list[str], *, format: str, notes: list[str] | None = None) -> None:
        self.source = source
        self.columns = columns
        self.format = format
        self.smiles: str | None = None
        self.sequence: str | None = None
        self.notes = [] if notes is None else notes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source.name!r}, format={self.format!r}, columns={self.columns!r})"

    @cached_property
    def sample(self) -> list[list[str]]:
        """The values of the first rows."""
        return []

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.source.name

    @property
    def holds_sequences(self) -> bool:
        """Whether the format leaves no doubt that rows are sequences."""
        return self.sequence is not None

    @classmethod
    @abstractmethod
    def recognizes(cls, head: bytes) -> bool:
        """Tell from the first bytes of a file, unpacked, whether it has this format."""

    @classmethod
    @abstractmethod
    def open(cls, source: Source) -> Self:
        """Look at the head of a file, and find its columns.

        Raises
        ------
        InputError
            There is nothing in it that can be read.
        """

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Iterate over all records in order, each once; every call starts anew (but for a pipe, which is read once).

        Raises
        ------
        InputError
            The file is damaged; all rows before the damage came out.
        """

    def find_smiles(self, wanted: str | None = None) -> str:
        """Return the column with the SMILES: the one that is wanted, or that the format has, or that looks like it.

        Raises
        ------
        InputError
            ``wanted`` is not there, or nothing or more than one thing could be the SMILES.
        """
        if wanted is None and self.smiles is not None:
            return self.smiles
        return find_smiles_column(self.columns, self.sample, wanted, where=self.name)

    def find_sequence(self, wanted: str | None = None) -> str:
        """Return the column with the sequences; see :meth:`find_smiles`.

        Raises
        ------
        InputError
            ``wanted`` is not there, or nothing or more than one thing could be the sequences.
        """
        if wanted is None and self.sequence is not None:
            return self.sequence
        return find_sequence_column(self.columns, self.sample, wanted, where=self.name)

    def place(self, row: Row) -> str:
        """Say where in the file a row is."""
        return f"line {row.line}"

    def located(self, entries: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
        """Return remarks on lines of :meth:`rows` as remarks on lines of the file."""
        return list(entries)

    def share_read(self) -> float:
        """Return how much of the file the latest :meth:`rows` has read, 0 to 1; 0 for a pipe, whose end is not known."""
        return self.source.share_read()

    def fingerprint(self) -> dict[str, str]:
        """Return the file's name and the SHA-256 of its bytes; of a pipe, those that were read."""
        return {"file": self.source.path.name, "sha256": self.source.sha256()}


def open_table(path: str | Path, *, delimiter: str | None = None, header: bool | None = None) -> Table:
    """Find out what a file is - its content decides, not its name - and which columns it has.

    Parameters
    ----------
    path
        A CSV, TSV, SMI, SD or Parquet file, plain or packed; ``-`` for standard input.
    delimiter
        What parts the fields of a text table, as a character or in words; guessed by default.
    header
        Whether the first record of a text table names the columns; guessed by default.

    Raises
    ------
    InputError
        The file is missing, empty or no table, or ``delimiter`` is none.
    """
    from molgen.data.formats.delimited import DelimitedTable

    source = Source(path)
    head = source.head()
    kind = next(each for each in known_formats() if each.recognizes(head))
    if kind is DelimitedTable:
        return DelimitedTable.open(source, delimiter=delimiter, header=header)
    if delimiter is not None or header is not None:
        raise InputError("not a text table: it has no delimiter and no header line", where=source.name)
    return kind.open(source)
