"""Tables: every record once and in order, whatever the file looks like."""

from __future__ import annotations

import csv
import gzip
import os
import re
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molgen.data.columns import find_id_column, find_smiles_column
from molgen.data.formats.delimited import DelimitedTable as Table
from molgen.data.tables import Row, open_table
from molgen.errors import InputError


def table(folder: Path, content: str | bytes, name: str = "t.csv", **options) -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(path, **options)


def values(opened: Table) -> list[list[str]]:
    return [row.values for row in opened.rows()]


def problems(opened: Table) -> dict[int, str]:
    return {row.number: row.problem for row in opened.rows() if row.problem}


# --- real files ------------------------------------------------------------------------------------------------------


def provenance(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Read what each PROVENANCE.txt says of its files: rows, columns, SMILES column."""
    stated = {}
    for path in sorted(folder.glob("*/PROVENANCE.txt")):
        name = ""
        for line in path.read_text().splitlines():
            if re.fullmatch(r"\S+\.[ct]sv\.gz", line):
                name = str(Path(path.parent.name, *Path(line).parts[1:]))
            elif match := re.match(r"  rows (\d+), columns (\d+), SMILES column (\w+)", line):
                stated[name] = (int(match[1]), int(match[2]), match[3])
    return stated


def test_every_molecule_file_is_as_its_provenance_says(data_dir):
    folder = data_dir / "molecules"
    stated = {name: facts for name, facts in provenance(folder).items() if (folder / name).is_file()}
    assert len(stated) > 60
    for name, (rows, columns, smiles) in stated.items():
        opened = open_table(folder / name)
        assert (name, opened.has_header, len(opened.columns)) == (name, True, columns)
        assert (name, find_smiles_column(opened.columns, opened.sample)) == (name, smiles)
        if rows > 1_000_000:
            continue
        count, bad = 0, []
        for count, row in enumerate(opened.rows(), 1):
            if row.problem or len(row.values) != columns or row.number != count:
                bad.append(row)
        assert (name, count, bad) == (name, rows, [])


def test_every_table_of_the_data_folder_opens(data_dir):
    paths = [path for path in data_dir.rglob("*") if re.search(r"\.[ct]sv(\.gz)?$", path.name)]
    assert len(paths) > 70
    for path in paths:
        opened = open_table(path)
        assert opened.has_header, path
        assert next(opened.rows()).problem is None, path


@pytest.mark.parametrize(
    ("name", "delimiter", "identifier"),
    [
        ("moleculenet/BBBP.csv.gz", ",", "name"),
        ("moleculenet/bace.csv.gz", ",", "CID"),
        ("moleculenet/tox21.csv.gz", ",", "mol_id"),
        ("moleculenet/Lipophilicity.csv.gz", ",", "CMPD_CHEMBLID"),
        ("moleculenet/HIV.csv.gz", ",", None),
        ("b3db/B3DB_classification.tsv.gz", "\t", "CID"),
        ("approved_drugs/chembl_drugs_salts.csv.gz", " ", "chembl_id"),
        ("approved_drugs/chembl_approved_drugs.csv.gz", ",", "molecule_chembl_id"),
        ("tdc_admet/ames/train_val.csv.gz", ",", "Drug_ID"),
    ],
)
def test_real_dialects(data_dir, name, delimiter, identifier):
    opened = open_table(data_dir / "molecules" / name)
    smiles = find_smiles_column(opened.columns, opened.sample)
    assert opened.delimiter == delimiter
    assert find_id_column(opened.columns, exclude=[smiles]) == identifier


def test_lines_of_hiv_are_those_of_an_editor(data_dir):
    rows = list(open_table(data_dir / "molecules/moleculenet/HIV.csv.gz").rows())
    assert [row.line for row in rows[:3]] == [3, 5, 7]
    assert rows[-1].line == 82255


def test_a_quoted_line_end_in_a_real_file(data_dir):
    rows = list(open_table(data_dir / "molecules/b3db/B3DB_classification.tsv.gz").rows())
    assert rows[320][:2] == (321, 322)
    assert rows[320].values[1] == "alpha-(4-pyridyl-1-oxide)-n-tert-\nbutylnitrone"
    assert rows[321].line == 324


def test_nci_smi_file_without_a_header():
    from rdkit import RDConfig

    path = Path(RDConfig.RDDataDir, "NCI", "first_5K.smi")
    opened = open_table(path)
    assert (opened.columns, opened.format, opened.has_header) == (["smiles", "id"], "smi", False)
    expected = [line.split(None, 1) for line in path.read_text().splitlines()]
    assert values(opened) == [[*fields, ""][:2] for fields in expected]


# --- delimiters and headers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", " "])
@pytest.mark.parametrize("header", ["smiles{}name{}logP\n", ""])
def test_delimiters(tmp_path, delimiter, header):
    rows = [["CCO", "ethanol", "-0.3"], ["c1ccccc1", "benzene", "2.1"], ["CC(=O)O", "acetic", "-0.2"]]
    text = header.format(delimiter, delimiter) + "".join(delimiter.join(row) + "\n" for row in rows)
    opened = table(tmp_path, text)
    assert (opened.delimiter, opened.has_header) == (delimiter, bool(header))
    assert values(opened) == rows
    assert opened.columns[0] == "smiles"


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("name;smiles;pIC50\nfoo, bar;CCO;3,5\nbaz;CCN;4,25\n", ";", ["foo, bar", "CCO", "3,5"]),
        ("CCO;1,5\nCCN;2,5\nCCC;3,5\n", ";", ["CCO", "1,5"]),
        ("id,smiles\nethyl alcohol,CCO\nmethyl alcohol,CO\npropyl alcohol,CCCO\n", ",", ["ethyl alcohol", "CCO"]),
        ("CCO 1,2-ethanediol\nCCN ethyl amine\nCC=O\n", " ", ["CCO", "1,2-ethanediol"]),
        ("CCO |c:1| one\nCCN |c:1,r| two\nCCC three\n", " ", ["CCO |c:1|", "one"]),
        ("smiles\tnames\nCCO\ta, b, c\nCCN\td, e, f\n", "\t", ["CCO", "a, b, c"]),
        ("smiles\nCCO\nCCN\n", ",", ["CCO"]),
        ("sep=;\nsmiles;y\nCCO;1\n", ";", ["CCO", "1"]),
        ("id smiles\nx1 CCO\nx2 CCN\n", " ", ["x1", "CCO"]),
        ('"smiles" "id"\n"CCO" "ethyl alcohol"\n"CCN" "x"\n', " ", ["CCO", "ethyl alcohol"]),
    ],
)
def test_delimiter_is_guessed_from_what_smiles_cannot_hold(tmp_path, text, delimiter, expected):
    opened = table(tmp_path, text)
    assert opened.delimiter == delimiter
    assert values(opened)[0] == expected
    assert problems(opened) == {}


@pytest.mark.parametrize(
    ("asked", "delimiter"), [(";", ";"), ("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), (" ", " "), ("Pipe", "|")]
)
def test_delimiter_that_is_asked_for(tmp_path, asked, delimiter):
    opened = table(tmp_path, f"smiles{delimiter}a,b\nCCO{delimiter}1,2\n", delimiter=asked)
    assert values(opened) == [["CCO", "1,2"]]


@pytest.mark.parametrize("asked", ["", "ab", '"', "\n", "x"])
def test_no_delimiter(tmp_path, asked):
    with pytest.raises(InputError, match="not a delimiter"):
        table(tmp_path, "smiles,a\nCCO,1\n", delimiter=asked)


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        ("CCO ethanol\nCCN amine\n", False),
        ("SMILES NAME\nCCO ethanol\n", True),
        ("#smiles id\nCCO ethanol\n", True),
        ("Structure,Value\nCCO,1\nCCN,2\n", True),
        ("chemical,measured\nCCO,1\nCCN,2\n", True),
        ("CCO,1\nCCN,2\n", False),
        ("not_a_molecule,mol1\nCCO,mol2\nCCN,mol3\nCCC,mol4\n", False),
        ("xyz,1\nCCO,2\nCCN,3\n", False),
        ("mol1,CCO\nmol2,CCN\n", False),
        ("CCO\n", False),
        ("smiles\n", True),
        ("a,b\nx,1\ny,2\n", True),
        ("CCO\nname\nCCN\n", False),
    ],
)
def test_header_is_guessed(tmp_path, text, has_header):
    opened = table(tmp_path, text)
    assert opened.has_header is has_header
    assert len(values(opened)) == len(text.splitlines()) - has_header


def test_header_that_is_asked_for(tmp_path):
    assert values(table(tmp_path, "CCO,1\nCCN,2\n", header=True)) == [["CCN", "2"]]
    opened = table(tmp_path, "smiles,y\nCCO,1\n", header=False)
    assert values(opened) == [["smiles", "y"], ["CCO", "1"]]


@pytest.mark.parametrize(
    ("text", "name", "columns"),
    [
        ("CCO eth\nCCN amine\n", "t.smi", ["smiles", "id"]),
        ("CCO\nCCN\n", "t.smi", ["smiles"]),
        ("CCO\tA-1\t3.5\nCCN\tA-2\t4.5\n", "t.smi", ["smiles", "id", "column_3"]),
        ("CCO a 1.5 x\nCCN b 2.5 y\n", "t.smi", ["smiles", "id", "column_3", "column_4"]),
        ("A-1 CCO\nA-2 CCN\n", "t.smi", ["id", "smiles"]),
        ("CCO,1.5\nCCN,2.5\n", "t.csv", ["smiles", "column_2"]),
        ("CCO,x\nCCN,y\n", "t.csv", ["smiles", "id"]),
    ],
)
def test_names_without_a_header(tmp_path, text, name, columns):
    assert table(tmp_path, text, name).columns == columns


def test_duplicate_and_empty_names(tmp_path):
    opened = table(tmp_path, "smiles,y,y,,y_2, z \nCCO,1,2,3,4,5\n")
    assert opened.columns == ["smiles", "y", "y_3", "column_4", "y_2", "z"]
    assert opened.notes == [
        "column 3 is named 'y' in the file: called 'y_3'",
        "column 4 is named '' in the file: called 'column_4'",
    ]


def test_header_of_r_without_a_name_for_the_row_names(tmp_path):
    opened = table(tmp_path, '"smiles","y"\n"1","CCO",0.5\n"2","CCN",0.7\n')
    assert opened.columns == ["row_name", "smiles", "y"]
    assert values(opened)[0] == ["1", "CCO", "0.5"]
    assert opened.notes


def test_rows_with_a_column_that_has_no_name(tmp_path):
    opened = table(tmp_path, "smiles,y\nCCO,0.5,a\nCCN,0.7,b\n")
    assert opened.columns == ["smiles", "y", "column_3"]
    assert problems(opened) == {}


# --- records ---------------------------------------------------------------------------------------------------------


def test_blank_lines_are_rows(tmp_path):
    opened = table(tmp_path, "\nsmiles,y\n\nCCO,1\n   \nCCN,2\n\n")
    assert list(opened.rows()) == [
        Row(1, 3, ["", ""], "empty line"),
        Row(2, 4, ["CCO", "1"], None),
        Row(3, 5, ["", ""], "empty line"),
        Row(4, 6, ["CCN", "2"], None),
        Row(5, 7, ["", ""], "empty line"),
    ]


@pytest.mark.parametrize("text", ["smiles\nCCO\n\n  \nCCN\n", "CCO\n\n  \nCCN\n"])
@pytest.mark.parametrize("name", ["t.csv", "t.smi"])
def test_blank_lines_of_one_column(tmp_path, text, name):
    opened = table(tmp_path, text, name)
    assert values(opened) == [["CCO"], [""], [""], ["CCN"]]
    assert problems(opened) == {2: "empty line", 3: "empty line"}


@pytest.mark.parametrize("text", ["smiles,y\nCCO,1", "smiles,y\nCCO,1\n", "smiles,y\r\nCCO,1\r\n"])
def test_final_line_end_makes_no_row(tmp_path, text):
    assert values(table(tmp_path, text)) == [["CCO", "1"]]


def test_wrong_number_of_fields(tmp_path):
    text = "smiles,a,b\n" + "CCO,1,2\n" * 5 + "CCN,1\nCCC,1,2,3,4\nCCF,1,2,,\n,,\n"
    opened = table(tmp_path, text)
    assert values(opened)[5:] == [["CCN", "1", ""], ["CCC", "1", "2,3,4"], ["CCF", "1", "2"], ["", "", ""]]
    assert problems(opened) == {
        6: "wrong number of fields: 2 where the header has 3",
        7: "wrong number of fields: 5 where the header has 3",
    }


def test_smi_names_are_optional_and_may_have_blanks(tmp_path):
    opened = table(tmp_path, "CCO ethyl alcohol \nCCN\n  CCC\tpropane  gas\n", "t.smi")
    assert values(opened) == [["CCO", "ethyl alcohol"], ["CCN", ""], ["CCC", "propane  gas"]]
    assert problems(opened) == {}


def test_quotes(tmp_path):
    text = 'smiles,name\nCCO,"a, b"\nCCN,"say ""x"""\nCCC,5"-x\n"CCF","two\r\nlines"\nCCS,""\nCCP, "a, b"\n'
    opened = table(tmp_path, text)
    assert values(opened) == [
        ["CCO", "a, b"],
        ["CCN", 'say "x"'],
        ["CCC", '5"-x'],
        ["CCF", "two\r\nlines"],
        ["CCS", ""],
        ["CCP", "a, b"],
    ]
    assert [row.line for row in opened.rows()] == [2, 3, 4, 5, 7, 8]
    assert problems(opened) == {}


@pytest.mark.parametrize("rest", ["", 'CCF,"fine, quoted"\n', 'CCF,tube 5"\n', 'CCF,""\n', '"CCF",x\n'])
def test_a_stray_quote_takes_no_other_row_with_it(tmp_path, rest):
    text = "smiles,name\nCCO,a\n" + 'CCN,"bad\n' + "CCC,b\n" * 3000 + rest
    opened = table(tmp_path, text)
    rows = values(opened)
    assert len(rows) == 3002 + bool(rest)
    assert rows[:3] == [["CCO", "a"], ["CCN", '"bad'], ["CCC", "b"]]
    assert problems(opened) == {}


def test_a_stray_quote_that_meets_another_within_reach(tmp_path):
    text = 'smiles,name\nCCO,a\nCCN,"bad\nCCC,b\nCCS,c\nCCF,tube 5"\nCCP,d\n'
    assert [row[0] for row in values(table(tmp_path, text))] == ["CCO", "CCN", "CCC", "CCS", "CCF", "CCP"]


def test_a_stray_quote_that_breaks_its_own_line(tmp_path):
    opened = table(tmp_path, 'smiles,name,y\nCCO,a,1\nCCN,"b,c,2\nCCC,"b"d,e,3\nCCS,"x, y",4\n')
    assert values(opened) == [["CCO", "a", "1"], ["CCN", '"b', "c,2"], ["CCC", '"b"d', "e,3"], ["CCS", "x, y", "4"]]
    assert problems(opened) == {
        2: "unclosed quote; wrong number of fields: 4 where the header has 3",
        3: "text after a closing quote; wrong number of fields: 4 where the header has 3",
    }


def test_quoted_fields_over_many_lines_and_chunks(tmp_path):
    block = "\n".join(f"  {i}.0 0.0 C" for i in range(120))
    text = "smiles,molblock,y\n" + "".join(f'CCO,"{block}",{i}\n' for i in range(600))
    rows = list(table(tmp_path, text).rows())
    assert [row.values[2] for row in rows] == [str(i) for i in range(600)]
    assert {row.values[1] for row in rows} == {block}
    assert [row.line for row in rows] == [2 + 120 * i for i in range(600)]


def test_a_quoted_field_beyond_the_limit_of_the_csv_module(tmp_path):
    long = "x," * 100_000
    assert values(table(tmp_path, f'smiles,note\nCCO,"{long}"\nCCN,b\n')) == [["CCO", long], ["CCN", "b"]]


def test_a_line_that_is_too_long_is_a_bad_row(tmp_path):
    opened = table(tmp_path, "smiles,y\nCCO,1\n" + "C" * 3_000_000 + ",2\nCCN,3\n")
    rows = list(opened.rows())
    assert [row.values[0][:5] for row in rows] == ["CCO", "CCCCC", "CCN"]
    assert rows[1].problem and rows[1].problem.startswith("line too long")
    with pytest.raises(InputError, match="no header: line too long"):
        table(tmp_path, "smiles," * 500_000)


def test_rows_can_be_read_again(tmp_path):
    opened = table(tmp_path, "smiles\nCCO\nCCN\n")
    assert values(opened) == values(opened) == opened.sample


def test_damage_comes_after_the_rows_before_it(tmp_path):
    content = gzip.compress("".join(f"{os.urandom(8).hex()},{i}\n" for i in range(50_000)).encode())
    opened = table(tmp_path, content[: len(content) * 2 // 3], "t.csv.gz")
    count = 0
    with pytest.raises(InputError, match="good lines up to line"):
        for count, row in enumerate(opened.rows(), 1):
            assert row.values[1] == str(count - 1)
    assert count > 30_000


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("<!DOCTYPE html>\n<html>", "a web page"),
        ('[{"smiles": "CCO"}]', "JSON"),
        ("@<TRIPOS>MOLECULE\nx\n", "a MOL2 file"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "LFS pointer"),
        ("$RXN\n\n\n\n  1  1\n", "a file of reactions"),
    ],
)
def test_other_formats_are_named(tmp_path, content, kind):
    with pytest.raises(InputError, match=kind):
        table(tmp_path, content)


def test_files_of_sequences_are_tables_without_molecules(tmp_path):
    opened = table(tmp_path, ">one a protein\nMKV\nLL\n>two\n\n>three\nMK\n", "x.csv")
    assert (opened.format, opened.columns, opened.find_sequence()) == ("fasta", ["sequence", "id", "description"], "sequence")
    rows = list(opened.rows())
    assert [(row.number, row.values, row.problem) for row in rows] == [
        (1, ["MKVLL", "one", "a protein"], None),
        (2, ["", "two", ""], "no sequence under this title"),
        (3, ["MK", "three", ""], None),
    ]
    assert opened.place(rows[1]) == "record 2"
    with pytest.raises(InputError, match="a file of sequences, not of molecules; got fasta"):
        opened.find_smiles()
    opened = table(tmp_path, "@r1\nACGT\n+\nIIII\n")
    assert [row.values for row in opened.rows()] == [["ACGT", "r1", "", "IIII"]]


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("id,seq\n1,ACG\n", "seq"),
        ("Protein Sequence,protein\nMK,x\n", "Protein Sequence"),
        ("gene,aa\nEGFR,MKVLAADELVKKYGTTSKLLE\nKRAS,MKVLAADELVKKYGTTSKLLEGHHH\n", "aa"),
        ("sequence,dna\n1,MKVLAADELVKKYGTTSKLLE\n", "dna"),
        ("a,b\nx,MKVLAADELVKKYGTTSKLLE\ny,MKVLAADELVKKYGTTSKLLEGHHH\n", "b"),
    ],
)
def test_the_column_of_sequences_is_found(tmp_path, content, column):
    assert table(tmp_path, content).find_sequence() == column


