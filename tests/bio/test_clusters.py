"""Clusters of sequences against sets of words that are compared one pair after another."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from molgen.bio import clusters
from molgen.bio.clusters import WORD_LENGTHS, cluster_sequences

LETTERS = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}


def other_strand(text: str) -> str:
    return text.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def families(alphabet: str, seed: int) -> list[str]:
    """Some ancestors, copies with ever more changes, pieces of them, and two that are joined, in random order."""
    rng = np.random.default_rng(seed)
    letters = list(LETTERS[alphabet])
    found = []
    for _ in range(5):
        ancestor = rng.choice(letters, int(rng.integers(60, 160)))
        found.append("".join(ancestor))
        for rate in (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3):
            changed = np.where(rng.random(len(ancestor)) < rate, rng.choice(letters, len(ancestor)), ancestor)
            start, stop = sorted(rng.choice(len(ancestor) + 1, 2, replace=False).tolist())
            found += ["".join(changed), "".join(changed[start:stop])]
    found.append(found[0][:50] + found[15][:50])
    unknown = "N" if alphabet != "protein" else "X"
    found += [text[:20] + unknown + text[21:] for text in found[:3]] + [unknown * 30, found[2] * 2]
    return [found[at] for at in rng.permutation(len(found))]


def words(text: str, k: int, letters: str, both_strands: bool = False) -> set[str]:
    found = {text[at : at + k] for at in range(len(text) - k + 1)}
    plain = {word for word in found if set(word) <= set(letters)}
    return {min(word, other_strand(word)) for word in plain} if both_strands else plain


def by_hand(sequences: list[str], alphabet: str, share: str, both_strands: bool = False) -> list[int]:
    sets = [words(text, WORD_LENGTHS[alphabet], LETTERS[alphabet], both_strands) for text in sequences]
    cluster = list(range(len(sequences)))
    for one, other in combinations(range(len(sequences)), 2):
        if cluster[one] == cluster[other]:
            continue
        least = min(len(sets[one]), len(sets[other]))
        near = least and Fraction(len(sets[one] & sets[other]), least) >= Fraction(share)
        if near or sequences[one] == sequences[other]:
            first, second = sorted((cluster[one], cluster[other]))
            cluster = [first if each == second else each for each in cluster]
    return [sorted(set(cluster)).index(each) for each in cluster]


@pytest.mark.parametrize("alphabet", ["dna", "rna", "protein"])
@pytest.mark.parametrize("share", ["0.05", "0.2", "0.5", "1"])
@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_are_those_of_sets_of_words(alphabet, share, seed):
    sequences = families(alphabet, seed)
    expected = by_hand(sequences, alphabet, share)
    assert 5 <= len(set(expected)) < len(sequences)
    assert cluster_sequences(sequences, alphabet, float(share)).tolist() == expected


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("alphabet", ["dna", "protein"])
def test_no_two_of_different_clusters_share_as_many_words(alphabet, share):
    sequences = families(alphabet, 2)
    cluster = cluster_sequences(sequences, alphabet, share)
    sets = [words(text, WORD_LENGTHS[alphabet], LETTERS[alphabet]) for text in sequences]
    apart = [(one, other) for one, other in combinations(range(len(sequences)), 2) if cluster[one] != cluster[other]]
    assert len(apart) > 500
    for one, other in apart:
        least = min(len(sets[one]), len(sets[other]))
        assert not least or len(sets[one] & sets[other]) < share * least


@pytest.mark.parametrize(("n", "common", "share"), [(25, 7, "0.28"), (50, 7, "0.14"), (100, 55, "0.55"), (10, 7, "0.7")])
def test_the_very_share_is_enough(n, common, share):
    rng = np.random.default_rng(0)
    start = "".join(rng.choice(list("ACDEFGHIK"), common + 4))
    ends = ["".join(rng.choice(list(letters), n - common)) for letters in ("LMNPQ", "RSTVWY")]
    one, other = (start + end for end in ends)
    sets = [words(text, 5, LETTERS["protein"]) for text in (one, other)]
    assert (len(sets[0]), len(sets[1]), len(sets[0] & sets[1])) == (n, n, common)
    assert cluster_sequences([one, other], "protein", float(share)).tolist() == [0, 0]
    assert cluster_sequences([one, other], "protein", float(share) + 1e-6).tolist() == [0, 1]


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_rows_are_compared_across_blocks(monkeypatch, rows):
    sequences = families("dna", 3)
    monkeypatch.setattr(clusters, "_ROWS", rows)
    assert cluster_sequences(sequences, "dna", 0.2).tolist() == by_hand(sequences, "dna", "0.2")


@pytest.mark.parametrize("alphabet", ["dna", "protein"])
def test_the_same_letters_are_together(alphabet):
    sequences = families(alphabet, 4)
    twice = cluster_sequences([*sequences, *sequences[::-1]], alphabet, 1.0).tolist()
    assert twice == twice[::-1]


@pytest.mark.parametrize("seed", range(3))
def test_the_other_strand_counts_where_it_is_asked_for(seed):
    rng = np.random.default_rng(seed)
    one, unrelated = ("".join(rng.choice(list("ACGT"), 80)) for _ in range(2))
    sequences = [one, unrelated, other_strand(one), other_strand(unrelated)[10:70]]
    assert cluster_sequences(sequences, "dna", 0.2, both_strands=True).tolist() == [0, 1, 0, 1]
    assert cluster_sequences(sequences, "dna", 0.2).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("share", ["0.2", "0.5"])
def test_clusters_over_both_strands_are_those_of_sets_of_words(share):
    rng = np.random.default_rng(5)
    sequences = [other_strand(text) if rng.random() < 0.5 and "N" not in text else text for text in families("dna", 5)]
    expected = by_hand(sequences, "dna", share, both_strands=True)
    assert expected != by_hand(sequences, "dna", share)
    assert cluster_sequences(sequences, "dna", float(share), both_strands=True).tolist() == expected


def test_what_has_no_word_is_with_the_same_letters_alone():
    dna = ["ACGTACGTAC", "ACGTACGTA", "ACGTACGTACG", "ACGTACGTAC", "GTACGTACGT", "N" * 20, "N" * 21, "N" * 20]
    assert cluster_sequences(dna, "dna", 0.01, both_strands=True).tolist() == [0, 1, 2, 0, 3, 4, 5, 4]
    assert cluster_sequences(["ACDE", "ACDEF", "ACDE", "CDEF"], "protein", 0.01).tolist() == [0, 1, 0, 2]


def test_clusters_are_numbered_as_they_come():
    rng = np.random.default_rng(0)
    tall, mild, able = ("".join([first, *rng.choice(list(LETTERS["protein"]), 40)]) for first in "TMA")
    assert cluster_sequences([tall, mild, tall[3:], able, mild[:30], "AC"], "protein", 0.2).tolist() == [0, 1, 0, 2, 1, 3]


def test_clusters_of_nothing():
    assert cluster_sequences([], "dna", 0.2).tolist() == []
