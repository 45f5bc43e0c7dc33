"""Tables of compounds, streamed: CSV, TSV and SMI in, one row for every record whatever is wrong with it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path
from typing import NamedTuple, cast

from molgen.data import dialect
from molgen.data.records import Batch, read_batches
from molgen.data.stream import Tally
from molgen.data.text import Block, read_blocks
from molgen.errors import InputError

__all__ = ["Row", "Table", "open_table"]

#: Lines looked at to find out how a table is written.
SAMPLE = 100

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE).fullmatch


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
_make_row = cast("Callable[[tuple[int, int, list[str], str | None]], Row]", partial(tuple.__new__, Row))


class Table:
    """A table in a file, written in the way that :func:`open_table` found.

    Attributes
    ----------
    path
        The file.
    columns
        A unique name for each column.
    delimiter
        One character; a blank stands for any run of white space.
    format
        ``"csv"``, ``"tsv"`` or ``"smi"``.
    has_header
        Whether the first record names the columns.
    sample
        The values of the first rows.
    notes
        What was unusual about the file; reading the rows may add to it.
    tally
        How much of the file was read by the latest :meth:`rows`.
    """

    def __init__(
        self,
        path: Path,
        columns: list[str],
        *,
        delimiter: str,
        format: dialect.Format,
        has_header: bool,
        first_line: int = 1,
        notes: list[str] | None = None,
    ) -> None:
        self.path = path
        self.columns = columns
        self.delimiter = delimiter
        self.format = format
        self.has_header = has_header
        self.first_line = first_line
        self.notes = [] if notes is None else notes
        self.sample: list[list[str]] = []
        self.tally = Tally()
        self._smiles: int | None = None
        self._stream: Iterator[Block] | None = None

    def __repr__(self) -> str:
        return f"Table({str(self.path)!r}, format={self.format!r}, columns={self.columns!r})"

    def rows(self) -> Iterator[Row]:
        """Iterate over all records in order, each once; every call starts anew (but for a pipe, which is read once).

        A quoted field may hold delimiters, doubled quotes and line ends. A quote that is never closed, or closed in
        the middle of a field, is taken as a plain character of its line, and so is one whose field would go on over
        lines that are records of their own (as many fields as columns, a SMILES in its place). A blank line is a row
        of empty values with the problem ``empty line``.

        Raises
        ------
        InputError
            The file is damaged; all rows before the damage came out.
        """
        if self._stream is None:
            if not self.path.is_file() and self.path.exists():
                raise InputError("a pipe can be read only once", where=str(self.path), remedy="save it to a file first")
            self.tally.bytes = 0
            return self._rows(read_blocks(self.path, self.notes, self.tally))
        stream, self._stream = self._stream, None
        return self._rows(stream)

    def _rows(self, blocks: Iterable[Block]) -> Iterator[Row]:
        width = len(self.columns)
        number = 1
        for batch in read_batches(_from_line(blocks, self.first_line), self.delimiter, width, self._smiles):
            fields = batch.fields
            if batch.problems or set(map(len, fields)) != {width}:
                yield from self._mend(batch, number)
            else:
                yield from map(
                    _make_row,
                    zip(range(number, number + len(fields)), batch.numbers, fields, repeat(None), strict=False),
                )
            number += len(fields)

    def _mend(self, batch: Batch, number: int) -> Iterator[Row]:
        """Bring each record of a batch to the width of the table, with a problem where that is not plain."""
        width = len(self.columns)
        for index, (line, fields) in enumerate(zip(batch.numbers, batch.fields, strict=True)):
            problem = batch.problems.get(index)
            values = fields
            if len(fields) != width:
                values, misfit = self._fit(fields)
                problem = "; ".join(filter(None, (problem, misfit))) or None
            yield Row(number + index, line, values, problem)

    def _fit(self, fields: list[str]) -> tuple[list[str], str | None]:
        width, found = len(self.columns), len(fields)
        if found <= 1 and not "".join(fields).strip():
            return [""] * width, "empty line"
        problem = f"wrong number of fields: {found} where the {'header' if self.has_header else 'table'} has {width}"
        if found < width:
            # In an SMI file the name is optional; with more columns nobody knows which one is missing.
            optional = self.format == "smi" and (width == 2 or not self.has_header)
            return fields + [""] * (width - found), None if optional else problem
        if not any(map(str.strip, fields[width:])):
            return fields[:width], None  # trailing delimiters, as spreadsheets leave them
        return [*fields[: width - 1], self.delimiter.join(fields[width - 1 :])], problem


def open_table(path: str | Path, *, delimiter: str | None = None, header: bool | None = None) -> Table:
    """Find out how a table is written: its delimiter, its header and the names of its columns.

    Parameters
    ----------
    path
        A CSV, TSV or SMI file, plain or gzip. The content decides, not the name.
    delimiter
        What parts the fields, as a character or in words; guessed by default.
    header
        Whether the first record names the columns; guessed by default.

    Raises
    ------
    InputError
        The file is missing, empty or no table, or ``delimiter`` is none.
    """
    path = Path(path)
    notes: list[str] = []
    tally = Tally()
    stream = read_blocks(path, notes, tally)
    block = next(stream)
    dialect.refuse_other_formats(block.lines[:SAMPLE], str(path))
    head = block
    if separator := _SEPARATOR_LINE(block.lines[0]):
        head = block.part(1, len(block.lines))
        delimiter = separator[1] if delimiter is None else delimiter
    if not any(map(str.strip, head.lines)):
        raise InputError("nothing but blank lines at its start", where=str(path), remedy="check the file")
    if delimiter is None:
        delimiter = dialect.sniff(head, _suffix(path), SAMPLE)
    table = _describe(path, head, dialect.read_delimiter(delimiter), header, notes)
    table.tally = tally
    table.sample = [row.values for row in islice(table._rows([head]), SAMPLE)]
    table._smiles = dialect.smiles_position(table.sample, at_least=0.8)
    if path.is_file():
        stream.close()
    else:
        table._stream = chain([block], stream)
    return table


def _describe(path: Path, head: Block, delimiter: str, header: bool | None, notes: list[str]) -> Table:
    records = dialect.sample_records(head, delimiter, SAMPLE)
    filled = [(index, fields) for index, (_, fields) in enumerate(records) if not dialect.is_blank(fields)]
    if not filled:
        raise InputError("no value at its start", where=str(path), remedy="check that the file holds a table")
    sample = [fields for _, fields in filled]
    if header is None:
        header = dialect.has_header(sample, delimiter)
    if header:
        first = filled[0][0]
        if 0 in head.problems:
            raise InputError(f"no header: {head.problems[0]}", where=str(path), remedy="check that it is a table")
        names = dialect.name_columns(dialect.fit_header(sample[0], sample[1:], notes), notes)
        first_line = records[first + 1][0] if first + 1 < len(records) else head.numbers[-1] + 1
    else:
        names = dialect.invent_names(sample, _width(sample, delimiter))
        first_line = head.numbers[0]
    return Table(
        path,
        names,
        delimiter=delimiter,
        format=_format(path, delimiter),
        has_header=header,
        first_line=first_line,
        notes=notes,
    )


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _format(path: Path, delimiter: str) -> dialect.Format:
    if delimiter == " " or _suffix(path) in dialect.SMI_SUFFIXES:
        return "smi"
    return "tsv" if delimiter == "\t" else "csv"


def _width(records: Sequence[Sequence[str]], delimiter: str) -> int:
    """Return how many fields records have: the usual number, or SMILES and name where names have blanks."""
    counts = Counter(map(len, records))
    if delimiter == " " and len(counts) > 1:
        return 2
    return counts.most_common(1)[0][0]


def _from_line(blocks: Iterable[Block], first: int) -> Iterator[Block]:
    """Skip the lines before one."""
    for block in blocks:
        if block.numbers[0] >= first:
            yield block
        elif block.numbers[-1] >= first:
            yield block.part(bisect_left(block.numbers, first), len(block.lines))
