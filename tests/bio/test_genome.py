"""Genomes, intervals and variants: real files against Biopython, and what is wrong with others."""

from __future__ import annotations

import bz2
import gzip
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from Bio import SeqIO
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from molgen.bio import Genome, check_reference, read_intervals, read_variants
from molgen.errors import ConfigError, InputError


def write(path: Path, contigs: dict[str, str], width: int = 60, end: str = "\n", last: str = "\n") -> Path:
    lines = []
    for name, letters in contigs.items():
        lines += [f">{name} about", *(letters[at : at + width] for at in range(0, len(letters), width))]
    path.write_bytes((end.join(lines) + last).encode())
    return path


def in_members(data: bytes) -> bytes:
    return gzip.compress(data[:30_000]) + gzip.compress(data[30_000:])


def stretches(lengths: dict[str, int], n: int = 200) -> list[tuple[str, int, int]]:
    rng = random.Random(0)
    names = [name for name, length in lengths.items() if length]
    picked = [(name, *sorted(rng.choices(range(lengths[name] + 1), k=2))) for name in rng.choices(names, k=n)]
    return [*picked, *((name, 0, lengths[name]) for name in names)]


@pytest.mark.parametrize(
    "name", ["lambda_NC_001416.fa.gz", "hg38_chr22_32000000_32300000.fa.gz", "pPCP1_NC_005816.fna", "ecoli536_NC_008253.fna.gz"]
)
def test_stretches_of_real_genomes_are_biopythons(data_dir, name):
    path = data_dir / "sequences" / "genomes" / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        expected = {record.id: str(record.seq) for record in SeqIO.parse(file, "fasta")}
    with Genome(path) as genome:
        assert dict(genome.lengths) == {contig: len(letters) for contig, letters in expected.items()}
        for contig, start, stop in stretches(dict(genome.lengths)):
            assert genome.fetch(contig, start, stop) == expected[contig][start:stop]


@pytest.mark.parametrize("order", ["little", "big"])
def test_2bit(data_dir, order):
    path = data_dir / "sequences" / "genomes" / f"tiny.{order}.2bit"
    with path.open("rb") as file:
        expected = {record.id: str(record.seq) for record in SeqIO.parse(file, "twobit")}
        with Genome(path) as genome:
            for contig, start, stop in stretches(dict(genome.lengths)):
                assert genome.fetch(contig, start, stop) == expected[contig][start:stop]


@given(
    st.lists(st.text("ACGTNacgt", max_size=150), min_size=1, max_size=4),
    st.integers(1, 70),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n", "\r\n"]),
)
def test_lines_of_any_length(tmp_path_factory, contigs, width, end, last):
    named = {f"c{at}": letters for at, letters in enumerate(contigs)}
    with Genome(write(tmp_path_factory.mktemp("genome") / "x.fa", named, width, end, last)) as genome:
        assert dict(genome.lengths) == {name: len(letters) for name, letters in named.items()}
        for contig, start, stop in stretches(dict(genome.lengths), 10) if any(contigs) else []:
            assert genome.fetch(contig, start, stop) == named[contig][start:stop]


def test_lines_of_different_lengths(tmp_path):
    path = tmp_path / "x.fa"
    path.write_text(">a\nACGT\nAC\nACGT\n\n>b\nAC GT\nACGTA\n>c\nACG\nACGT\n")
    with Genome(path) as genome:
        assert [genome.fetch(name, 0, length) for name, length in genome.lengths.items()] == ["ACGTACACGT", "ACGTACGTA", "ACGACGT"]
        assert genome.fetch("a", 3, 7) == "TACA"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, in_members])
@pytest.mark.parametrize("length", [100, 4000, 66_000, 132_072, 200_000])
def test_packed_genomes_are_read_to_their_end(tmp_path, pack, length):
    letters = "".join(random.Random(0).choices("ACGT", k=length))
    path = tmp_path / "x.fa.gz"
    path.write_bytes(pack(b"\xef\xbb\xbf" + write(tmp_path / "x.fa", {"one": letters}).read_bytes()))
    with Genome(path) as genome:
        assert dict(genome.lengths) == {"one": length}
        assert genome.fetch("one", length - 50, length) == letters[-50:]


