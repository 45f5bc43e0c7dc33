"""SD files (and MOL files): each structure as canonical isomeric SMILES, its title and its data items as columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice

from rdkit import rdBase

from molgen.chem.molblock import mol_block_smiles
from molgen.data.sd_records import UNNAMED, SdRecord, read_items, sd_records
from molgen.data.tables import SAMPLE, Row, Table
from molgen.streams.source import Source, decode_head, read_utf8
from molgen.streams.text import MAX_LINE, Block, decode_line, read_blocks
from molgen.streams.unpack import DamageError

__all__ = ["OTHERS", "SdfTable"]

#: Characters of a file that are searched for data items before the columns are fixed; of a pipe, which has to wait for them.
SEARCHED, SEARCHED_OF_PIPE = 64_000_000, 1_000_000
#: Column of the data items that turn up only later, as a JSON object.
OTHERS = "other_properties"

# Headers of data items, as `item_name` reads them.
_ITEMS = re.compile(rb"\n>(?:[^<\r\n]*<([^\r\n]*)>|[ \t]*(DT\d+))").findall
_COUNTS_LINE = re.compile(r"[ \d]{6}.*V[23]000\s*$").match


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
        self._head: list[Block] | None = None
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
        stream, head = None, None
        if source.is_file:
            names, whole = _search_file(source)
        else:
            stream = read_blocks(source, notes)
            head, names, whole = _search_pipe(stream)
        others = [] if whole else [OTHERS]
        table = cls(source, _name_columns(names, others, notes), names, others=bool(others), notes=notes)
        if stream is not None and head is not None:
            table._head, table._stream = head, chain(head, stream)
        return table

    @cached_property
    def sample(self) -> list[list[str]]:
        """The values of the first rows: nothing has to be guessed from them, so they are read when they are asked for."""
        blocks = self._head or read_blocks(Source(self.source.path))
        return [row.values for row in islice(self._rows(blocks, []), SAMPLE)]

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


def _search_file(source: Source) -> tuple[list[str], bool]:
    """Return the names of the data items in the first part of a file, in order of appearance, and whether that is all of it."""
    names: dict[bytes, None] = {}
    size, rest = 0, b"\n"
    try:
        for chunk in read_utf8(source):
            data = rest + chunk
            size += len(chunk)
            names |= _names_in(data)
            rest = data[data.rfind(b"\n") :][:MAX_LINE]  # the last line may go on
            if size > SEARCHED:
                return _decoded(names), False
    except (DamageError, OSError):
        pass  # said when the rows are read, after those before the damage
    return _decoded(names), True


def _search_pipe(stream: Iterator[Block]) -> tuple[list[Block], list[str], bool]:
    """Do the same to a pipe, and keep what was read of it."""
    blocks: list[Block] = []
    names: dict[bytes, None] = {}
    size = 0
    for block in stream:
        blocks.append(block)
        names |= _names_in("\n".join(["", *block.lines]).encode())
        size += len(block.text)
        if size > SEARCHED_OF_PIPE:
            return blocks, _decoded(names), False
    return blocks, _decoded(names), True


def _names_in(data: bytes) -> dict[bytes, None]:
    data = data if data.count(b"\n") > 1 else data.replace(b"\r", b"\n")
    return dict.fromkeys(map(b"".join, _ITEMS(data)))


def _decoded(names: Iterable[bytes]) -> list[str]:
    return list(dict.fromkeys(decode_line(name).strip() or UNNAMED for name in names))
