"""What rows are about: how their texts are read, and told again as plain data."""

import pytest

from molgen.bio import Record
from molgen.errors import ConfigError
from molgen.subjects import MoleculeSubject, PairSubject, SequenceSubject, subject_from_json
from molgen.subjects.sequence import find_alphabet

DNA, PROTEIN = SequenceSubject(), SequenceSubject("protein")


def test_sequences_are_read_in_upper_case_and_bad_ones_say_why():
    read = DNA.read(["acgtn", " ACGT\r\n", "AC-GT", "", "PEPTIDE", None, "AC*GT", b"ACGT", Record(1, "x", "ACGT")])
    assert read.items == ["ACGTN", "ACGT", "AC-GT", None, None, None, None, "ACGT", "ACGT"]
    assert read.statuses == ["ok", "ok", "ok", "invalid", "invalid", "invalid", "invalid", "ok", "ok"]
    assert read.reasons[3] == "an empty sequence"
    assert "it would be a protein" in read.reasons[4]
    assert read.reasons[5] == "not text: NoneType"
    assert "'*' at position 3" in read.reasons[6]


def test_proteins_may_have_rare_and_unclear_letters():
    read = PROTEIN.read(["MKUBZXJ*", "MK1"])
    assert read.statuses == ["ok", "invalid"]


def test_what_says_little_is_noted_and_what_says_nothing_refused():
    read = DNA.read(["ACGTACGTNN", "ACGTACGTACGTN", "NNNN", "--"])
    assert read.statuses == ["ok", "ok", "invalid", "invalid"] and read.notes == {0: ["unclear letters: 2 of 10"]}
    read = PROTEIN.read(["ACGTACGTACGTACGTACGT", "ACGT", "XXXX"])
    assert read.notes == {0: ["letters of DNA or RNA alone, read as amino acids"]}
    assert read.reasons == {2: "no letter that stands for itself"}


def test_a_sequence_beyond_the_limit_is_too_large_and_keeps_its_place():
    read = SequenceSubject(max_letters=4).read(["ACGT", "ACGTA", "ACGTZ"])
    assert read.statuses == ["ok", "too_large", "invalid"]
    assert read.reasons[1] == "too large: 5 letters, the limit is 4"


@pytest.mark.parametrize(
    ("rows", "alphabet"),
    [
        (["ACGT", "NNRY", "GG"], "dna"),
        (["ACGU", "UUGA"], "rna"),
        (["ACGT", "MKVL", "PEPTIDE"], "protein"),
        (["ACGT"] * 19 + ["MKVL"], "dna"),
        (["ACGT", "ACGT", "MKVL"], "protein"),
        (["", ""], "dna"),
    ],
)
def test_the_alphabet_is_that_of_nearly_all_rows(rows, alphabet):
    assert find_alphabet(rows) == alphabet


def test_pairs_read_each_side_once_and_tell_the_faults_of_either():
    pairs = PairSubject()
    read = pairs.read([("CCO", "MKV"), ("OCC", "MKV"), ("no", "MKV"), ("CCO", "M1"), ("CCO.Cl", "MKL"), "CCO", ("CCO", "MKV", "x")])
    assert read.statuses == ["ok", "ok", "invalid", "invalid", "ok", "invalid", "invalid"]
    assert "position 2" in read.reasons[3] and read.reasons[5] == "not a pair: str"
    assert read.notes == {4: ["salt stripped: Cl"]}
    assert pairs.keys(read.items)[:2] == ["CCO MKV", "CCO MKV"]
    again = pairs.read([("CCO", "MKV"), ("CCO", "MKL")]).items
    assert again[0].molecule is again[1].molecule


def test_batches_of_pairs_number_what_is_different():
    pairs = PairSubject()
    batch = pairs.batch([*pairs.read([("CCO", "MKV"), ("CCN", "MKV"), ("CCO", "MKL")]).items, None])
    assert [len(part.items) for part in batch.parts.values()] == [2, 2]
    assert [part.of_row.tolist() for part in batch.parts.values()] == [[0, 1, 0, -1], [0, 0, 1, -1]]


@pytest.mark.parametrize(
    "subject",
    [MoleculeSubject(50, neutralize=False), SequenceSubject("rna", 20), PairSubject(MoleculeSubject(30), SequenceSubject("dna"))],
)
def test_subjects_come_back_from_plain_data(subject):
    assert subject_from_json(subject.to_json()) == subject
    assert subject.read([subject.example]).statuses == ["ok"]


@pytest.mark.parametrize(
    "described",
    [
        {"kind": "sequence", "alphabet": "runes"},
        {"kind": "sequence", "alphabet": "dna", "max_letters": 0},
        {"kind": "pair", "molecules": {"kind": "molecule"}},
        {"kind": "pair", "molecules": {"kind": "sequence"}, "sequences": {"kind": "sequence"}},
        {"kind": "molecule", "max_atoms": True},
    ],
)
def test_descriptions_that_do_not_hold_are_refused(described):
    with pytest.raises((ConfigError, TypeError, ValueError)):
        subject_from_json(described)
