"""SD files: the same molecules and data items as RDKit reads, and a named row for what it cannot read."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig, rdBase

from molgen.data import sd_records
from molgen.data.formats import known_formats, sdf
from molgen.data.library import open_library
from molgen.data.tables import open_table
from molgen.errors import InputError

FILES = [
    Path(RDConfig.RDDataDir, "NCI", "first_200.props.sdf"),
    Path(RDConfig.RDContribDir, "Fastcluster", "testdata", "cdk2.sdf"),
    Path(RDConfig.RDContribDir, "FreeWilson", "data", "cmet_ligands.sdf"),
    Path(RDConfig.RDContribDir, "PBF", "testData", "egfr.sdf"),
    Path(RDConfig.RDContribDir, "FreeWilson", "data", "CHEMBL2321810_scaffold.mol"),
]


def block(smiles: str = "CCO", title: str = "", v3000: bool = False) -> str:
    return title + Chem.MolToMolBlock(Chem.MolFromSmiles(smiles), forceV3000=v3000)


def record(smiles: str = "CCO", title: str = "", **items: str) -> str:
    return block(smiles, title) + "".join(f">  <{name}>\n{value}\n\n" for name, value in items.items()) + "$$$$\n"


def table(folder: Path, content: str | bytes, name: str = "t.sdf"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(path)


def values(opened) -> list[list[str]]:
    return [row.values for row in opened.rows()]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_real_files_as_rdkit_reads_them(tmp_path, path, pack):
    opened = table(tmp_path, pack(path.read_bytes()), "anything.dat")
    assert opened.format == "sdf"
    with rdBase.BlockLogs():
        mols = list(Chem.SDMolSupplier(str(path)))
    rows = list(opened.rows())
    assert [row.values[0] for row in rows] == [Chem.MolToSmiles(mol) for mol in mols]
    assert [row.values[1] for row in rows] == [mol.GetProp("_Name").strip() for mol in mols]
    for row, mol in zip(rows, mols, strict=True):
        found = {name.removesuffix("_item"): value for name, value in zip(opened.columns[2:], row.values[2:], strict=True) if value}
        assert found == {name: value for name, value in mol.GetPropsAsDict(autoConvertStrings=False).items() if value.strip()}
    lines = path.read_text().split("\n")
    assert all(row.line == 1 or lines[row.line - 2].startswith("$$$$") for row in rows)


def test_a_property_named_smiles_keeps_clear_of_the_structure():
    opened = open_table(FILES[0])
    assert "data item 'SMILES' is called 'SMILES_item'" in opened.notes
    assert opened.find_smiles() == "smiles"


def test_columns_are_the_union_over_records(tmp_path):
    opened = table(tmp_path, record(a="1") + record(b="2", a="") + record("CCN", "x", c="3\n4"))
    assert opened.columns == ["smiles", "title", "a", "b", "c"]
    assert values(opened) == [["CCO", "", "1", "", ""], ["CCO", "", "", "2", ""], ["CCN", "x", "", "", "3\n4"]]


def test_items_that_turn_up_late_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("molgen.streams.source._CHUNK", 2000)
    monkeypatch.setattr(sdf, "SEARCHED", 2000)
    opened = table(tmp_path, record(a="1") * 30 + record(a="2", late="3", later="4"))
    assert opened.columns == ["smiles", "title", "a", "other_properties"]
    rows = values(opened)
    assert rows[0] == ["CCO", "", "1", ""]
    assert json.loads(rows[-1][-1]) == {"late": "3", "later": "4"}


def test_headers_of_every_kind(tmp_path):
    items = (
        "> <a>\n1\n\n>  25 <b> (7)\n2\n\n> DT12\n3\n\n>  <c<d>>\n4\n5\n\n6\n\n> <e>\n\n> <>\n7\n\n> <f>\n8\n> <g>\n9\n> < 5 uM\n\n"
    )
    opened = table(tmp_path, block() + items + "$$$$\n")
    assert opened.columns[2:] == ["a", "b", "DT12", "c<d>", "e", "unnamed", "f", "g"]
    assert values(opened)[0][2:] == ["1", "2", "3", "4\n5\n\n6", "", "7", "8", "9\n> < 5 uM"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_line_ends_and_encodings(tmp_path, end, encoding):
    text = record(name="\u00e9thanol") + record("c1ccccc1", "benz\u00e8ne", name="b\nc")
    opened = table(tmp_path, text.replace("\n", end).encode(encoding))
    assert values(opened) == [["CCO", "", "\u00e9thanol"], ["c1ccccc1", "benz\u00e8ne", "b\nc"]]


def test_v3000(tmp_path):
    smiles = ["C[C@H](N)C(=O)O", "F/C=C\\Cl", "[Na+].[Cl-]", "[13CH4]", "N" + "CC(C)" * 99]
    opened = table(tmp_path, "".join(block(each, v3000=True) + "$$$$\n" for each in smiles))
    assert [row[0] for row in values(opened)] == [Chem.CanonSmiles(each) for each in smiles]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (block("CCO").replace("  1  2  1  0\n", ""), "not a mol block: 4 lines where the counts line has 3 atoms and 2 bonds"),
        (block("CCO").replace("M  END\n", ""), "it ends without M  END"),
        (block("CC(C)(C)C").replace("  1  2  1  0", "  1  2  2  0"), "not a possible molecule: Explicit valence for atom # 1 C"),
        ("title\nprogram\n\ngarbage\nM  END\n", "no counts line, but 'garbage'"),
        ("", "empty record"),
        (block("CCO").replace(" O  ", " Qq "), "an atom, bond or property line is malformed"),
        ("\n  p\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n", "empty: a molecule without atoms"),
    ],
)
def test_a_record_that_cannot_be_read_is_a_row(tmp_path, bad, reason):
    opened = table(tmp_path, record("CCN", y="1") + bad + ">  <y>\n2\n\n" * bool(bad) + "$$$$\n" + record("CCC", y="3"))
    good, row, last = opened.rows()
    assert (good.values, last.values) == (["CCN", "", "1"], ["CCC", "", "3"])
    assert row.values[0] == ""
    assert row.values[2] == ("2" if bad else "")
    assert reason in (row.problem or "")
    assert row.line == 1 + record("CCN", y="1").count("\n")
    problems = next(open_library([opened.source.path]).blocks()).problems
    assert problems == {1: f"{row.problem} (record 2, line {row.line})"}


def test_lost_end_marks(tmp_path):
    text = record("CCN", "one", y="1").removesuffix("$$$$\n") + record("CCC", "two", y="2") + record("CCF", "three")
    opened = table(tmp_path, text.removesuffix("$$$$\n"))
    assert values(opened) == [["CCN", "one", "1"], ["CCC", "two", "2"], ["CCF", "three", ""]]
    assert opened.notes == [
        "records without an end mark ($$$$) were parted where the next one begins: the first on line 1",
        "the last record, on line 28, has no end mark ($$$$): the file may be cut short",
    ]


def test_a_mol_block_in_a_data_item_is_no_record(tmp_path):
    opened = table(tmp_path, record("CCN", product=block("CCC", "title").rstrip("\n")) + record("CCO"))
    assert [row[0] for row in values(opened)] == ["CCN", "CCO"]
    assert Chem.MolToSmiles(Chem.MolFromMolBlock(values(opened)[0][2])) == "CCC"


def test_many_mol_files_one_after_another(tmp_path, monkeypatch):
    monkeypatch.setattr("molgen.streams.source._CHUNK", 3000)
    monkeypatch.setattr(sd_records, "_SEARCH", 5000)
    monkeypatch.setattr(sd_records, "MAX_RECORD", 20_000)
    opened = table(tmp_path, "".join(block("C" * (i % 9 + 1), str(i)) for i in range(300)))
    assert values(opened) == [["C" * (i % 9 + 1), str(i)] for i in range(300)]


def test_a_record_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("molgen.streams.source._CHUNK", 3000)
    monkeypatch.setattr(sd_records, "MAX_RECORD", 20_000)
    monkeypatch.setattr(sd_records, "_SEARCH", 5000)
    opened = table(tmp_path, record("CCN") + record("CCO", "large", y="x\n" * 30_000) + record("CCC"))
    rows = list(opened.rows())
    assert [row.values[0] for row in rows] == ["CCN", "", "CCC"]
    assert rows[1].problem == "record too large: over 20,000 characters"
    assert rows[1].values[1] == "large"


def test_a_cut_gzip_file_gives_the_records_before_the_cut(tmp_path):
    packed = gzip.compress(FILES[3].read_bytes())
    opened = table(tmp_path, packed[: len(packed) // 2])
    rows = []
    with pytest.raises(InputError, match="ends too early; got good lines up to line"):
        for row in opened.rows():
            rows.append(row.values[0])
    assert rows == [row.values[0] for row in open_table(FILES[3]).rows()][: len(rows)]
    assert len(rows) > 100


def test_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(FILES[3].read_bytes(),))
    writer.start()
    opened = open_table(path)
    assert len(opened.sample) == 100
    assert len(list(opened.rows())) == 365
    writer.join()


def test_options_of_text_tables_are_refused():
    with pytest.raises(InputError, match="not a text table"):
        open_table(FILES[0], delimiter=",")


def test_text_tables_come_last():
    assert [each.__name__ for each in known_formats()] == ["ParquetTable", "SdfTable", "SequenceTable", "DelimitedTable"]
