"""Shuffled sequences: what stays the same, and that every order is as likely as any other."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from scipy.stats import chisquare

from molgen.bio.shuffle import shuffle_dinucleotides

DNA, PROTEIN = "ACGT", "ACDEFGHIKLMNPQRSTVWY"


def draw(letters: str, length: int, seed: int) -> str:
    """Random letters, of which some are far more frequent than others."""
    rng = np.random.default_rng(seed)
    return "".join(rng.choice(list(letters), length, p=rng.dirichlet(np.ones(len(letters)))))


def orders(text: str) -> list[str]:
    """All texts with the same pairs, first and last letter, one by one."""
    pairs = Counter(pairwise(text))
    tried = {"".join([text[0], *middle, text[-1]]) for middle in permutations(text[1:-1])}
    return sorted(each for each in tried if Counter(pairwise(each)) == pairs)


@pytest.mark.parametrize("letters", [DNA, DNA + "acgtN", PROTEIN, "é☃𝄞x"])
@pytest.mark.parametrize("length", [4, 7, 30, 400])
@pytest.mark.parametrize("seed", range(6))
def test_pairs_and_both_ends_stay(letters, length, seed):
    text = draw(letters, length, seed)
    shuffled = shuffle_dinucleotides(text, np.random.default_rng(seed))
    assert Counter(pairwise(shuffled)) == Counter(pairwise(text))
    assert (shuffled[0], shuffled[-1], len(shuffled)) == (text[0], text[-1], length)


@pytest.mark.parametrize("letters", [DNA, PROTEIN])
def test_long_sequences_are_changed_each_time(letters):
    text = "".join(np.random.default_rng(0).choice(list(letters), 300))
    rng = np.random.default_rng(1)
    assert len({text, *(shuffle_dinucleotides(text, rng) for _ in range(20))}) == 21


def test_most_places_of_a_long_sequence_get_another_letter():
    text = draw(DNA, 5000, 3)
    alike = np.mean([one == other for one, other in zip(text, shuffle_dinucleotides(text, np.random.default_rng(0)), strict=True)])
    by_chance = sum((text.count(letter) / len(text)) ** 2 for letter in DNA)
    assert alike == pytest.approx(by_chance, abs=0.05)


@pytest.mark.parametrize("text", ["", "A", "AC", "ACG", "AAA", "AAAA", "C" * 100, "ACGT", "AAAC", "ACAC", "ACACACACACAC"])
def test_what_has_one_order_comes_back(text):
    rng = np.random.default_rng(0)
    assert {shuffle_dinucleotides(text, rng) for _ in range(10)} == {text}


def test_the_seed_decides():
    text = draw(DNA, 200, 0)
    first, again, other = (shuffle_dinucleotides(text, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("text", "n"), [("ACAGAT", 2), ("ACAGATA", 6), ("AACAGAAC", 12), ("ACCAGCAT", 4), ("ABCABDBAC", 8), ("ABCACBAB", 10)]
)
def test_every_order_is_as_likely(text, n):
    expected = orders(text)
    assert len(expected) == n
    rng = np.random.default_rng(0)
    found = Counter(shuffle_dinucleotides(text, rng) for _ in range(100 * n))
    assert sorted(found) == expected
    assert chisquare(list(found.values())).pvalue > 0.001