def test_no_guess_where_several_columns_could_be_the_sequences(tmp_path):
    two = table(tmp_path, "seq,sequence\nACG,ACG\n")
    with pytest.raises(InputError, match=r"more than one column could hold the sequences.*name one with --sequence COLUMN"):
        two.find_sequence()
    assert two.find_sequence("Sequence") == "sequence"
    with pytest.raises(InputError, match=r"no column with sequences found.*name it with --sequence COLUMN"):
        table(tmp_path, "smiles,y\nCCO,1\n").find_sequence()


@pytest.mark.parametrize("content", ["\n\n\n", "  \n", ",,,\n,,,\n"])
def test_nothing_but_blanks(tmp_path, content):
    with pytest.raises(InputError, match="at its start"):
        table(tmp_path, content)


def test_a_pipe_is_read_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = "smiles,y\n" + "CCO,1\n" * 100_000
    writer = threading.Thread(target=path.write_text, args=(content,))
    writer.start()
    opened = open_table(path)
    assert sum(1 for _ in opened.rows()) == 100_000
    writer.join()
    with pytest.raises(InputError, match="only once"):
        next(opened.rows())


# --- round trip ------------------------------------------------------------------------------------------------------

cells = st.text(st.sampled_from(list("aZ5é,;\t|\"\n\r '_-")) | st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), max_size=8)),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    chunk=st.sampled_from([1, 7, 64, 1 << 17]),
)
def test_round_trip_with_the_csv_module(tmp_path, monkeypatch, rows, delimiter, end, quoting, chunk):
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:  # the csv module then writes CR bare, and cannot read it either
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    monkeypatch.setattr("molgen.streams.source._CHUNK", 1 << 17)  # the header is looked for in the first chunk
    path = tmp_path / "t.csv"
    header = ["key", *(f"c{i}" for i in range(2, (len(rows[0]) if rows else 2) + 1))]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([header, *rows])
    opened = open_table(path, delimiter=delimiter, header=True)
    monkeypatch.setattr("molgen.streams.source._CHUNK", chunk)
    assert opened.columns == header
    assert [(row.number, row.values, row.problem) for row in opened.rows()] == [
        (number, row, None) for number, row in enumerate(rows, 1)
    ]


