"""Text tables: CSV, TSV and SMI in any dialect."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from typing import ClassVar

from molgen.data import dialect
from molgen.data.records import Batch, read_batches
from molgen.data.tables import SAMPLE, Row, Table, make_row
from molgen.errors import InputError
from molgen.streams.source import Source
from molgen.streams.text import Block, read_blocks

__all__ = ["DelimitedTable"]

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE).fullmatch
_PACKED_NAME = re.compile(r"\.(gz|bz2|xz|zst)$")


class DelimitedTable(Table):
    """Lines of fields, written in the way that :meth:`open` found.

    Attributes
    ----------
    format
        ``"csv"``, ``"tsv"`` or ``"smi"``.
    delimiter
        One character; a blank stands for any run of white space.
    has_header
        Whether the first record names the columns.
    """

    rank: ClassVar[int] = 100

    def __init__(
        self,
        source: Source,
        columns: list[str],
        *,
        delimiter: str,
        format: dialect.Format,
        has_header: bool,
        first_line: int = 1,
        notes: list[str] | None = None,
    ) -> None:
        super().__init__(source, columns, format=format, notes=notes)
        self.delimiter = delimiter
        self.has_header = has_header
        self.first_line = first_line
        self._smiles: int | None = None
        self._stream: Iterator[Block] | None = None

    @classmethod
    def recognizes(cls, head: bytes) -> bool:  # noqa: ARG003
        """Any text can be a table; what is none is refused by name when it is opened."""
        return True

    @classmethod
    def open(cls, source: Source, *, delimiter: str | None = None, header: bool | None = None) -> DelimitedTable:
        """Find out how a table is written: its delimiter, its header and the names of its columns.

        Parameters
        ----------
        source
            The file.
        delimiter
            What parts the fields, as a character or in words; guessed by default.
        header
            Whether the first record names the columns; guessed by default.

        Raises
        ------
        InputError
            The file is missing, empty or no table, or ``delimiter`` is none.
        """
        notes: list[str] = []
        stream = read_blocks(source, notes)
        block = next(stream)
        dialect.refuse_other_formats(block.lines[:SAMPLE], source.name)
        head = block
        if separator := _SEPARATOR_LINE(block.lines[0]):
            head = block.part(1, len(block.lines))
            delimiter = separator[1] if delimiter is None else delimiter
        if not any(map(str.strip, head.lines)):
            raise InputError("nothing but blank lines at its start", where=source.name, remedy="check the file")
        if delimiter is None:
            delimiter = dialect.sniff(head, _suffix(source.path), SAMPLE)
        table = _describe(source, head, dialect.read_delimiter(delimiter), header, notes)
        table.sample = [row.values for row in islice(table._rows([head]), SAMPLE)]
        table._smiles = dialect.smiles_position(table.sample, at_least=0.8)
        if source.is_file:
            stream.close()
        else:
            table._stream = chain([block], stream)
        return table

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
            return self._rows(read_blocks(self.source, self.notes))
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
                    make_row,
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


def _describe(source: Source, head: Block, delimiter: str, header: bool | None, notes: list[str]) -> DelimitedTable:
    records = dialect.sample_records(head, delimiter, SAMPLE)
    filled = [(index, fields) for index, (_, fields) in enumerate(records) if not dialect.is_blank(fields)]
    if not filled:
        raise InputError("no value at its start", where=source.name, remedy="check that the file holds a table")
    sample = [fields for _, fields in filled]
    if header is None:
        header = dialect.has_header(sample, delimiter)
    if header:
        first = filled[0][0]
        if 0 in head.problems:
            raise InputError(f"no header: {head.problems[0]}", where=source.name, remedy="check that it is a table")
        names = dialect.name_columns(dialect.fit_header(sample[0], sample[1:], notes), notes)
        first_line = records[first + 1][0] if first + 1 < len(records) else head.numbers[-1] + 1
    else:
        names = dialect.invent_names(sample, _width(sample, delimiter))
        first_line = head.numbers[0]
    return DelimitedTable(
        source,
        names,
        delimiter=delimiter,
        format=_format(source.path, delimiter),
        has_header=header,
        first_line=first_line,
        notes=notes,
    )


def _suffix(path: Path) -> str:
    return Path(_PACKED_NAME.sub("", path.name.lower())).suffix


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
