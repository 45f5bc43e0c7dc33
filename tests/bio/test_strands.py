"""Strands, genetic codes and words, against Biopython."""

from __future__ import annotations

import random

import numpy as np
import pytest
from Bio.Data import CodonTable
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import check_letters, read_sequences
from molgen.bio.kmers import check_word, kmer_numbers, other_strand_numbers
from molgen.bio.strands import reverse_complement, translate
from molgen.errors import ConfigError

IUPAC = "ACGTRYKMSWBDHVN"


@given(st.text(IUPAC + IUPAC.lower() + "-"))
def test_the_other_strand_is_biopythons(text):
    assert reverse_complement(text.encode()).decode() == str(Seq(text).reverse_complement())


def test_rna_has_another_strand_and_proteins_have_none():
    assert reverse_complement(b"ACGUn", "rna") == b"nACGU"
    with pytest.raises(ConfigError, match="no other strand"):
        reverse_complement(b"ACDE", "protein")


@pytest.mark.parametrize("table", sorted(CodonTable.unambiguous_dna_by_id))
@pytest.mark.filterwarnings("ignore")
def test_every_codon_of_every_genetic_code_is_biopythons(table):
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
    text = "".join(codons) + "".join(codons).lower().replace("t", "u")
    assert translate(text.encode(), table=table).decode() == str(Seq(text).translate(table=table))


@pytest.mark.filterwarnings("ignore")
def test_every_ambiguous_codon_is_biopythons():
    for codon in (a + b + c for a in IUPAC for b in IUPAC for c in IUPAC):
        try:
            expected = str(Seq(codon).translate())
        except CodonTable.TranslationError:  # Biopython gives up on some, such as YBX
            expected = "X"
        assert translate(codon.encode()).decode() == expected, codon


def test_what_is_no_codon():
    assert translate(b"---A-CC1G\xff\xffA") == b"-XXX"
    assert translate(b"AA\0NNN\0\0\0") == b"XXX"
    assert translate(b"AC") == translate(b"") == b""
    with pytest.raises(ConfigError, match="unknown genetic code"):
        translate(b"ATG", table=7)


@given(st.lists(st.text("ACGTacgtN-", min_size=1, max_size=40), min_size=1, max_size=70), st.integers(1, 9))
def test_words_of_a_batch_are_those_of_its_rows(rows, k):
    numbers, counts = kmer_numbers(read_sequences(rows)[0], k, get_alphabet("dna"))
    words = [[row[at : at + k].upper() for at in range(len(row) - k + 1)] for row in rows]
    plain = [[word for word in of_row if set(word) <= set("ACGT")] for of_row in words]
    assert counts.tolist() == list(map(len, plain))
    assert numbers.tolist() == [int("".join(str("ACGT".index(c)) for c in word), 4) for of_row in plain for word in of_row]


def test_words_across_pieces_of_a_long_sequence():
    rng = random.Random(0)
    text = "".join(rng.choices("ACGTN", weights=[9, 9, 9, 9, 1], k=200_000))
    for k in (1, 6, 13, 31):
        numbers, _ = kmer_numbers(read_sequences([text])[0], k, get_alphabet("dna"))
        expected = [text[at : at + k] for at in range(len(text) - k + 1) if "N" not in text[at : at + k]]
        assert len(numbers) == len(expected)
        for at in rng.sample(range(len(expected)), 200):
            assert int(numbers[at]) == int("".join(str("ACGT".index(c)) for c in expected[at]), 4)
        other = other_strand_numbers(numbers[:50], k).tolist()
        strands = [str(Seq(word).reverse_complement()) for word in expected[:50]]
        assert other == [int("".join(str("ACGT".index(c)) for c in word), 4) for word in strands]


def test_longest_words():
    check_word(31, get_alphabet("dna"))
    check_word(14, get_alphabet("protein"))
    with pytest.raises(ConfigError, match="at most 14 letters"):
        check_word(15, get_alphabet("protein"))
    numbers, _ = kmer_numbers(read_sequences(["Y" * 14])[0], 14, get_alphabet("protein"))
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [20**14 - 1]


@pytest.mark.parametrize(
    ("alphabet", "text", "reason"),
    [
        ("dna", "ACGU", "no letters of DNA: 'U' at position 4; it would be RNA"),
        ("rna", "ACGT", "no letters of RNA: 'T' at position 4; it would be DNA"),
        (
            "dna",
            "MKEFIL",
            "no letters of DNA: 'E' at position 3, 'F' at position 4, 'I' at position 5 and 1 more; it would be a protein",
        ),
        ("protein", "MK1", "no letters of proteins: '1' at position 3"),
        ("dna", "AC GT", "no letters of DNA: ' ' at position 3"),
    ],
)
def test_strange_letters_are_named(alphabet, text, reason):
    batch, _ = read_sequences(["ACGA", text, "ACAA"])
    assert check_letters(batch, get_alphabet(alphabet)) == {1: reason}


def test_soft_masks_gaps_and_rare_residues_are_letters():
    for alphabet, text in (("dna", "acgtNn-.RYX"), ("rna", "acguN"), ("protein", "mkUOBZJX*-")):
        assert check_letters(read_sequences([text])[0], get_alphabet(alphabet)) == {}


def test_rows_that_are_no_sequences():
    rows = ["ACGT", "", None, 5.0, "AC\u00c9", b"AC", Seq(None, length=5)]
    batch, reasons = read_sequences(rows)
    assert [bytes(row) for row in batch] == [b"ACGT", b"", b"", b"", b"", b"AC", b""]
    assert {row: reason.split(":")[0] for row, reason in reasons.items()} == {
        1: "an empty sequence",
        2: "not text",
        3: "not text",
        4: "no letter",
        6: "not a sequence",
    }
    assert read_sequences(["A", ""])[1] == {1: "an empty sequence"}