def test_packed_2bit(data_dir, tmp_path):
    path = data_dir / "sequences" / "genomes" / "tiny.little.2bit"
    (tmp_path / "x.2bit.gz").write_bytes(gzip.compress(path.read_bytes()))
    with Genome(tmp_path / "x.2bit.gz") as packed, Genome(path) as plain:
        assert packed.fetch("seq3333", 7, 99) == plain.fetch("seq3333", 7, 99)


@pytest.mark.parametrize(
    ("content", "letters"),
    [
        (b">c\r\nACGT\r\nGG\n", "ACGTGG"),
        (b">c\r\nACGT\r\nGG\n>d\nA\n", "ACGTGG"),
        (b">c\nACGTA\nACGT\r\nACGT\r\n", "ACGTAACGTACGT"),
        (b">c\nAC\tGT\nACGTA\n", "ACGTACGTA"),
        (b">c\nAC\rGT\nACGTA\n", "ACGTACGTA"),
        (b">c\r\nACGT\r\nGG\r", "ACGTGG"),
        (b">c\nACGT", "ACGT"),
        (b">c", ""),
        (b">c\n\n\nAC\n", "AC"),
    ],
)
def test_odd_line_ends(tmp_path, content, letters):
    path = tmp_path / "x.fa"
    path.write_bytes(content)
    with Genome(path) as genome:
        assert genome.lengths["c"] == len(letters)
        for start in range(len(letters)):
            assert genome.fetch("c", start, len(letters)) == letters[start:]


def test_an_index_is_used_where_it_fits(tmp_path):
    path = write(tmp_path / "x.fa", {"one": "ACGT" * 50, "two": "GATTACA"})
    index = tmp_path / "x.fa.fai"
    index.write_text("one\t200\t11\t60\t61\n")  # of one contig alone, to tell that it was used
    with Genome(path) as genome:
        assert dict(genome.lengths) == {"one": 200}
        assert genome.fetch("one", 58, 64) == ("ACGT" * 50)[58:64]
    one = "one\t200\t11\t60\t61\n"
    wrong = ["one\t900\t11\t60\t61\n", "one\t200\n", "one\tx\ty\tz\t1\n", "uno\t200\t11\t60\t61\n", "one\t200\t3\t60\t61\n"]
    for bad in [*wrong, "one\t200\t0\t60\t61\n", "one\t200\t11\t4\t7\n", one + one, "one\t" + "9" * 5000 + "\t11\t60\t61\n"]:
        index.write_text(bad)
        with Genome(path) as genome:
            assert dict(genome.lengths) == {"one": 200, "two": 7}
    index.write_text(one)
    os.utime(index, (0, 0))
    with Genome(path) as genome:
        assert "two" in genome.lengths
    index.write_text("one\t200\t11\t59\t61\n")  # fits, but for the letters
    with Genome(path) as genome, pytest.raises(InputError, match="fewer letters than the genome should have there"):
        genome.fetch("one", 58, 64)


