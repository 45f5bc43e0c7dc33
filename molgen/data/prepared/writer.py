"""Shards of a prepared library, each under a temporary name until it is whole."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet

from molgen.data.prepared.columns import Layout
from molgen.data.prepared.manifest import Shard
from molgen.data.prepared.reader import EXTRA
from molgen.files import replacing, write_failed

__all__ = ["ShardWriter", "shard_schema"]

#: Blocks of a shard.
_GROUPS = 128


def shard_schema(layouts: list[Layout], extras: list[str]) -> pa.Schema:
    """Return the columns of a shard: what is known of a row, the values of each featurizer, and the source's own columns."""
    known = [
        ("row", pa.int64()),
        ("source", pa.string()),
        ("id", pa.string()),
        ("smiles", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("notes", pa.string()),
        ("canonical_smiles", pa.string()),
        ("duplicate_of", pa.string()),
        ("complete", pa.bool_()),
    ]
    features = [field for at, layout in enumerate(layouts) for field in layout.fields(f"f{at}")]
    return pa.schema([*known, *features, *((f"{EXTRA}{name}", pa.string()) for name in extras)])


class ShardWriter:
    """Writes blocks, each as a row group, into as many shards as it takes.

    Parameters
    ----------
    folder
        Where the shards go.
    schema
        See :func:`shard_schema`.

    Attributes
    ----------
    shards
        Those that are whole.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.shards: list[Shard] = []
        self._folder = folder
        self._schema = schema
        self._groups: list[int] = []
        self._writer: Any = None
        self._replacing: AbstractContextManager[Path] | None = None
        self._temporary = Path()

    def __enter__(self) -> Self:
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a block.

        Raises
        ------
        InputError
            If the disk is full, or refuses for another reason.
        """
        try:
            if self._writer is None:
                self._open()
            self._writer.write_table(pa.Table.from_batches([batch]), row_group_size=len(batch))
            self._groups.append(len(batch))
            if len(self._groups) == _GROUPS:
                self._finish()
        except OSError as failure:
            raise write_failed(self._folder, failure) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is None:
            return
        if error is None:
            try:
                self._finish()
            except OSError as failure:
                raise write_failed(self._folder, failure) from None
        elif self._replacing is not None:
            self._writer.close()
            self._replacing.__exit__(kind, error, trace)

    def _open(self) -> None:
        self._replacing = replacing(self._folder / f"part-{len(self.shards):05d}.parquet")
        self._temporary = self._replacing.__enter__()
        self._writer = pyarrow.parquet.ParquetWriter(
            self._temporary,
            self._schema,
            compression="zstd",
            # Texts and packed bytes hardly repeat; a dictionary of them is work for nothing.
            use_dictionary=["source", "status", "reason", "notes"],
            write_statistics=False,
            write_page_checksum=True,
        )

    def _finish(self) -> None:
        self._writer.close()
        with self._temporary.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self._replacing is not None:
            self._replacing.__exit__(None, None, None)
        self.shards.append(Shard(f"part-{len(self.shards):05d}.parquet", self._groups, digest))
        self._writer, self._replacing, self._groups = None, None, []
