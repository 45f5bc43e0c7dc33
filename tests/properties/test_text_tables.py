"""Text tables: what is written is read back; what is spoilt is an error, or a row for every line."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from molgen.data.library import open_library
from molgen.data.tables import open_table
from molgen.errors import InputError
from tests.properties.conftest import PACKERS, mutations

letters = st.sampled_from(list("aZ5é,;\t|\"\n '_-#µ€")) | st.characters(exclude_categories=["Cs", "Cc"])
cells = st.text(letters, max_size=10)
tables = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), max_size=7))
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1a\x1b")
SMILES = ["CCO", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "C[C@H](N)C(=O)O", "[Na+].[Cl-]", "C1CC1.O", "N#Cc1ccncc1"]


def make_compounds(seed: int) -> list[tuple[str, str, str]]:
    """Return 3 to 40 compounds: a SMILES, a name that may repeat, a number. Far quicker to draw than one by one."""
    random = Random(seed)
    return [
        (random.choice(SMILES), f"{random.choice('ABC')}-{random.randrange(400)}", str(random.uniform(-9, 9)))
        for _ in range(random.randint(3, 40))
    ]


valid = st.integers(0, 2**32).map(make_compounds)


def read(path, content: bytes, **options):
    path.write_bytes(content)
    return open_table(path, **options)


@settings(max_examples=650)
@given(
    rows=tables,
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=encodings,
    pack=st.sampled_from(list(PACKERS)),
)
def test_tables_are_read_back(scratch, rows, delimiter, end, quoting, encoding, pack):
    header = ["key", *(f"c{i}" for i in range(2, (len(rows[0]) if rows else 2) + 1))]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([header, *rows])
    opened = read(scratch, PACKERS[pack](text.getvalue().encode(encoding)), delimiter=delimiter, header=True)
    assert opened.columns == header
    assert [(row.number, row.values, row.problem) for row in opened.rows()] == [(n, row, None) for n, row in enumerate(rows, 1)]


@settings(max_examples=320)
@given(
    compounds=valid.map(lambda compounds: [compound[:2] for compound in compounds]),
    delimiter=st.sampled_from([",", "\t", ";", "|", " "]),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]),
    pack=st.sampled_from(list(PACKERS)),
)
@example(compounds=[("[Na+].[Cl-]", "AA-0")] * 3, delimiter=" ", header=False, end="\r", pack="plain")
def test_dialects_are_found_out(scratch, compounds, delimiter, header, end, pack):
    lines = [delimiter.join(compound) for compound in compounds]
    text = "".join(line + end for line in [f"smiles{delimiter}id"] * header + lines)
    opened = read(scratch, PACKERS[pack](text.encode()))
    assert (opened.has_header, opened.columns) == (header, ["smiles", "id"])
    assert [tuple(row.values) for row in opened.rows()] == compounds
    assert not [row for row in opened.rows() if row.problem]


@settings(max_examples=580)
@given(content=st.binary(max_size=300), pack=st.sampled_from(list(PACKERS)), cut=st.integers(0, 9))
def test_any_bytes_are_rows_or_an_error(scratch, content, pack, cut):
    packed = PACKERS[pack](content)
    try:
        opened = read(scratch, packed[: len(packed) - cut] if pack != "plain" else content)
        rows = list(opened.rows())
    except InputError as error:
        assert str(scratch) in str(error)
    else:
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))
        assert all(len(row.values) == len(opened.columns) for row in rows)


@settings(max_examples=650)
@given(compounds=valid, spoil=mutations(), smi=st.booleans())
def test_every_line_of_a_spoilt_table_is_accounted_for(scratch, compounds, spoil, smi):
    header = [] if smi else ["smiles,id,y"]
    lines = [("\t" if smi else ",").join(compound) for compound in compounds]
    content = spoil("".join(f"{line}\n" for line in header + lines).encode())
    try:
        opened = read(scratch, content)
        rows = list(opened.rows())
    except InputError:
        bare = content.strip(b' \t\r\n,;|"')  # refused is what holds nothing, is not text, or begins like something else
        assert not bare or any(byte in CONTROL for byte in content) or bare[:1] in b"<>{[\xff\xfe$@v"
        return
    assert all(first.line < second.line for first, second in pairwise(rows))
    if opened.format == "sdf":
        assert b"$$$$" in content
        return
    if any(special in content for special in (b'"', b"\r\n\n", b"\0")) or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return  # a quoted field may hold lines, and NUL bytes can be UTF-16
    there = re.split(rb"\r{0,2}\n|\r", content)
    there = there if there[-1] else there[:-1]
    assert len(rows) == len(there) - rows[0].line + 1 if rows else opened.has_header
    assert sum(1 for line in there[: rows[0].line - 1] if line.strip(b" \t,;|")) <= 1 if rows else True


packed = st.sampled_from([name for name in PACKERS if name != "plain"])


@settings(max_examples=320)
@given(compounds=valid, pack=packed.filter("two gzip members".__ne__), cut=st.floats(0, 1))
def test_rows_before_the_end_of_a_cut_file_come_out(scratch, compounds, pack, cut):
    lines = [",".join(compound) for compound in [("smiles", "id", "y"), *compounds]]
    content = PACKERS[pack]("".join(f"{line}\n" for line in lines).encode())
    rows = []
    with pytest.raises(InputError, match=r"damaged: .* data ends too early|damaged: zstd"):
        opened = read(scratch, content[: 14 + int(cut * (len(content) - 15))])
        for row in opened.rows():
            rows.append(row)
    assert [opened.delimiter.join(row.values) for row in rows] == [lines[row.line - 1] for row in rows]
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


@settings(max_examples=320)
@given(compounds=valid, pack=packed, spoil=mutations())
def test_a_spoilt_packed_file_is_rows_or_an_error(scratch, compounds, pack, spoil):
    text = "".join(f"{','.join(compound)}\n" for compound in [("smiles", "id", "y"), *compounds])
    content = PACKERS[pack](text.encode())
    spoilt = spoil(content)
    try:
        rows = list(read(scratch, spoilt).rows())
    except InputError as error:
        assert spoilt != content
        assert str(scratch) in str(error)
    else:
        assert spoilt != content or [tuple(row.values) for row in rows] == compounds


@settings(max_examples=90)
@given(parts=st.lists(valid, min_size=1, max_size=3), size=st.integers(1, 50))
def test_blocks_of_a_library_hold_every_row_once(scratch, parts, size):
    paths = []
    for number, compounds in enumerate(parts):
        paths.append(scratch.with_name(f"part{number}.csv"))
        paths[-1].write_text("".join(f"{','.join(each)}\n" for each in [("smiles", "id", "y"), *compounds]))
    for path in scratch.parent.glob("part*.csv"):
        if path not in paths:
            path.unlink()
    named, found = open_library(paths), open_library(str(scratch.parent / "part*.csv"))
    for library in (named, found):
        blocks = list(library.blocks(size))
        assert [row for block in blocks for row in block.rows] == [n for part in parts for n in range(1, len(part) + 1)]
        assert [smiles for block in blocks for smiles in block.texts] == [each[0] for part in parts for each in part]
        repeated = sum(map(len, parts)) - len({each[1] for part in parts for each in part})
        assert bool(repeated) == any("id that was there before" in note for note in library.notes)


def test_the_profile_is_in_force():
    assert settings().deadline is None
    with pytest.raises(InputError):
        open_library([])