# --- anything at all -------------------------------------------------------------------------------------------------

PIECES = [
    "CCO",
    "smiles",
    "name",
    ",",
    "\t",
    ";",
    " ",
    '"',
    '""',
    "\n",
    "\r\n",
    "\r",
    "\r\r\n",
    "1.5",
    "|c:1|",
    "\u00e9",
    "x y",
]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(PIECES), max_size=40).map("".join), name=st.sampled_from(["t.csv", "t.smi"]))
def test_any_text_gives_rows_or_a_clear_error(tmp_path, text, name):
    try:
        opened = table(tmp_path, text, name)
    except InputError:
        assert not text.strip(' \t\r\n,;|"')  # refused only where there is nothing in it
        return
    rows = list(opened.rows())
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all(len(row.values) == len(opened.columns) for row in rows)
    assert all(first.line < second.line for first, second in pairwise(rows))
    lines = re.split(r"\r{0,2}\n|\r", text)
    lines = lines if lines[-1] else lines[:-1]
    if '"' not in text and "\r\n\n" not in text:
        assert [row.line for row in rows] == list(range(len(lines) - len(rows) + 1, len(lines) + 1))
        skipped = lines[: len(lines) - len(rows)]
        assert sum(1 for line in skipped if line.strip(" \t,;|")) <= opened.has_header
        for row, line in zip(rows, lines[len(skipped) :], strict=True):
            kept = "".join(row.values).replace(opened.delimiter, "")
            assert re.sub(r"\s", "", kept) == re.sub(r"\s", "", line.replace(opened.delimiter, ""))


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), pack=st.booleans(), cut=st.integers(0, 8))
def test_any_bytes_give_rows_or_a_clear_error(tmp_path, content, pack, cut):
    content = gzip.compress(content)[: -cut or None] if pack else content
    try:
        opened = table(tmp_path, content)
        rows = list(opened.rows())
    except InputError as error:
        assert str(error).startswith(f"{tmp_path / 't.csv'}: ")
    else:
        assert all(len(row.values) == len(opened.columns) for row in rows)
