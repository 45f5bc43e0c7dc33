"""Parquet files: what is written is read back; what is spoilt is an error, or as many rows as the file says."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from molgen.data.tables import open_table
from molgen.errors import InputError
from tests.properties.conftest import mutations

TYPES = {
    "text": (pa.string(), st.text(max_size=12)),
    "words": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["active", "inactive", ""])),
    "float": (pa.float64(), st.floats()),
    "single": (pa.float32(), st.floats(width=32)),
    "half": (pa.float16(), st.floats(width=16)),
    "integer": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "byte": (pa.uint8(), st.integers(0, 255)),
    "truth": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
}


@st.composite
def parquet_tables(draw: st.DrawFn) -> tuple[pa.Table, list[str]]:
    kinds = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=4))
    n = draw(st.integers(0, 12))
    columns = [draw(st.lists(TYPES[kind][1] | st.none(), min_size=n, max_size=n)) for kind in kinds]
    arrays = [_array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.Table.from_arrays(arrays, names=[f"{kind}{at}" for at, kind in enumerate(kinds)]), kinds


def _array(values: list[object], kind: str) -> pa.Array:
    if kind == "words":
        return pa.array(values, pa.string()).dictionary_encode()
    if kind == "half":
        return pa.array([None if value is None else np.float16(value) for value in values], pa.float16())
    return pa.array(values, TYPES[kind][0])


def is_same(text: str, value: object, kind: str) -> bool:
    if value is None:
        return text == ""
    if kind in ("float", "single", "half"):
        back = float(text) if kind == "float" else float((np.float32 if kind == "single" else np.float16)(text))
        return (math.isnan(back) and math.isnan(value)) or back == value
    if kind in ("integer", "byte"):
        return int(text) == value
    if kind == "truth":
        return text == str(value).lower()
    return text == str(value)


@settings(max_examples=170)
@given(made=parquet_tables(), compression=st.sampled_from(["none", "snappy", "zstd"]), group=st.integers(1, 8))
def test_values_are_read_back(scratch, made, compression, group):
    table, kinds = made
    pq.write_table(table, scratch, compression=compression, row_group_size=group)
    opened = open_table(scratch)
    assert (opened.format, opened.columns, opened.notes) == ("parquet", table.column_names, [])
    rows = list(opened.rows())
    assert len(rows) == table.num_rows
    for row, values in zip(rows, zip(*(column.to_pylist() for column in table.columns), strict=True), strict=True):
        assert row.problem is None
        assert all(map(is_same, row.values, values, kinds)), (row.values, values)


@settings(max_examples=310)
@given(made=parquet_tables(), spoil=mutations())
def test_a_spoilt_file_is_an_error_or_whole(scratch, made, spoil):
    table, _ = made
    pq.write_table(table, scratch)
    scratch.write_bytes(spoil(scratch.read_bytes()))
    try:
        opened = open_table(scratch)
        rows = list(opened.rows())
    except InputError as error:
        assert str(scratch) in str(error)
        return
    if opened.format == "parquet":
        assert len(rows) == pq.ParquetFile(scratch).metadata.num_rows
        assert all(len(row.values) == len(opened.columns) for row in rows)
