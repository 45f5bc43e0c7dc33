"""Parquet files as tables of text."""

from __future__ import annotations

import datetime
import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molgen.data.formats import parquet
from molgen.data.tables import open_table
from molgen.errors import InputError


def write(folder, columns: dict[str, object], **options):
    path = folder / "t.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


def values(opened) -> list[list[str]]:
    return [row.values for row in opened.rows()]


def test_values_as_text(tmp_path):
    path = write(
        tmp_path,
        {
            "smiles": ["CCO", None, "\u00e9"],
            "pIC50": [7.25, None, 1e-9],
            "single": pa.array([0.1, np.nan, -0.0], pa.float32()),
            "n": [2**62, -1, None],
            "active": [True, False, None],
            "word": pa.array(["a", "b", "a"]).dictionary_encode(),
            "day": [datetime.date(2020, 1, 2), None, None],
            "raw": [b"abc", None, b""],
            "none": pa.nulls(3),
        },
    )
    opened = open_table(path)
    assert (opened.format, opened.notes, opened.find_smiles()) == ("parquet", [], "smiles")
    assert values(opened) == [
        ["CCO", "7.25", "0.1", str(2**62), "true", "a", "2020-01-02", "abc", ""],
        ["", "", "nan", "-1", "false", "b", "", "", ""],
        ["\u00e9", "1e-9", "-0", "", "", "a", "", "", ""],
    ]
    assert [(row.number, row.line, opened.place(row)) for row in opened.rows()] == [(n, n, f"row {n}") for n in (1, 2, 3)]


def test_nested_columns_are_left_out_and_named(tmp_path):
    path = write(tmp_path, {"smiles": ["CCO"], "fp": [[1, 2]], "s.x": ["dot"], "s": [{"x": 1}], "y": [2]})
    opened = open_table(path)
    assert opened.columns == ["smiles", "s.x", "y"]
    assert values(opened) == [["CCO", "dot", "2"]]
    assert [note.split(":")[0] for note in opened.notes] == ["column 'fp' is left out", "column 's' is left out"]
    with pytest.raises(InputError, match=r"no column that can be read; got fp: list"):
        open_table(write(tmp_path, {"fp": [[1, 2]]}))


def test_row_groups_are_streamed(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS", 100)
    path = write(tmp_path, {"smiles": [f"{'C' * (i % 50 + 1)}" for i in range(5000)], "i": range(5000)}, row_group_size=700)
    opened = open_table(path)
    assert [row.values[1] for row in opened.rows()] == [str(i) for i in range(5000)]
    rows = opened.rows()
    next(rows)
    assert 0 <= opened.share_read() < 0.1
    assert sum(1 for _ in rows) == 4999
    assert opened.share_read() == 1


def test_packed_and_misnamed(tmp_path):
    path = write(tmp_path, {"smiles": ["CCO", "CCN"]})
    other = tmp_path / "table.csv.gz"
    other.write_bytes(gzip.compress(path.read_bytes()))
    opened = open_table(other)
    assert values(opened) == values(opened) == [["CCO"], ["CCN"]]


def test_standard_input(tmp_path, monkeypatch):
    content = write(tmp_path, {"smiles": ["CCO", "CCN"]}).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    opened = open_table("-")
    assert values(opened) == [["CCO"], ["CCN"]]


def test_names_are_made_unique(tmp_path):
    table = pa.Table.from_arrays([pa.array(["CCO"]), pa.array([1]), pa.array([2])], names=["smiles", "y", "y"])
    pq.write_table(table, tmp_path / "t.parquet")
    opened = open_table(tmp_path / "t.parquet")
    assert opened.columns == ["smiles", "y", "y_2"]
    assert values(opened) == [["CCO", "1", "2"]]


def test_bytes_that_are_no_text_and_long_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "MAX_LINE", 100)
    monkeypatch.setattr(parquet, "KEPT", 10)
    rows = list(open_table(write(tmp_path, {"smiles": ["C" * 101, "CCO"], "raw": [b"x", b"\xff\xfe"]})).rows())
    assert rows[0].values == ["C" * 10, "x"]
    assert rows[0].problem == "column 'smiles' is too long: over 100 characters, cut to 10"
    assert rows[1].problem == "column 'raw' holds bytes that are no text"


def test_damage_is_named(tmp_path):
    path = write(tmp_path, {"smiles": ["CCO"] * 1000, "x": np.random.default_rng(0).random(1000)}, row_group_size=100)
    content = path.read_bytes()
    path.write_bytes(content[:-200])
    with pytest.raises(InputError, match=r"t\.parquet: damaged Parquet file: .*no good row"):
        open_table(path)
    spoilt = bytearray(content)
    middle = content.index(b"PAR1", 4) // 2
    spoilt[middle : middle + 2000] = b"\xff" * 2000
    path.write_bytes(spoilt)
    opened = open_table(path)
    rows = []
    with pytest.raises(InputError, match=r"t\.parquet: damaged Parquet file: .*got \d+ good rows"):
        for row in opened.rows():
            rows.append(row.values[0])
    assert rows == ["CCO"] * len(rows)
    assert 300 <= len(rows) < 800


def test_a_gene_of_that_name_is_text(tmp_path):
    path = tmp_path / "genes.csv"
    path.write_text("PAR1,smiles\n1,CCO\n")
    assert open_table(path).format == "csv"


def test_no_rows(tmp_path):
    opened = open_table(write(tmp_path, {"smiles": pa.array([], pa.string())}))
    assert (opened.columns, values(opened)) == (["smiles"], [])
