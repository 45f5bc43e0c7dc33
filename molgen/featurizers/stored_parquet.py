"""Dense features in a ``.parquet``, a column each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.errors import ConfigError
from molgen.featurizers.base import Featurizer, from_spec
from molgen.featurizers.stored import (
    FORMAT,
    ROW_COLUMNS,
    TEXT_COLUMNS,
    FeatureBlock,
    StoredFeatures,
    assemble,
    check_format,
    write_spec,
)

__all__ = ["read_parquet", "write_parquet"]

#: Bytes of features in a row group: many small ones cost more than the data where columns are many.
_GROUP_BYTES = 32 * 2**20


def write_parquet(path: Path, featurizer: Featurizer, blocks: Iterable[FeatureBlock], like: NDArray[Any]) -> None:
    """Write blocks of features; see :func:`~molgen.featurizers.files.write_features`."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    names = [str(name) for name in featurizer.get_feature_names_out()]  # type: ignore[attr-defined]
    if len({*ROW_COLUMNS, *names}) < len(ROW_COLUMNS) + len(names):
        raise ConfigError("two columns of one name", where=repr(featurizer)[:80], remedy="name each feature once, or write .npz")
    fields = [("row", pa.int64()), *((name, pa.string()) for name in TEXT_COLUMNS)]
    schema = pa.schema(
        [*fields, *((name, pa.from_numpy_dtype(like.dtype)) for name in names)],
        metadata={"molgen.format": str(FORMAT), "molgen.featurizer": write_spec(featurizer)},
    )
    with ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for block in blocks:
            waiting.append(pa.record_batch(_columns(block), schema=schema))
            if sum(batch.nbytes for batch in waiting) >= _GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))


def _columns(block: FeatureBlock) -> list[Any]:
    import pyarrow as pa

    row, *texts, reasons = block.rows
    columns = [pa.array(row, pa.int64()), *(pa.array(each, pa.string()) for each in texts)]
    columns.append(pa.array([reason or None for reason in reasons], pa.string()))
    values = np.asfortranarray(block.values)
    missing = np.isnan(values) if values.dtype.kind == "f" else np.array([bool(reason) for reason in reasons])[:, None]
    missing = np.asfortranarray(np.broadcast_to(missing, values.shape))
    return columns + [pa.array(values[:, at], mask=missing[:, at]) for at in range(values.shape[1])]


def read_parquet(path: Path) -> StoredFeatures:
    """Read what :func:`write_parquet` wrote."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    metadata = table.schema.metadata or {}
    check_format(int(metadata[b"molgen.format"]), path)
    featurizer = from_spec(json.loads(metadata[b"molgen.featurizer"]))
    rows = {name: table.column(name).to_pylist() for name in ROW_COLUMNS}
    rows["reason"] = [reason or "" for reason in rows["reason"]]
    columns = table.columns[len(ROW_COLUMNS) :]
    dtype = columns[0].type.to_pandas_dtype()
    nothing = np.nan if np.issubdtype(dtype, np.floating) else 0
    values = np.empty((len(table), len(columns)), dtype)
    for at, column in enumerate(columns):
        values[:, at] = column.fill_null(nothing).to_numpy()
    return assemble(featurizer, values, rows)
