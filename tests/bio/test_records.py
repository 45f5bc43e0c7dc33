"""Readers of sequences: the real files against Biopython, and files that are broken in every way."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest
from Bio import SeqIO, bgzf
from hypothesis import given
from hypothesis import strategies as st

from molgen.bio.fasta import read
from molgen.bio.records import Record, read_records
from molgen.errors import InputError
from molgen.streams.source import Source

REAL = [
    ("promoters/Ecoli_prom.fa.gz", "fasta"),
    ("promoters/Mouse_tata.fa.gz", "fasta"),
    ("tf_ctcf_pu1/ctcf.fa.gz", "fasta"),
    ("genomes/ecoli536_NC_008253.fna.gz", "fasta"),
    ("genomes/pPCP1_NC_005816.faa", "fasta"),
    ("genomes/example.fastq", "fastq"),
    ("genomes/arabidopsis_chloroplast_NC_000932.gb.gz", "genbank"),
    ("genomes/phiX174_NC_001422.gbk.gz", "genbank"),
]


def records_of(data: bytes, tmp_path: Path) -> list[Record]:
    path = tmp_path / "sequences"
    path.write_bytes(data)
    return list(read_records(path))


@pytest.mark.parametrize(("name", "kind"), REAL)
def test_real_files_are_read_as_biopython_reads_them(data_dir, name, kind):
    path = data_dir / "sequences" / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        expected = list(SeqIO.parse(file, kind))
    found = list(read_records(path))
    assert [record.sequence for record in found] == [str(record.seq) for record in expected]
    assert [record.id for record in found] == [record.id for record in expected]
    assert [record.number for record in found] == list(range(1, len(expected) + 1))
    assert not any(record.problem for record in found)
    if kind == "fastq":
        qualities = [[ord(letter) - 33 for letter in record.quality] for record in found]
        assert qualities == [record.letter_annotations["phred_quality"] for record in expected]


TITLES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\u2028\u2029"), max_size=20)
SEQUENCES = st.text("ACGTNacgt-*", min_size=1, max_size=200)


@given(
    st.lists(st.tuples(TITLES, SEQUENCES), min_size=1), st.integers(1, 70), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 9)
)
def test_fasta_can_be_cut_anywhere(records, width, end, chunk):
    lines = []
    for title, letters in records:
        lines += [">" + title, *(letters[at : at + width] for at in range(0, len(letters), width)), ""]
    data = end.join(lines).encode()
    source = Source("x.fa")
    source.chunks = lambda: iter([data[at : at + chunk] for at in range(0, len(data), chunk)])  # type: ignore[method-assign]
    found = list(read(source))
    assert [(record.title, record.sequence) for record in found] == records


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda data: data, lambda data: b"\xef\xbb\xbf" + data])
def test_packed_and_marked_files(pack, tmp_path):
    found = records_of(pack(b"\n>one a b\nAC GT\n\nac\n>two\r\nNN\t-*\r\n"), tmp_path)
    assert [(each.id, each.description, each.sequence) for each in found] == [("one", "a b", "ACGTac"), ("two", "", "NN-*")]


def test_bgzip(tmp_path):
    path = tmp_path / "x.fa.gz"
    with bgzf.BgzfWriter(str(path)) as file:
        for number in range(3000):
            file.write(f">r{number}\n{'ACGT' * 40}\n")
    assert [record.id for record in read_records(path)] == [f"r{number}" for number in range(3000)]


def test_broken_fasta_records_say_so_and_the_next_ones_come_out(tmp_path):
    found = records_of(b">empty\n>\nACGT\n>strange\nAC\xc3\x89GT\n>good\nACGT", tmp_path)
    assert [(each.number, each.id, each.sequence, each.problem) for each in found] == [
        (1, "empty", "", "no sequence under this title"),
        (2, "", "ACGT", ""),
        (3, "strange", "", "no letter: byte 0xc3 at position 3"),
        (4, "good", "ACGT", ""),
    ]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("@b\nACGT\n+\nII\n", "letters and qualities differ: 4 and 2"),
        ("@b\nACGT\nIIII\n", "no '+' after the letters"),
        ("b\nACGT\n+\nIIII\n", "no title: a line begins with 'b' and not with '@'"),
        ("@b\n\n+\n\n", "no sequence under this title"),
        ("@b\nACGT\n+\nII\x7fI\n", "a quality that is no printable letter"),
    ],
)
def test_a_broken_fastq_record_ends_where_the_next_begins(broken, problem, tmp_path):
    good = "@one x\nACGT\n+\n@III\n"
    found = records_of((good + broken + good + "\n" + good).encode(), tmp_path)
    assert [each.problem for each in found] == ["", problem, "", ""]
    assert [each.sequence for each in found] == ["ACGT", "", "ACGT", "ACGT"]
    assert [each.number for each in found] == [1, 2, 3, 4]
    assert found[0].quality == "@III"


def test_reads_of_any_length(tmp_path):
    long = "ACGT" * 300_000
    found = records_of(f"@a\n{long}\n+\n{'I' * len(long)}\n@b\nAC GT\n+\nII\tII\n@c\nAC\u00c9\n+\nIIII\n".encode(), tmp_path)
    assert [(each.sequence, each.quality) for each in found[:2]] == [(long, "I" * len(long)), ("ACGT", "IIII")]
    assert found[2].problem == "no letter: byte 0xc3 at position 3"


def test_utf_16(tmp_path):
    (found,) = records_of(">one \u00e9\nACGT\n".encode("utf-16"), tmp_path)
    assert (found.title, found.sequence) == ("one \u00e9", "ACGT")


def test_genbank_records_that_lack_letters_or_an_end(tmp_path):
    head = "LOCUS       AB1          {} bp    DNA     linear   UNK 01-JAN-1980\nDEFINITION  x\nACCESSION   AB1\n"
    origin = "ORIGIN\n        1 acgtacgtac\n"
    found = records_of((head.format(20) + origin + "//\n" + head.format(10) + origin + "//\n").encode(), tmp_path)
    assert found[0].problem.startswith("letters are missing: Expected sequence length 20, found 10")
    assert (found[1].sequence, found[1].problem) == ("ACGTACGTAC", "")
    (joined,) = records_of((2 * (head.format(10) + origin) + "//\n").encode(), tmp_path)
    assert joined.problem == "two records and no '//' between them"


def test_files_that_end_too_early(tmp_path):
    assert [each.problem for each in records_of(b"@a\nAC\n+\nII\n@b\nAC\n", tmp_path)] == ["", "the file ends inside the record"]
    genbank = b"LOCUS       AB1 4 bp DNA linear UNK\nDEFINITION  x\nORIGIN\n        1 acgt\n//\n"
    found = records_of(genbank + b"\nLOCUS       AB2\nDEFINITION  y\n", tmp_path)
    assert [(each.sequence, each.problem) for each in found] == [("ACGT", ""), ("", "the file ends inside the record")]
    found = records_of(genbank + b"LOCUS       AB2 x\nORIGIN\nFEATURES\n//\n" + genbank, tmp_path)
    assert [each.sequence for each in found] == ["ACGT", "", "ACGT"]
    assert found[1].problem.startswith("no GenBank record")


def test_damage_is_met_after_all_that_could_be_read(tmp_path):
    data = gzip.compress(b"".join(b">r%d\n%b\n" % (at, b"ACGT" * 50) for at in range(5000)))
    path = tmp_path / "cut.fa.gz"
    path.write_bytes(data[: len(data) // 2])
    records = read_records(path)
    found = []
    with pytest.raises(InputError, match=r"damaged: gzip data ends too early.*good records up to record \d+"):
        found.extend(records)
    assert len(found) > 1000
    assert {record.sequence for record in found[:-1]} == {"ACGT" * 50}


@pytest.mark.parametrize(("data", "got"), [(b" \n", "an empty file"), (b"ACGT\nACGT\n", "'ACGT"), (b"smiles\nCCO\n", "'smiles")])
def test_what_is_no_file_of_sequences(data, got, tmp_path):
    with pytest.raises(InputError, match=f"no file of sequences; expected FASTA, FASTQ or GenBank; got {got}"):
        records_of(data, tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_records(tmp_path / "none.fa")
