"""Parquet files: row group by row group, numbers as the shortest text that reads back the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, ClassVar

from molgen.data.dialect import name_columns
from molgen.data.tables import SAMPLE, Row, Table
from molgen.errors import InputError
from molgen.streams.source import Source
from molgen.streams.text import KEPT, MAX_LINE
from molgen.streams.unpack import DamageError

__all__ = ["ParquetTable"]

_MAGIC = b"PAR1", b"PARE"
#: Cells that are read at a time: rows where there are few columns, fewer rows where there are many.
_CELLS, _ROWS = 1 << 18, 4096
# What pyarrow raises for damaged files, beside its own exceptions.
_DAMAGE = (OSError, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError, MemoryError)


class ParquetTable(Table):
    """Columns of text, numbers, truth values and dates, all as text; a null is an empty text.

    Columns of lists, structs or maps have no place in a table of compounds: they are left out, with a note.
    """

    rank: ClassVar[int] = -1

    def __init__(self, source: Source, columns: list[str], *, notes: list[str]) -> None:
        super().__init__(source, columns, format="parquet", notes=notes)
        self._share = 0.0

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """Four letters, and bytes that no text has: PAR1 is a gene, too."""
        return head.startswith(_MAGIC) and any(byte < 9 for byte in head)

    @classmethod
    def open(cls, source: Source) -> ParquetTable:
        """Read the schema.

        Raises
        ------
        InputError
            The file is damaged, or has no column that can be read.
        """
        with _opened(source) as opened:
            schema = list(opened.schema_arrow)
        flat: list[Any] = []
        nested: list[Any] = []
        for field in schema:
            (nested if _is_nested(field.type) else flat).append(field)
        if not flat:
            raise InputError("no column that can be read", where=source.name, got=", ".join(f"{f.name}: {f.type}" for f in nested))
        notes = [f"column {field.name!r} is left out: it holds {field.type}, not text or numbers" for field in nested]
        table = cls(source, name_columns([field.name for field in flat], notes), notes=notes)
        table.sample = [row.values for row in islice(table._rows(SAMPLE), SAMPLE)]
        return table

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows in order, each once; every call starts anew.

        Raises
        ------
        InputError
            The file is damaged; all rows before the damage came out.
        """
        return self._rows()

    def place(self, row: Row) -> str:
        """Say where in the file a row is."""
        return f"row {row.number}"

    def share_read(self) -> float:
        """Return how much of the file the latest :meth:`rows` has read, 0 to 1."""
        return self._share

    def _rows(self, at_most: int | None = None) -> Iterator[Row]:
        with _opened(self.source) as opened:
            done, self._share = 0, 0.0
            total = opened.metadata.num_rows
            for batch in self._batches(opened, at_most):
                try:
                    rows = self._texts(batch, done)
                except _DAMAGE as error:
                    raise _damaged(self.source, error, done) from error
                yield from rows
                done += len(batch)
                self._share = done / max(1, total)
            if done != total and at_most is None:
                raise _damaged(self.source, f"it says that it has {total:,} rows", done)

    def _batches(self, opened: Any, at_most: int | None) -> Iterator[Any]:
        import pyarrow as pa

        size = max(16, min(_ROWS, _CELLS // max(1, len(opened.schema_arrow)), at_most or _ROWS))
        flat = [field.name for field in opened.schema_arrow if not _is_nested(field.type)]
        done = 0
        try:
            columns = flat if len(flat) < len(opened.schema_arrow) else None
            for group in range(opened.num_row_groups):  # all at once, a damaged one would take those before it along
                for batch in opened.iter_batches(batch_size=size, row_groups=[group], columns=columns):
                    yield batch
                    done += len(batch)
        except (*_DAMAGE, pa.ArrowException) as error:
            raise _damaged(self.source, error, done) from error

    def _texts(self, batch: Any, done: int) -> list[Row]:
        problems: dict[int, str] = {}
        columns = [column for column, field in zip(batch.columns, batch.schema, strict=True) if not _is_nested(field.type)]
        if len(columns) != len(self.columns):
            raise _damaged(self.source, "its columns differ from those of its schema", done)
        texts = [_text(column, name, problems) for column, name in zip(columns, self.columns, strict=True)]
        return [
            Row(number, number, list(values), problems.get(number - done - 1))
            for number, values in enumerate(zip(*texts, strict=True), done + 1)
        ]


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet

    with ExitStack() as stack:
        try:
            file = pa.PythonFile(stack.enter_context(source.seekable()), "r")
            opened = pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=1 << 16, page_checksum_verification=True)
        except (DamageError, *_DAMAGE, pa.ArrowException) as error:
            raise _damaged(source, error) from error
        yield opened


def _is_nested(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_nested(kind))


def _text(column: Any, name: str, problems: dict[int, str]) -> list[str]:
    """Return a column as texts; what cannot be one has a problem."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type) or pa.types.is_fixed_size_binary(column.type):
        return [_decoded(value, at, name, problems) for at, value in enumerate(column.to_pylist())]
    try:
        texts = column.cast(pa.large_string()).fill_null("")
        long = (pc.max(pc.binary_length(texts)).as_py() or 0) > MAX_LINE
        values: list[str] = texts.to_pylist()
    except UnicodeDecodeError:
        return [_decoded(value, at, name, problems) for at, value in enumerate(texts.cast(pa.large_binary()).to_pylist())]
    if long:
        values = [_shortened(value, at, name, problems) for at, value in enumerate(values)]
    return values


def _decoded(value: bytes | None, at: int, name: str, problems: dict[int, str]) -> str:
    try:
        text = (value or b"").decode()
    except UnicodeDecodeError:
        problems.setdefault(at, f"column {name!r} holds bytes that are no text")
        text = (value or b"")[:KEPT].decode(errors="replace")
    return _shortened(text, at, name, problems)


def _shortened(value: str, at: int, name: str, problems: dict[int, str]) -> str:
    if len(value) <= MAX_LINE:
        return value
    problems.setdefault(at, f"column {name!r} is too long: over {MAX_LINE:,} characters, cut to {KEPT:,}")
    return value[:KEPT]


def _damaged(source: Source, error: object, rows: int = 0) -> InputError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    got = f"{rows:,} good rows" if rows else "no good row"
    return InputError(f"damaged Parquet file: {said}", where=source.name, got=got, remedy="download or write the file again")
