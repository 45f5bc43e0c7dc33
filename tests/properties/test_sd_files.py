"""SD files: what is written is read back; what is spoilt is an error, or a row for every record."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from molgen.data.tables import open_table
from molgen.errors import InputError
from tests.properties.conftest import PACKERS, mutations

MOLS = ["CCO", "c1ccccc1N", "C[C@H](N)C(=O)O", "F/C=C/Cl", "[Na+].[Cl-]", "[13CH4]", "O=C1CCCN1", "[Fe+2]"]
BLOCKS = {
    (smiles, v3000): Chem.MolToMolBlock(Chem.MolFromSmiles(smiles), forceV3000=v3000) for smiles in MOLS for v3000 in (False, True)
}
names = st.text(st.sampled_from("abcXYZ_ -().1"), min_size=1, max_size=8).map(str.strip).filter(bool)
line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=12)
values = st.lists(line.filter(lambda text: text[0] not in ">$"), min_size=1, max_size=3).map("\n".join)
items = st.dictionaries(names.filter(lambda name: name.casefold() not in ("smiles", "title")), values, max_size=4)
records = st.tuples(st.sampled_from(list(BLOCKS)), line.filter(lambda text: text[0] not in ">$"), items)


def record_text(record) -> str:
    key, title, fields = record
    return f"{title}{BLOCKS[key]}" + "".join(f">  <{name}>\n{value}\n\n" for name, value in fields.items())


def read(path, content: bytes):
    path.write_bytes(content)
    return open_table(path)


def expected(record, columns: list[str]) -> list[str]:
    (smiles, _), title, fields = record
    canonical = Chem.MolToSmiles(Chem.MolFromMolBlock(BLOCKS[record[0]]))
    assert canonical == Chem.CanonSmiles(smiles)
    return [canonical, title.strip(), *(fields.get(name, "") for name in columns[2:])]


@settings(max_examples=240)
@given(
    found=st.lists(records, min_size=1, max_size=5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    pack=st.sampled_from(list(PACKERS)),
    last=st.sampled_from(["$$$$\n", "$$$$", "", "$$$$\n\n\n"]),
)
def test_records_are_read_back(scratch, found, end, pack, last):
    text = "$$$$\n".join(map(record_text, found)) + last
    opened = read(scratch, PACKERS[pack](text.replace("\n", end).encode()))
    assert opened.format == "sdf"
    assert set(opened.columns[2:]) == {name for _, _, fields in found for name in fields}
    rows = list(opened.rows())
    assert [row.problem for row in rows] == [None] * len(found)
    assert [row.values for row in rows] == [expected(record, opened.columns) for record in found]
    starts = [text[:at].count("\n") + 1 for at in _starts(found)]
    assert [row.line for row in rows] == starts


def _starts(found) -> list[int]:
    starts, at = [], 0
    for record in found:
        starts.append(at)
        at += len(record_text(record)) + len("$$$$\n")
    return starts


@settings(max_examples=90)
@given(found=st.lists(records, min_size=2, max_size=5), lost=st.data())
def test_lost_end_marks_cost_no_record(scratch, found, lost):
    gone = lost.draw(st.sets(st.integers(0, len(found) - 1), min_size=1))
    text = "".join(record_text(record) + ("" if at in gone else "$$$$\n") for at, record in enumerate(found))
    opened = read(scratch, text.encode())
    assert [row.values for row in opened.rows()] == [expected(record, opened.columns) for record in found]
    assert any("end mark" in note for note in opened.notes) or len(gone) == len(found) == 1


@settings(max_examples=420)
@given(found=st.lists(records, min_size=1, max_size=4), spoil=mutations(), pack=st.sampled_from(["plain", "plain", "gzip"]))
def test_every_record_of_a_spoilt_file_is_accounted_for(scratch, found, spoil, pack):
    content = "".join(record_text(record) + "$$$$\n" for record in found).encode()
    spoilt = spoil(content) if pack == "plain" else spoil(PACKERS[pack](content))
    try:
        opened = read(scratch, spoilt)
        rows = list(opened.rows())
    except InputError:
        return
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    if opened.format != "sdf":
        return
    assert all(bool(row.values[0]) != bool(row.problem) for row in rows)
    if pack == "plain" and b"\0" not in spoilt and b"\r" not in spoilt:
        lines = spoilt.split(b"\n")
        marks = [at for at, text in enumerate(lines) if text.startswith(b"$$$$")]
        rest = lines[marks[-1] + 1 :] if marks else lines
        assert len(rows) >= len(marks) + any(map(bytes.strip, rest))
        assert len(rows) <= len(marks) + sum(text[34:39] in (b"V2000", b"V3000") for text in lines) + 1


COUNTS = "  1  0  0  0  0  0  0  0  0  0999 V2000\n"
ATOM = "    0.0000    0.0000    0.0000 C   0  0\n"
pieces = st.sampled_from(["M  END\n", "$$$$\n", ">  <a>\n", "> DT1\n", "1\n", "\n", COUNTS, ">\n", "x\ty\n"])
atoms = st.sampled_from([ATOM, "M  V30 BEGIN CTAB\n", "M  CHG  1   1   1\n", "999999  0 V2000\n"])


@settings(max_examples=360)
@given(text=st.lists(pieces | atoms, max_size=30).map("".join), pack=st.sampled_from(["plain", "gzip"]))
def test_any_lines_of_an_sd_file_are_rows(scratch, text, pack):
    content = f"title\n  program\n\n{COUNTS}{text}"
    opened = read(scratch, PACKERS[pack](content.encode()))
    rows = list(opened.rows())
    assert len(rows) >= max(1, content.count("$$$$\n"))
    assert all(bool(row.values[0]) != bool(row.problem) for row in rows)
    assert set(opened.columns[2:]) <= {"a", "DT1"}
    with rdBase.BlockLogs():
        assert all(Chem.MolFromSmiles(row.values[0]) is not None for row in rows if row.values[0])
