"""The graph that a network makes of letters is the featurizer's."""

import numpy as np
import pytest
import torch

from molgen.featurizers import SequenceGraph, Tokens
from molgen.models.sequence import LetterBatch, SequenceNetwork
from molgen.nn.sequence import graph
from molgen.nn.sequence.graph import similar_words


def drawn(alphabet, lengths, seed=0):
    rng = np.random.default_rng(seed)
    letters = {"dna": "ACGTN", "protein": "ACDEFGHIKLMNPQRSTVWYX"}[alphabet]
    return ["".join(rng.choice(list(letters), n)) for n in lengths]


def edges_of(rows, alphabet="dna", k=5, neighbours=3, length=None):
    """Return the edges between similar words of each row, with the letters that differ."""
    letters = torch.from_numpy(Tokens(None, ends=False, output="packed", alphabet=alphabet).transform(rows).padded(length)).long()
    embedded = SequenceNetwork(1, alphabet=alphabet, network="graph", width=8, steps=1).meaning[letters].transpose(1, 2)
    ends, differ = similar_words(embedded, (letters > 0)[:, None].float(), k, neighbours)
    row, places = ends[:, 0] // letters.shape[1], ends % letters.shape[1]
    return [torch.cat([places[row == at], differ[row == at, None]], dim=1).tolist() for at in range(len(rows))]


@pytest.mark.parametrize(("alphabet", "k", "neighbours"), [("dna", 5, 3), ("dna", 3, 5), ("protein", 5, 3), ("protein", 1, 2)])
def test_the_edges_are_those_of_the_featurizer(alphabet, k, neighbours):
    rows = drawn(alphabet, [1, 4, 5, 9, 10, 11, 12, 40, 90, 150])
    graphs = SequenceGraph("knn", k=k, neighbours=neighbours, alphabet=alphabet).transform(rows)
    for at, found in enumerate(edges_of(rows, alphabet, k, neighbours, length=170)):
        one = graphs.select([at])
        similar = one.bond_fields[:, 0] == 1
        assert found == sorted(np.column_stack([one.bonds[similar], one.bond_fields[similar, 1]]).tolist())


def test_words_are_compared_some_at_a_time_and_as_far_as_the_reach(monkeypatch):
    rows = drawn("dna", [300, 120])
    whole = edges_of(rows)
    monkeypatch.setattr(graph, "_BLOCK", 7)
    assert edges_of(rows) == whole
    monkeypatch.setattr(graph, "_REACH", 20)
    for row, found in zip(rows, edges_of(rows), strict=True):
        distances = [last - first for first, last, _ in found]
        assert len(found) > len(row) and 5 == min(distances) < max(distances) == 20


def test_what_is_alike_is_heard_of_from_afar():
    torch.manual_seed(0)
    net = SequenceNetwork(1, network="graph", width=16, steps=1).eval()
    first, filler, changed = "ACGTACCATG", "T" * 60, "ACGTACGATG"
    tokens = Tokens(None, ends=False, output="packed")

    def read(row):
        letters = torch.from_numpy(tokens.transform([row]).padded()).long()
        vectors, _ = net.encoder(net.meaning[letters].transpose(1, 2), torch.ones(1, 1, len(row)))
        return vectors[0].T

    with torch.inference_mode():
        same, other = read(first + filler + first), read(first + filler + changed)
    # Beyond the filters' seven letters and a step along the sequence a place hears of what its own word is like.
    assert (same[2] - other[2]).abs().max() > 1e-4
    assert torch.allclose(same[35], other[35], atol=1e-6)


def test_a_batch_without_letters_has_no_edges():
    net = SequenceNetwork(1, network="graph", width=8, steps=1).eval()
    assert net(LetterBatch(torch.zeros(2, 1, dtype=torch.int64), None)).isfinite().all()