class TestPlaces:
    @pytest.fixture
    def genome(self, tmp_path: Path) -> Iterator[Genome]:
        with Genome(write(tmp_path / "x.fa", {"chr1": "ACGTTGCAaNR", "2": "GG"})) as genome:
            yield genome

    def test_closed_is_closed(self, genome):
        genome.close()
        with pytest.raises(ValueError, match="closed"):
            genome.fetch("chr1", 0, 1)

    def test_the_other_strand_of_rna(self, tmp_path):
        with Genome(write(tmp_path / "rna.fa", {"one": "AUGC"})) as genome:
            assert genome.fetch("one", 0, 4, strand="-") == "GCAU"
            with pytest.raises(ConfigError, match="no strand; expected \\+ or -; got 'minus'"):
                genome.fetch("one", 0, 4, strand="minus")

    def test_the_other_strand(self, genome):
        assert genome.fetch("chr1", 1, 10, strand="-") == str(Seq("CGTTGCAaN").reverse_complement())

    @pytest.mark.parametrize(
        ("start", "stop", "letters"),
        [(-2, 3, "NNACG"), (9, 14, "NRNNN"), (-1, 13, "NACGTTGCAaNRNN"), (-5, -2, "NNN"), (20, 22, "NN"), (3, 3, "")],
    )
    def test_places_outside_can_be_filled_up(self, genome, start, stop, letters):
        assert genome.fetch("chr1", start, stop, pad=True) == letters
        if letters.count("N") > 1:
            with pytest.raises(InputError, match=r"no such places in chr1; expected places from 0 to 11"):
                genome.fetch("chr1", start, stop)

    @pytest.mark.parametrize(
        ("contig", "remedy"), [("1", "did you mean 'chr1'"), ("chr2", "did you mean '2'"), ("chrX", "did you mean 'chr1'")]
    )
    def test_contigs_are_not_guessed(self, genome, contig, remedy):
        with pytest.raises(InputError, match=rf"no contig '{contig}'; expected one of chr1, 2; {remedy}"):
            genome.fetch(contig, 0, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("smiles\nCCO\n", "no genome; expected FASTA or 2bit; got 'smiles"),
        (" \n", "no genome; expected FASTA or 2bit; got an empty file"),
        (">a\nAC\n>a\nGT\n", "two contigs are named 'a'"),
        ("\x1aA'C but no more than that", "not a 2bit file"),
        (">c\rACGT\rACGT\r", "lines that end with a carriage return alone"),
    ],
)
def test_what_is_no_genome(tmp_path, content, message):
    path = tmp_path / "x.fa"
    path.write_bytes(content.encode())
    with pytest.raises(InputError, match=message):
        Genome(path)


def test_damaged_genomes(tmp_path, data_dir):
    packed = gzip.compress(write(tmp_path / "x.fa", {"one": "".join(random.Random(0).choices("ACGT", k=9000))}).read_bytes())
    (tmp_path / "cut.fa.gz").write_bytes(packed[:-900])
    with pytest.raises(InputError, match="damaged: gzip data ends too early"):
        Genome(tmp_path / "cut.fa.gz")
    whole = (data_dir / "sequences" / "genomes" / "tiny.little.2bit").read_bytes()
    (tmp_path / "cut.2bit").write_bytes(whole[:-2])
    with Genome(tmp_path / "cut.2bit") as genome:
        last = list(genome.lengths)[-1]
        with pytest.raises(InputError, match=f"{last}: damaged"):
            genome.fetch(last, 0, genome.lengths[last])


def test_intervals(tmp_path):
    path = tmp_path / "peaks.bed"
    lines = [
        "# comment",
        "track name=x",
        "browser position chr1",
        "chr1\t5\t9\tone\t7\t-",
        "chr1 5 9",
        "",
        "chr2\t0\t5\t.\t0\t.\t0\t0\t1.5\t2\t3\t9",
    ]
    broken = [
        "chr1\t5",
        "chr1\t9\t5",
        "chr1\tx\t9\ta\tb\tc",
        "chr1\t-5\t9",
        "chr1\t5\t9\ta\t0\t?",
        "chr1\t5\t5",
        "chr1\t" + "9" * 5000 + "\t5",
        "chr1\t\uff11\t5",
    ]
    path.write_text("\n".join(lines + broken))
    found = list(read_intervals(path))
    assert [tuple(each) for each in found[:3]] == [
        (1, "chr1", 5, 9, "one", "7", "-", ""),
        (2, "chr1", 5, 9, "", "", "", ""),
        (3, "chr2", 0, 5, ".", "0", "", ""),
    ]
    assert [each.problem for each in found[3:]] == [
        "too few columns: 2, where a contig, a start and a stop were expected",
        "no letters: it stops where it starts, or before",
        "no places: 'x' and '9'",
        "no places: '-5' and '9'",
        "no strand: '?'",
        "no letters: it stops where it starts, or before",
        "no places: '99999999999999999999' and '5'",
        "no places: '\uff11' and '5'",
    ]
    assert [each.number for each in found] == list(range(1, 12))


