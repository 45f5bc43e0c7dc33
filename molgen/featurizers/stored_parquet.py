"""Features in a ``.parquet``: a column each if they are dense, columns of lists if they are sparse or packed."""

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
    FeatureBlock,
    StoredFeatures,
    assemble,
    check_format,
    row_columns,
    write_spec,
)
from molgen.packed import PACKED_KINDS, PackedRows

__all__ = ["read_parquet", "write_parquet"]

#: Bytes of features in a row group: many small ones cost more than the data where columns are many.
_GROUP_BYTES = 32 * 2**20
#: The columns of a sparse matrix, and the number of its columns in the file's metadata.
_SPARSE = ("indices", "values")
_WIDTH = b"molgen.columns"


def write_parquet(path: Path, featurizer: Featurizer, blocks: Iterable[FeatureBlock], like: Any) -> None:
    """Write blocks of features; see :func:`~molgen.featurizers.files.write_features`."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    fields = [("row", pa.int64()), *((name, pa.string()) for name in row_columns(featurizer)[1:]), *_fields(featurizer, like)]
    metadata = {b"molgen.format": str(FORMAT), b"molgen.featurizer": write_spec(featurizer)}
    if _is_sparse(like):
        metadata[_WIDTH] = str(like.shape[1])
    schema = pa.schema(fields, metadata=metadata)
    with ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for block in blocks:
            waiting.append(pa.record_batch([*_row_columns(block), *_value_columns(block)], schema=schema))
            if sum(batch.nbytes for batch in waiting) >= _GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))


def _is_sparse(values: Any) -> bool:
    return not isinstance(values, np.ndarray | PackedRows)


def _fields(featurizer: Featurizer, like: Any) -> list[tuple[str, Any]]:
    """Name the columns of features, and their types."""
    import pyarrow as pa

    if isinstance(like, np.ndarray):
        names = [str(name) for name in featurizer.get_feature_names_out()]
        if len({*row_columns(featurizer), *names}) < len(row_columns(featurizer)) + len(names):
            where = repr(featurizer)[:80]
            raise ConfigError("two columns of one name", where=where, remedy="name each feature once, or write .npz")
        return [(name, pa.from_numpy_dtype(like.dtype)) for name in names]
    if isinstance(like, PackedRows):
        return [(name, pa.list_(_element(getattr(like, name)))) for name in like.bounds]
    return [("indices", pa.list_(pa.int32())), ("values", pa.list_(pa.from_numpy_dtype(like.dtype)))]


def _element(array: NDArray[Any]) -> Any:
    """Return the type of one place of an array: a number, or several (a position in space)."""
    import pyarrow as pa

    number = pa.from_numpy_dtype(array.dtype)
    return number if array.ndim == 1 else pa.list_(number, array.shape[1])


def _row_columns(block: FeatureBlock) -> list[Any]:
    import pyarrow as pa

    row, *texts, reasons = block.rows
    columns = [pa.array(row, pa.int64()), *(pa.array(each, pa.string()) for each in texts)]
    return [*columns, pa.array([reason or None for reason in reasons], pa.string())]


def _value_columns(block: FeatureBlock) -> list[Any]:
    import pyarrow as pa

    values = block.values
    if isinstance(values, PackedRows):
        return [_lists(getattr(values, name), getattr(values, bounds)) for name, bounds in values.bounds.items()]
    if not isinstance(values, np.ndarray):
        return [_lists(values.indices.astype(np.int32, copy=False), values.indptr), _lists(values.data, values.indptr)]
    values = np.asfortranarray(values)
    failed = np.array([bool(reason) for reason in block.rows[-1]], dtype=np.bool_)[:, None]
    missing = np.asfortranarray(np.broadcast_to(np.isnan(values) if values.dtype.kind == "f" else failed, values.shape))
    return [pa.array(values[:, at], mask=missing[:, at]) for at in range(values.shape[1])]


def _lists(array: NDArray[Any], bounds: NDArray[Any]) -> Any:
    """Return stretches of an array as a column of lists."""
    import pyarrow as pa

    items = pa.array(np.ascontiguousarray(array).ravel())
    if array.ndim > 1:
        items = pa.FixedSizeListArray.from_arrays(items, array.shape[1])
    return pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), items)


def read_parquet(path: Path) -> StoredFeatures:
    """Read what :func:`write_parquet` wrote."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    metadata = table.schema.metadata or {}
    check_format(int(metadata[b"molgen.format"]), path)
    featurizer = from_spec(json.loads(metadata[b"molgen.featurizer"]))
    rows = {name: table.column(name).to_pylist() for name in row_columns(featurizer)}
    rows["reason"] = [reason or "" for reason in rows["reason"]]
    names = table.column_names[len(rows) :]
    if _WIDTH in metadata:
        return assemble(featurizer, _read_sparse(table, int(metadata[_WIDTH])), rows)
    packed = next((kind for kind in PACKED_KINDS if list(kind.bounds) == names), None)
    if packed and all(pyarrow.types.is_list(table.schema.field(name).type) for name in names):
        return assemble(featurizer, _read_packed(table, packed), rows)
    columns = table.columns[len(rows) :]
    dtype = columns[0].type.to_pandas_dtype()
    nothing = np.nan if np.issubdtype(dtype, np.floating) else 0
    values = np.empty((len(table), len(columns)), dtype)
    for at, column in enumerate(columns):
        values[:, at] = column.fill_null(nothing).to_numpy()
    return assemble(featurizer, values, rows)


def _read_sparse(table: Any, width: int) -> Any:
    from scipy.sparse import csr_matrix

    (indices, bounds), (data, _) = (_read_lists(table.column(name)) for name in _SPARSE)
    matrix = csr_matrix((data, indices, bounds.astype(np.int32)), shape=(len(table), width))
    matrix.check_format(full_check=True)
    return matrix


def _read_packed(table: Any, kind: type[PackedRows]) -> PackedRows:
    arrays: dict[str, NDArray[Any]] = {}
    for name, bounds in kind.bounds.items():
        arrays[name], arrays[bounds] = _read_lists(table.column(name))
    return kind(**arrays)


def _read_lists(column: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return what the lists of a column hold, end to end, and the bounds of each list."""
    import pyarrow as pa

    parts, counts = [], [np.zeros(1, dtype=np.int64)]
    for chunk in column.chunks or [pa.array([], column.type)]:
        if chunk.null_count:
            raise ValueError("a list is missing")
        items = chunk.flatten()
        wide = pa.types.is_fixed_size_list(items.type)
        numbers = (items.flatten() if wide else items).to_numpy(zero_copy_only=False)
        parts.append(numbers.reshape(len(items), items.type.list_size) if wide else numbers)
        counts.append(chunk.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64))
    return np.concatenate(parts), np.cumsum(np.concatenate(counts))
