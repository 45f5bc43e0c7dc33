"""Text that a spreadsheet would run is neutral in CSV, whole in Parquet, and a program gets back what the library had."""

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molgen.screening.output import TableWriter
from molgen.screening.spreadsheet import neutral, original

ATTACKS = ["=cmd()", '=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"]
HARMLESS = ["CHEMBL25", "-1.5", "+3e-5", "-", "5'-AMP", "'quoted'", "", "C[N+](C)C", "[=N]", "a=b"]


@given(st.text(alphabet="=+-@'\t\r1.e aC\n", max_size=6))
def test_nothing_is_lost_and_nothing_runs(text):
    cell = neutral(text)
    assert original(cell) == text
    if cell[:1] in tuple("=+-@\t\r"):
        assert cell == text
        assert len(cell) == 1 or float(cell) is not None


def test_what_is_harmless_stays():
    assert [neutral(text) for text in HARMLESS] == HARMLESS
    assert [neutral(text) for text in ATTACKS] == [f"'{text}" for text in ATTACKS]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet"])
def test_tables_are_written_so(name, tmp_path):
    rows = [*ATTACKS, *HARMLESS, None]
    batch = pa.RecordBatch.from_pydict({"=id": pa.array(rows, pa.string()), "x": pa.array([-1.5] * len(rows))})
    with TableWriter(tmp_path / name, batch.schema) as writer:
        writer.write(batch)
    if name == "t.parquet":
        assert pq.read_table(tmp_path / name).to_pydict() == batch.to_pydict()
        return
    with (tmp_path / name).open(newline="") as file:
        header, *found = csv.reader(file, delimiter="\t" if name == "t.tsv" else ",")
    assert header == ["'=id", "x"]
    assert [cell for cell, _ in found] == [neutral(text or "") for text in rows]
    assert [original(cell) for cell, _ in found] == [text or "" for text in rows]
    assert {number for _, number in found} == {"-1.5"}