def test_real_variants(data_dir):
    folder = data_dir / "sequences" / "genomes"
    with gzip.open(folder / "chr22_ENST00000319363.vcf.bgz", "rt") as file:
        expected = [line.split("\t")[:5] for line in file if not line.startswith("#")]
    found = list(read_variants(folder / "chr22_ENST00000319363.vcf.bgz"))
    alleles = [(number, *cells[:4], alt) for number, cells in enumerate(expected, 1) for alt in cells[4].strip().split(",")]
    assert [(each.number, each.contig, str(each.position), each.id, each.ref, each.alt) for each in found] == alleles
    assert not any(each.problem for each in found)
    with Genome(folder / "sample.5kb.fa") as genome:
        several = list(read_variants(folder / "multi_variants.vcf.bgz"))
        assert [each.problem for each in several if each.alt == "."] == ["no alternative allele"] * 2
        for each in several:
            agrees = genome.fetch(each.contig, each.start, each.stop).upper() == each.ref
            assert (check_reference(each, genome) == "") == agrees


def test_variants_without_an_effect_say_why(tmp_path):
    path = tmp_path / "x.vcf"
    rows = [
        ("chr1", "3", "a", "G", "T", ""),
        ("chr1", "3", "b", "G", "<DEL>", "a symbolic allele: <DEL>"),
        ("chr1", "3", "c", "G", "G[chr2:5[", "a symbolic allele: G[chr2:5["),
        ("chr1", "3", "d", "G", "*", "an allele that is deleted by another variant"),
        ("chr1", "x", "e", "G", "T", "no position: 'x'"),
        ("chr1", "0", "f", "G", "T", "no position: '0'"),
        ("chr1", "9" * 5000, "f", "G", "T", "no position: '99999999999999999999'"),
        ("chr1", "3", "g", "G-", "T", "the reference allele is no DNA: 'G-'"),
        ("chr1", "3", "h", "G", "T1", "the alternative allele is no DNA: 'T1'"),
        ("chr1", "3", "i", "g", "G", "the alternative allele is the reference"),
    ]
    path.write_text("##x\n#CHROM\tPOS\n" + "".join("\t".join(row[:5]) + "\t.\tPASS\t.\r\n" for row in rows) + "chr1 3 . G T\n")
    found = list(read_variants(path))
    assert [each.problem for each in found] == [*(row[5] for row in rows), "too few columns: 1, where a VCF file has 8 or more"]
    assert {each.filter for each in found[:-1]} == {"PASS"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("chr1\t3\t.\tGT\tA", ""),
        ("chr1\t3\t.\tgN\tA", ""),
        ("chr1\t9\t.\tC\tA", ""),
        ("chr1\t3\t.\tGA\tA", "the reference allele is GA, but .* has GT there"),
        ("chr1\t8\t.\tAAAAA\tA", "no such places in chr1; expected places from 0 to 9; got 7 to 12"),
        ("1\t3\t.\tG\tA", "no contig '1'.*did you mean 'chr1'"),
    ],
)
def test_the_reference_allele_is_checked(tmp_path, line, reason):
    path = tmp_path / "x.vcf"
    path.write_text(line)
    with Genome(write(tmp_path / "x.fa", {"chr1": "ACGTTGCAN"})) as genome:
        (variant,) = read_variants(path)
        assert re.search(reason, check_reference(variant, genome))
        assert bool(reason) == bool(check_reference(variant, genome))
