"""SD files (and MOL files): each structure as canonical isomeric SMILES, its title and its data items as columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from rdkit import rdBase

from molgen.chem.molblock import mol_block_smiles
from molgen.data.sd_records import SdRecord, item_name, read_items, sd_records
from molgen.data.stream import Source, decode_head
from molgen.data.tables import SAMPLE, Row, Table
from molgen.data.text import Block, read_blocks
from molgen.errors import InputError

__all__ = ["OTHERS", "SdfTable"]

#: Characters of a file that are searched for data items before the columns are fixed; of a pipe, which has to wait for them.
SEARCHED, SEARCHED_OF_PIPE = 64_000_000, 1_000_000
#: Column of the data items that turn up only later, as a JSON object.
OTHERS = "other_properties"

_COUNTS_LINE = re.compile(r"[ \d]{6}.*V[23]000\s*$").match


class _Head(NamedTuple):
    """What the first part of a file holds.

    Attributes
    ----------
    blocks
        Its lines, from the start; for a file no more than the sample needs.
    names
        The data items of its records, in order of appearance.
    whole
        Whether that is all there is.
    """

    blocks: list[Block]
    names: list[str]
    whole: bool


class SdfTable(Table):
    """Records that end with ``$$$$``: columns ``smiles``, ``title``, and one for each data item.

    The columns are the data items found in the first 64 MB (a pipe: 1 MB). If the file is longer, its last column is
    ``other_properties``: the items that turn up only later, as a JSON object.
    """

    def __init__(self, source: Source, columns: list[str], names: Sequence[str], *, others: bool, notes: list[str]) -> None:
        super().__init__(source, columns, format="sdf", notes=notes)
        self.smiles = "smiles"
        self._at = {name: at for at, name in enumerate(names, 2)}
        self._others = others
        self._stream: Iterator[Block] | None = None

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """The fourth line counts atoms and bonds, or a line ends a record."""
        lines = re.split(r"\r{0,2}\n|\r", decode_head(head))
        return any(map(_COUNTS_LINE, lines[3:4])) or any(line.rstrip() == "$$$$" for line in lines)

    @classmethod
    def open(cls, source: Source) -> SdfTable:
        """Find the data items of the records.

        Raises
        ------
        InputError
            The file is missing, empty or damaged at its start.
        """
        notes: list[str] = []
        stream = read_blocks(source, notes)
        head = _search(stream, SEARCHED if source.is_file else SEARCHED_OF_PIPE, keep=not source.is_file)
        others = [] if head.whole else [OTHERS]
        columns = _name_columns(head.names, others, notes)
        table = cls(source, columns, head.names, others=bool(others), notes=notes)
        table.sample = [row.values for row in islice(table._rows(iter(head.blocks), []), SAMPLE)]
        if source.is_file:
            stream.close()
        else:
            table._stream = chain(head.blocks, stream)
        return table

    def rows(self) -> Iterator[Row]:
        """Iterate over all records in order, each once; every call starts anew (but for a pipe, which is read once).

        A record whose structure cannot be read has an empty SMILES and a problem. A record that has lost its ``$$$$`` is
        parted from the next one where that one's counts line shows.

        Raises
        ------
        InputError
            The file is damaged; all rows before the damage came out.
        """
        stream, self._stream = self._stream, None
        return self._rows(read_blocks(self.source, self.notes) if stream is None else stream, self.notes)

    def place(self, row: Row) -> str:
        """Say where in the file a row is."""
        return f"record {row.number}, line {row.line}"

    def _rows(self, blocks: Iterable[Block], notes: list[str]) -> Iterator[Row]:
        number = 0
        for records in sd_records(blocks, notes):
            # The lock is scoped: RDKit's own log stays as the user set it, and the reasons are in the rows.
            with rdBase.BlockLogs():
                rows = [self._row(record, at) for at, record in enumerate(records, number + 1)]
            number += len(rows)
            yield from rows

    def _row(self, record: SdRecord, number: int) -> Row:
        values = [""] * len(self.columns)
        values[1] = record.title
        late: dict[str, str] = {}
        for name, value in read_items(record.items):
            at = self._at.get(name)
            if at is None:
                late[name] = f"{late[name]}\n{value}" if name in late else value
            else:
                values[at] = f"{values[at]}\n{value}" if values[at] else value
        problem = record.problem
        if problem is None:
            values[0], problem = mol_block_smiles(record.block)
        if late and self._others:
            values[-1] = json.dumps(late, ensure_ascii=False)
        elif late:
            problem = problem or f"data items without a column: {', '.join(late)}"  # the file has changed since it was opened
        return Row(number, record.line, values, problem)


def _name_columns(names: Sequence[str], others: Sequence[str], notes: list[str]) -> list[str]:
    """Keep the names of data items clear of the columns that every SD file has, whatever their case."""
    taken = {"smiles", "title", *others}
    columns = ["smiles", "title"]
    for name in names:
        column = name
        while column.casefold() in taken or (column != name and column in names):
            column += "_item"
        if column != name:
            notes.append(f"data item {name!r} is called {column!r}")
        columns.append(column)
    return [*columns, *others]


def _search(stream: Iterator[Block], limit: int, *, keep: bool) -> _Head:
    """Read the start of a file for the names of its data items; keep all its lines, or those of the sample."""
    blocks: list[Block] = []
    names: dict[str, None] = {}
    size = marks = 0
    try:
        for block in stream:
            if keep or marks < SAMPLE:
                blocks.append(block)
                marks += sum(line.startswith("$$$$") for line in block.lines)
            headers = [line for line in block.lines if line[:1] == ">"]
            names |= dict.fromkeys(name for line in headers if (name := item_name(line)) is not None)
            size += len(block.text)
            if size > limit:
                return _Head(blocks, list(names), whole=False)
    except InputError:
        if keep or not blocks:
            raise  # of a file, the rows before the damage come out when they are read
    return _Head(blocks, list(names), whole=True)
