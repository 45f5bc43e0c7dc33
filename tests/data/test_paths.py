"""Names of input files, packed files, standard input, and several tables as one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re

import pyarrow as pa
import pytest

from molgen.data.dataset import load_dataset
from molgen.data.joined import open_tables
from molgen.data.library import open_library
from molgen.data.paths import expand_paths
from molgen.data.tables import open_table
from molgen.errors import InputError

PACKERS = {
    "gzip": gzip.compress,
    "bzip2": lambda content: bz2.compress(content, 1),
    "xz": lzma.compress,
    "zstd": lambda content: pa.compress(content, codec="zstd", asbytes=True),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.csv").write_text("smiles,id,y,note\nCCO,1,1.5,x\nCCN,2,2.5,\n")
    (tmp_path / "a.csv").write_text("ID,SMILES,y\n3,CCC,3.5\n4,,4.5\n5,CCF,\n")
    (tmp_path / "c.txt").write_text("no table")
    (tmp_path / "sub.csv").mkdir()
    return tmp_path


def feed(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


# --- names -----------------------------------------------------------------------------------------------------------


def test_patterns_are_files_in_order(folder):
    assert expand_paths(str(folder / "*.csv")) == [folder / "a.csv", folder / "b.csv"]
    assert expand_paths([folder / "c.txt", folder / "[ab].csv"]) == [folder / "c.txt", folder / "a.csv", folder / "b.csv"]
    assert expand_paths(str(folder / "**" / "c.txt")) == [folder / "c.txt"]


def test_a_file_whose_name_is_a_pattern(folder):
    (folder / "[ab].csv").write_text("x")
    assert expand_paths(str(folder / "[ab].csv")) == [folder / "[ab].csv"]


@pytest.mark.parametrize(
    ("paths", "message"),
    [("nope*.csv", "no file fits the pattern"), ([], "no file is named"), (["-", "-"], "named twice"), ([""], "is empty")],
)
def test_names_that_mean_no_file(paths, message):
    with pytest.raises(InputError, match=message):
        expand_paths(paths)


# --- packed files and standard input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_files(tmp_path, kind):
    lines = ["smiles,x", *(f"CCO,{os.urandom(20).hex()}" for _ in range(20_000))]
    content = PACKERS[kind]("\n".join(lines).encode()) + b"\0" * (8 if kind != "zstd" else 0)
    path = tmp_path / "t.csv"
    path.write_bytes(content + (PACKERS[kind](b"\nCCN,last") if kind != "zstd" else b""))
    rows = [",".join(row.values) for row in open_table(path).rows()]
    assert rows == lines[1:] + (["CCN,last"] if kind != "zstd" else [])
    path.write_bytes(content[: len(content) // 2])
    found = []
    with pytest.raises(InputError, match=r"damaged: .*; got good lines up to line \d+"):
        for row in open_table(path).rows():
            found.append(",".join(row.values))
    assert found == lines[1 : len(found) + 1]
    assert len(found) > 0.4 * len(lines)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])  # zstd has no check sum where nobody asks for one
def test_spoilt_packed_files_are_named(tmp_path, kind):
    content = bytearray(PACKERS[kind](os.urandom(5000).hex().encode()))
    content[500:600] = os.urandom(100)
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"{path}: damaged: {kind} data")):
        list(open_table(path).rows())


def test_text_that_begins_like_bzip2(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("BZh9,smiles\nx,CCO\n")
    assert open_table(path).columns == ["BZh9", "smiles"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(monkeypatch, pack):
    feed(monkeypatch, pack(b"smiles,y\n" + b"CCO,1\n" * 100_000))
    library = open_library("-")
    assert library.share_read() == 0
    assert sum(len(block.rows) for block in library.blocks()) == 100_000
    with pytest.raises(InputError, match="standard input: a pipe can be read only once"):
        next(library.blocks())


def test_standard_input_that_is_empty_or_closed(monkeypatch):
    feed(monkeypatch, b"")
    with pytest.raises(InputError, match="standard input: the file is empty"):
        open_table("-")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        open_table("-")


def test_training_data_from_standard_input_has_the_checksum_of_the_file(folder, monkeypatch):
    content = (folder / "b.csv").read_bytes()
    feed(monkeypatch, content)
    piped, plain = load_dataset("-", targets=["y"]), load_dataset(folder / "b.csv", targets=["y"])
    assert piped.source["sha256"] == plain.source["sha256"]
    assert piped.texts == plain.texts == ["CCO", "CCN"]


# --- several files ---------------------------------------------------------------------------------------------------


def test_tables_with_the_same_columns_are_one(folder):
    dataset = load_dataset(str(folder / "*.csv"), targets=["Y"])
    assert dataset.texts == ["CCC", "CCO", "CCN"]
    assert dataset.ids == ["3", "1", "2"]
    assert dataset.targets[:, 0].tolist() == [3.5, 1.5, 2.5]
    assert dataset.dropped == [(3, f"empty: no SMILES (in {folder}/a.csv)"), (4, f"no label (in {folder}/a.csv)")]
    assert dataset.notes[0] == "columns that are not in all files are left out: 'note'"
    assert dataset.source["file"] == "a.csv, b.csv"


def test_lines_and_problems_of_the_second_file(folder):
    (folder / "b.csv").write_text("smiles,y\nCCO,abc\nCCN\n")
    dataset = load_dataset([folder / "a.csv", folder / "b.csv"], targets=["y"])
    assert [(line, reason.endswith("b.csv)")) for line, reason in dataset.dropped] == [(3, False), (4, False), (2, True), (3, True)]
    assert [line for line, _ in dataset.problems] == [2]


def test_a_label_that_one_file_lacks(folder):
    with pytest.raises(InputError, match=r"a\.csv, .*b\.csv: no column 'note'; expected one of 'ID', 'SMILES', 'y'"):
        load_dataset(str(folder / "*.csv"), targets=["note"])


def test_tables_that_do_not_fit_together(folder):
    (folder / "b.csv").write_text("foo,bar\n1,2\n")
    with pytest.raises(InputError, match="no column in common"):
        open_tables(str(folder / "*.csv"))


def test_smiles_columns_of_different_names(folder):
    (folder / "b.csv").write_text("canonical_smiles,y,SMILES\nCCO,1,x y\nCCN,2,z z\n")
    with pytest.raises(InputError, match="columns of different names"):
        load_dataset([folder / "a.csv", folder / "b.csv"], targets=["y"])


def test_one_damaged_file_among_several_is_named(folder):
    (folder / "z.csv").write_bytes(gzip.compress(b"smiles,y\nCCO,1\n" * 9)[:-9])
    with pytest.raises(InputError, match=r"z\.csv: damaged"):
        load_dataset(str(folder / "*.csv"), targets=["y"])


# --- libraries -------------------------------------------------------------------------------------------------------


def test_ids_that_repeat_are_noted(folder):
    (folder / "b.csv").write_text("smiles,id\nCCO,1\nCCN,3\nCCC,1\nCCF,\nCCS,\n")
    library = open_library(str(folder / "*.csv"))
    assert sum(len(block.rows) for block in library.blocks(2)) == 8
    assert library.notes == ["2 rows have an id that was there before, such as '3'"]


def test_notes_that_reading_adds_are_kept(folder):
    (folder / "b.csv").write_bytes(b"smiles,id\n" + b"CCO,1\n" * 50_000 + "CCN,\u00e9\n".encode("cp1252"))
    library = open_library(folder / "b.csv")
    assert library.notes == []
    list(library.blocks())
    assert any("not UTF-8" in note for note in library.notes)


def test_ten_thousand_columns(tmp_path):
    names = [f"c{i}" for i in range(10_000)]
    lines = [",".join(["smiles", *names]), *(",".join(["CCO", *(f"{i}.5" for i in range(10_000))]) for _ in range(150))]
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(lines) + "\n")
    library = open_library(path)
    blocks = list(library.blocks())
    assert [len(block.rows) for block in blocks] == [104, 46]
    assert blocks[0].extras[9_999] == ["9999.5"] * 104
