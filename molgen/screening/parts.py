"""A run of scored blocks as a file: all that the output, the hits, the counts and the funnel need of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from molgen.errors import InputError
from molgen.files import replacing, write_failed
from molgen.filters.pipeline import StageCount
from molgen.screening.score import ScoredBlock

__all__ = ["PART_BLOCKS", "read_part", "write_part"]

#: Blocks of a part: ten million rows are some 600 parts, and a kill costs a few seconds of work.
PART_BLOCKS = 16
# The key of the compound of each row that passed all filters; by its place, as a library may have a column of any name.
_KEY = pa.field("key", pa.uint64())


def write_part(path: Path, blocks: Sequence[ScoredBlock], schema: pa.Schema) -> None:
    """Write the blocks of a part, under a temporary name until it is whole and on disk.

    The format is Arrow's stream of record batches; what each stage did with a block is JSON beside its batch.

    Parameters
    ----------
    path
        The part's file.
    blocks
        In order.
    schema
        Of their batches.

    Raises
    ------
    InputError
        If the disk is full, or refuses for another reason.
    """
    keyed = schema.append(_KEY)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            with pa.ipc.new_stream(file, keyed, options=options) as writer:
                for block in blocks:
                    batch = pa.RecordBatch.from_arrays([*block.batch.columns, _keys(block)], schema=keyed)
                    about = {"number": block.number, "stages": [list(stage) for stage in block.stages]}
                    writer.write_batch(batch, custom_metadata={"block": json.dumps(about)})
            file.flush()
            os.fsync(file.fileno())
    except OSError as failure:
        raise write_failed(path, failure) from None


def _keys(block: ScoredBlock) -> pa.Array:
    keys, absent = np.zeros(len(block.batch), dtype=np.uint64), np.ones(len(block.batch), dtype=np.bool_)
    if len(block.keys):
        keys[block.passed], absent[block.passed] = block.keys, False
    return pa.array(keys, mask=absent)


def read_part(path: Path) -> Iterator[ScoredBlock]:
    """Iterate over the blocks of a part, in order.

    Raises
    ------
    InputError
        If the file was damaged after it was written.
    """
    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            while True:
                try:
                    batch, metadata = reader.read_next_batch_with_custom_metadata()
                except StopIteration:
                    return
                yield _block(batch, json.loads(metadata["block"]))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        remedy = "delete this file: the command that wrote it does its rows again"
        raise InputError("a part of the results is damaged", where=str(path), got=_words(error), remedy=remedy) from None


def _block(batch: pa.RecordBatch, about: dict[str, Any]) -> ScoredBlock:
    key = batch.column(batch.num_columns - 1)
    batch = pa.RecordBatch.from_arrays(batch.columns[:-1], schema=pa.schema(list(batch.schema)[:-1]))
    passed = np.flatnonzero(key.is_valid().to_numpy(zero_copy_only=False))
    stages = [StageCount(*stage) for stage in about["stages"]]
    return ScoredBlock(about["number"], batch, stages, passed, key.drop_null().to_numpy())


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
