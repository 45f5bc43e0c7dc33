"""Values of the featurizers of sequences, against plain Python and Biopython."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from Bio import SeqIO
from Bio.Align import substitution_matrices
from Bio.Data import IUPACData
from Bio.Seq import Seq, reverse_complement
from Bio.SeqRecord import SeqRecord
from Bio.SeqUtils import gc_fraction

from molgen.bio import Record
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Blosum, Codon, Composition, Kmer, Minimizer, OneHot, Tokens
from molgen.featurizers.composition import TRIAD_CLASSES

ACIDS = "ACDEFGHIKLMNPQRSTVWY"


def random_rows(letters: str, n: int, length: int | None = None, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=length or rng.randint(20, 90))) for _ in range(n)]


@pytest.fixture(scope="module")
def promoters(data_dir: Path) -> list[str]:
    with gzip.open(data_dir / "sequences" / "promoters" / "Ecoli_prom.fa.gz", "rt") as file:
        return [str(record.seq) for record in SeqIO.parse(file, "fasta")]


class TestOneHot:
    @pytest.mark.parametrize(("alphabet", "letters"), [("dna", "ACGT"), ("rna", "ACGU"), ("protein", ACIDS)])
    def test_values_are_those_of_a_loop(self, alphabet, letters):
        codes = letters + letters.lower() + ("N-" if alphabet != "protein" else "XUO*-")
        rows = random_rows(codes, 1100, 37)
        expected = np.array([[[letter.upper() == each for each in letters] for letter in row] for row in rows], np.int8)
        values = OneHot(alphabet=alphabet).transform(rows)
        assert values.dtype == np.int8
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(
            OneHot(layout="channels_first", alphabet=alphabet).transform(rows), expected.transpose(0, 2, 1)
        )
        np.testing.assert_array_equal(OneHot(layout="flat", alphabet=alphabet).transform(rows), expected.reshape(len(rows), -1))

    @pytest.mark.parametrize("code", "ACGTRYKMSWBDHVNX")
    def test_fractions_of_every_code_are_biopythons(self, code):
        meant = IUPACData.ambiguous_dna_values[code]
        expected = [(letter in meant) / len(meant) for letter in "ACGT"]
        for text in (code, code.lower()):
            values = OneHot(ambiguous="fraction").transform([text])
            assert values.dtype == np.float32
            np.testing.assert_allclose(values[0, 0], expected, rtol=1e-6)
        assert OneHot().transform([code])[0, 0].sum() == (code in "ACGT")

    def test_fractions_of_residues(self):
        values = OneHot(ambiguous="fraction", alphabet="protein").transform(["BXU-"])[0]
        assert values[0, [ACIDS.index("D"), ACIDS.index("N")]].tolist() == [0.5, 0.5]
        assert values[1].tolist() == pytest.approx([0.05] * 20)
        assert not values[2:].any()

    def test_ambiguous_letters_can_be_refused(self):
        features = OneHot(ambiguous="raise").featurize(["ACGT", "ACNT", "AC-T"])
        assert features.errors == {1: "no plain letters of DNA: 'N' at position 3", 2: "no plain letters of DNA: '-' at position 3"}
        assert not features.values[1:].any()

    @pytest.mark.parametrize(
        ("align", "placed"),
        [
            ("left", ["ACG--", "ACGTACG--"[:5], "ACGTA"]),
            ("center", ["-ACG-", "CGTAC", "ACGTA"]),
            ("right", ["--ACG", "GTACG", "CGTAC"]),
        ],
    )
    def test_short_and_long_rows_find_their_place(self, align, placed):
        rows = ["ACG", "ACGTACG", "ACGTAC"]
        values = OneHot(5, pad=True, truncate=True, align=align).transform(rows)
        np.testing.assert_array_equal(values, OneHot(5).transform(placed))

    def test_rows_of_another_length_fail(self):
        features = OneHot().featurize(["", "!!", "ACG", "ACGT", "AC"])
        assert features.errors == {
            0: "an empty sequence",
            1: "no letters of DNA: '!' at position 1, '!' at position 2",
            3: "too long: 4 letters, expected 3",
            4: "too short: 2 letters, expected 3",
        }
        assert features.values.shape == (5, 3, 4)

    def test_the_other_strand(self, promoters):
        turned = [reverse_complement(row) for row in promoters]
        expected = OneHot().transform(turned)
        np.testing.assert_array_equal(OneHot(reverse_complement=True).transform(promoters), expected)
        np.testing.assert_array_equal(OneHot().transform(promoters)[:, ::-1, ::-1], expected)
        with pytest.raises(ConfigError, match="no other strand"):
            OneHot(alphabet="protein", reverse_complement=True).transform(["ACD"])


class TestWords:
    @pytest.mark.parametrize("k", [1, 3, 6])
    @pytest.mark.parametrize("canonical", [False, True])
    def test_counts_are_those_of_a_loop(self, promoters, k, canonical):
        genome = "".join(random_rows("ACGTN", 1, 40_000))
        rows = [*promoters[:300], "acgtnACGTACGT", genome]
        featurizer = Kmer(k, canonical=canonical)
        counts, names = featurizer.transform(rows), featurizer.get_feature_names_out()
        assert counts.has_sorted_indices
        for row, text in enumerate(rows):
            words = [word for at in range(len(text) - k + 1) if set(word := text[at : at + k].upper()) <= set("ACGT")]
            if canonical:
                words = [min(word, reverse_complement(word)) for word in words]
            found = counts[[row]]
            assert dict(zip(names[found.indices], found.data.tolist(), strict=True)) == Counter(words)

    def test_proteins(self):
        counts = Kmer(2, alphabet="protein").transform(["ACACXAC"])
        assert counts.shape == (1, 400)
        names = Kmer(2, alphabet="protein").get_feature_names_out()
        assert dict(zip(names[counts.indices], counts.data.tolist(), strict=True)) == {"AC": 3, "CA": 1}

    def test_long_words_are_scattered(self):
        rows = random_rows("ACGT", 50, 200)
        counts = Kmer(21, canonical=True, size=4096).transform(rows)
        assert counts.sum(axis=1).ravel().tolist() == [[180] * 50]
        turned = Kmer(21, canonical=True, size=4096).transform([reverse_complement(row) for row in rows])
        assert (counts != turned).nnz == 0
        with pytest.raises(ConfigError, match=r"too many words for a column each.*set a size"):
            Kmer(21).transform(rows)

    def test_rows_too_short(self):
        assert Kmer(6).featurize(["ACGT", "ACGTAC", "NNNNNNN"]).errors == {0: "too short: 4 letters, and a word has 6"}
        with pytest.raises(ConfigError, match="no other strand"):
            Kmer(2, alphabet="protein", canonical=True).transform(["ACD"])

    def test_sequences_with_a_stretch_in_common_share_a_minimizer(self):
        stretch = random_rows("ACGT", 1, 24)[0]
        rows = [text[:30] + stretch + text[30:] for text in random_rows("ACGT", 40, 60, seed=1)]
        counts = Minimizer(15, 10, size=2**20).transform(rows)
        assert (counts[:-1].multiply(counts[1:])).sum(axis=1).min() >= 1
        every_word = Minimizer(15, 1, size=2**20).transform(rows)
        assert counts.sum() < 0.3 * every_word.sum()
        assert every_word.sum() == 40 * (84 - 14)
        turned = Minimizer(15, 10, size=2**20).transform([reverse_complement(row) for row in rows])
        assert (counts != turned).nnz == 0


class TestComposition:
    def test_gc_is_biopythons(self, promoters):
        rows = [*promoters, "acgtNRY-GG"]
        expected = [gc_fraction(row.replace("R", "N").replace("Y", "N"), "remove") for row in rows]
        assert Composition("gc").transform(rows)[:, 0].tolist() == pytest.approx(expected)

    def test_shares_of_letters(self):
        rows = random_rows(ACIDS + "X", 60)
        expected = [[row.count(letter) / (len(row) - row.count("X")) for letter in ACIDS] for row in rows]
        np.testing.assert_allclose(Composition(alphabet="protein").transform(rows), expected)
        features = Composition().featurize(["NNN", "AC"])
        assert features.errors == {0: "nothing to count: no letter that stands for one alone"}
        assert np.isnan(features.values[0]).all()

    def test_triads_are_those_of_a_loop(self):
        rows = random_rows(ACIDS, 30)
        names = Composition("triad", alphabet="protein").get_feature_names_out().tolist()
        classes = {letter: str(at) for at, each in enumerate(TRIAD_CLASSES, 1) for letter in each}
        for row, values in zip(rows, Composition("triad", alphabet="protein").transform(rows), strict=True):
            found = Counter("_".join(classes[letter] for letter in row[at : at + 3]) for at in range(len(row) - 2))
            counts = np.array([found[name] for name in names], float)
            np.testing.assert_allclose(values, (counts - counts.min()) / counts.max())
        errors = Composition("triad", alphabet="protein").featurize(["AC"]).errors
        assert errors == {0: "nothing to count: no three letters in a row that stand for one each"}
        with pytest.raises(ConfigError, match="no triad of this alphabet"):
            Composition("triad").transform(["ACGT"])

    def test_codon_usage(self):
        rows = random_rows("ACGT", 40, 99)
        names = Codon().get_feature_names_out().tolist()
        for row, values in zip(rows, Codon().transform(rows), strict=True):
            found = Counter(row[at : at + 3] for at in range(0, len(row), 3))
            np.testing.assert_allclose(values, [found[name] / 33 for name in names])
        values = Codon("rscu").transform(["TTATTATTGCTGATG"])[0]  # five codons: four of leucine, which has six
        assert dict(zip(names, values.tolist(), strict=True))["TTA"] == pytest.approx(2 / (4 / 6))
        assert dict(zip(names, values.tolist(), strict=True))["ATG"] == 1.0
        assert Codon(strict=True).featurize(["ATGA", "NNN", "ATG"]).errors == {
            0: "no whole codons: 4 letters",
            1: "no codon of plain letters",
        }


class TestPlaces:
    def test_substitution_scores_are_biopythons(self):
        matrix = substitution_matrices.load("BLOSUM62")
        row = ACIDS + "BZX*-"
        values = Blosum().transform([row])[0]
        for at, letter in enumerate(row):
            expected = [matrix[letter, other] if letter in matrix.alphabet else 0.0 for other in ACIDS]
            assert values[at].tolist() == expected
        with pytest.raises(ConfigError, match="unknown substitution matrix"):
            Blosum(matrix="BLOSUM63").transform([row])
        with pytest.raises(ConfigError, match="not of amino acids"):
            Blosum(matrix="NUC.4.4").transform([row])

    def test_tokens_can_be_read_back(self):
        for alphabet, letters in (("dna", "ACGTN-"), ("protein", ACIDS + "XU*")):
            featurizer = Tokens(None, output="packed", alphabet=alphabet)
            vocabulary = featurizer.vocabulary()
            rows = random_rows(letters, 1030)
            for row, numbers in zip(rows, featurizer.transform(rows), strict=False):
                assert [vocabulary[number] for number in numbers] == ["<bos>", *row, "<eos>"]
        assert Tokens(8, ends=False).transform(["acgt"]).tolist() == [[4, 5, 6, 7, 0, 0, 0, 0]]
        assert Tokens(3).featurize(["A", "AC"]).errors == {1: "too long: 4 tokens, the limit is 3"}
        assert Tokens(3, truncate=True).transform(["ACG"]).tolist() == [[2, 4, 5]]
        with pytest.raises(ConfigError, match="padded rows need a length"):
            Tokens(None).transform(["A"])


@pytest.mark.parametrize("one", ["ACGT", b"ACGT", Seq("ACGT"), SeqRecord(Seq("ACGT")), Record(1, "title", "ACGT")])
def test_a_single_sequence_is_no_batch(one):
    with pytest.raises(InputError, match="a single item is not a batch"):
        OneHot().transform(one)


@pytest.mark.parametrize("featurizer", [Kmer("a"), Kmer(0), OneHot("x", layout="flat"), Minimizer(size=None), Tokens("x")])
def test_names_of_columns_check_what_they_are_made_of(featurizer):
    with pytest.raises(ConfigError, match="unusable"):
        featurizer.get_feature_names_out()
