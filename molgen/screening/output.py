"""Tables out, batch by batch, under a temporary name until they are whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from molgen.errors import InputError

__all__ = ["TableWriter", "check_outputs", "check_target", "replacing"]


def check_outputs(outputs: Sequence[str | Path | None], inputs: Sequence[str | Path | None], *, overwrite: bool) -> list[Path]:
    """Check all outputs of a command as :func:`check_target` does, and that none of them is an input or another output.

    Raises
    ------
    InputError
        If an output cannot be written, or two of the names are one file.
    """
    targets = [check_target(path, overwrite=overwrite) for path in outputs if path is not None]
    seen = {Path(path).resolve(): "read" for path in inputs if path is not None}
    for target in targets:
        resolved = target.resolve()
        if resolved in seen:
            raise InputError(f"the file is {seen[resolved]} by the same command", where=str(target), remedy="name another output")
        seen[resolved] = "written"
    return targets


def check_target(path: str | Path, *, overwrite: bool) -> Path:
    """Stop before any work is done if an output could not be written in the end.

    Raises
    ------
    InputError
        If the folder is missing or not writable, or the file is there and not to be replaced.
    """
    if not str(path):
        raise InputError("the name of an output is empty")
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError("the folder does not exist", where=str(path.parent), remedy="make it first")
    if path.is_dir():
        raise InputError("a folder stands where the output should go", where=str(path))
    if path.exists() and not path.is_file():
        raise InputError("no ordinary file: it cannot be replaced by a whole one", where=str(path), remedy="name a file")
    if path.exists() and not overwrite:
        raise InputError("the file exists already", where=str(path), remedy="add --overwrite to replace it")
    if not os.access(path.parent, os.W_OK):
        raise InputError("no permission to write here", where=str(path.parent))
    return path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` at the end, remove it after an error."""
    # A link stays a link: the file that it names is replaced.
    path = Path(path).resolve()
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
        self._path = path
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
        """Append a batch.

        Raises
        ------
        InputError
            If the disk is full, or refuses for another reason.
        """
        try:
            self._writer.write_batch(batch)
        except OSError as failure:
            raise _write_failed(self._path, failure) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._writer.close()
        except OSError as failure:
            if error is None:
                self._replacing.__exit__(type(failure), failure, failure.__traceback__)
                raise _write_failed(self._path, failure) from None
        self._replacing.__exit__(kind, error, trace)


def _write_failed(path: Path, failure: OSError) -> InputError:
    reason = os.strerror(failure.errno) if failure.errno else " ".join(str(failure).split())
    return InputError(f"cannot be written: {reason}", where=str(path), remedy="free some space, or name another folder")
