"""Sequences as graphs, against plain Python."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from molgen.errors import ConfigError
from molgen.featurizers import SequenceGraph


def edges_of(graphs, kind):
    chosen = graphs.bond_fields[:, 0] == kind
    ends, amounts = map(tuple, graphs.bonds[chosen].tolist()), graphs.bond_fields[chosen, 1].tolist()
    return dict(zip(ends, amounts, strict=True))


def test_the_backbone():
    graphs = SequenceGraph(alphabet="rna").transform(["ACGUn", "U"])
    assert graphs.atoms.tolist() == [[0, 0], [1, 51], [2, 102], [3, 153], [4, 204], [3, 0]]
    assert graphs.bonds.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert not graphs.bond_fields.any()
    assert graphs.atom_ptr.tolist() == [0, 5, 6]
    batch = graphs.to_pyg()
    assert batch.num_graphs == 2
    assert batch.edge_index.shape == (2, 8)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_letters_are_joined_to_those_in_words_most_like_their_own(k):
    text = "".join(random.Random(k).choices("ACGTN", weights=[3, 3, 3, 3, 1], k=120))
    graphs = SequenceGraph("knn", k=k, neighbours=3).transform([text])
    words = [text[at : at + k] for at in range(len(text) - k + 1)]
    expected = {}
    for at, word in enumerate(words):
        others = [other for other in range(len(words)) if abs(other - at) >= k]
        differ = {other: sum(a != b for a, b in zip(word, words[other], strict=True)) for other in others}
        for other in sorted(others, key=lambda each: (differ[each], abs(each - at), each))[:3]:
            expected[(min(at, other) + k // 2, max(at, other) + k // 2)] = differ[other]
    assert edges_of(graphs, 1) == expected
    assert list(edges_of(graphs, 0)) == list(pairwise(range(len(text))))


def test_words_are_joined_to_those_that_follow():
    text = "".join(random.Random(0).choices("ACGTN", weights=[5, 5, 5, 5, 1], k=400))
    graphs = SequenceGraph("debruijn", k=3).transform([text])
    words = [text[at : at + 3] if "N" not in text[at : at + 3] else None for at in range(len(text) - 2)]
    nodes = list(dict.fromkeys(filter(None, words)))
    assert ["".join("ACGT"[letter] for letter in node) for node in graphs.atoms] == nodes
    expected: dict[tuple[int, int], int] = {}
    for one, other in pairwise(words):
        if one and other:
            pair = (nodes.index(one), nodes.index(other))
            expected[pair] = expected.get(pair, 0) + 1
    assert edges_of(graphs, 2) == expected
    many = SequenceGraph("debruijn", k=1).transform(["A" * 1000])
    assert edges_of(many, 2) == {(0, 0): 255}


def test_letters_near_in_space_are_joined():
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("ACDEFGHIKL"), 60))
    places = rng.normal(scale=8, size=(60, 3))
    places[7] = np.nan
    graphs = SequenceGraph("contacts", alphabet="protein", cutoff=6.0).transform([(text, places), ("AC", places[:2])])
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    expected = {(i, j): int(10 * distances[i, j] / 6) for i in range(60) for j in range(i + 2, 60) if distances[i, j] <= 6}
    assert edges_of(graphs.select([0]), 3) == expected
    assert edges_of(graphs.select([1]), 3) == {}


def test_rows_without_a_graph():
    assert SequenceGraph("contacts").featurize(["ACGT", ("ACGT", np.zeros((3, 3))), ("ACGT", "x"), ("1", None)]).errors == {
        0: "no coordinates: none for 4 letters",
        1: "no coordinates: shape (3, 3) for 4 letters",
        2: "no coordinates: shape (0,) for 4 letters",
        3: "no letters of DNA: '1' at position 1",
    }
    assert SequenceGraph("debruijn", k=4).featurize(["ACG", "NNNNN"]).errors == dict.fromkeys([0, 1], "no word of 4 plain letters")
    features = SequenceGraph(max_length=3).featurize(["ACG", "ACGT"])
    assert features.errors == {1: "too long: 4 letters, the limit is 3"}
    assert features.values.atom_ptr.tolist() == [0, 3, 3]
    assert SequenceGraph("knn", k=5).transform(["ACG"]).bonds.tolist() == [[0, 1], [1, 2]]
    with pytest.raises(ConfigError, match="a word around a letter has an odd length"):
        SequenceGraph("knn", k=4).transform(["ACGT"])
    with pytest.raises(ConfigError, match="unusable cutoff; expected a distance above 0; got 0"):
        SequenceGraph("contacts", cutoff=0).transform([("A", [[0, 0, 0]])])
    with pytest.raises(ConfigError, match="the words are too long"):
        SequenceGraph("debruijn", k=31).transform(["ACGT"])
