"""Tables out, batch by batch, under a temporary name until they are whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from molgen.errors import InputError

__all__ = ["TableWriter", "check_target", "replacing"]


def check_target(path: str | Path, *, overwrite: bool) -> Path:
    """Stop before any work is done if an output could not be written in the end.

    Raises
    ------
    InputError
        If the folder is missing or not writable, or the file is there and not to be replaced.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError("the folder does not exist", where=str(path.parent), remedy="make it first")
    if path.is_dir():
        raise InputError("a folder stands where the output should go", where=str(path))
    if path.exists() and not overwrite:
        raise InputError("the file exists already", where=str(path), remedy="add --overwrite to replace it")
    if not os.access(path.parent, os.W_OK):
        raise InputError("no permission to write here", where=str(path.parent))
    return path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` at the end, remove it after an error."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class TableWriter:
    """Writes record batches as CSV, TSV or Parquet, by the file's ending.

    Parameters
    ----------
    path
        ``.parquet`` for Parquet, ``.tsv`` for tabs, anything else for CSV.
    schema
        Of all batches to come.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._replacing = replacing(path)
        self._suffix = path.suffix.lower()
        self._schema = schema
        self._writer: Any = None

    def __enter__(self) -> Self:
        temporary = self._replacing.__enter__()
        if self._suffix == ".parquet":
            import pyarrow.parquet

            self._writer = pyarrow.parquet.ParquetWriter(temporary, self._schema, compression="zstd")
        else:
            from pyarrow import csv

            options = csv.WriteOptions(delimiter="\t" if self._suffix == ".tsv" else ",")
            self._writer = csv.CSVWriter(temporary, self._schema, write_options=options)
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch."""
        self._writer.write_batch(batch)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._writer.close()
        self._replacing.__exit__(kind, error, trace)
