"""Networks that read sequences, and pairs: exact symmetries, and nothing beyond the end of a row."""

import numpy as np
import pytest
import torch
from rdkit import Chem

from molgen.chem.graph import decode_graphs
from molgen.data.batch import make_batch
from molgen.errors import ConfigError
from molgen.featurizers import Tokens
from molgen.models.pair import HEADS, PairInput, PairNetwork
from molgen.models.sequence import LetterBatch, SequenceNetwork
from molgen.nn.parts import SEQUENCE, part_names

NETWORKS = part_names(SEQUENCE)
LETTERS = Tokens(None, ends=False, output="packed")
PROTEIN = Tokens(None, ends=False, output="packed", alphabet="protein")


def padded(rows, tokens=LETTERS, length=None):
    return torch.from_numpy(tokens.transform(rows).padded(length)).long()


def network(name, **more):
    torch.manual_seed(0)
    return SequenceNetwork(2, network=name, width=16, steps=2, **more).eval()


def rows(n=6, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGTN"), rng.integers(1, 90), p=[0.24] * 4 + [0.04])) for _ in range(n)]


def other(row):
    return row[::-1].translate(str.maketrans("ACGTRYKM", "TGCAYRMK"))


@pytest.mark.parametrize("name", NETWORKS)
@torch.inference_mode()
def test_a_row_is_the_same_whatever_stands_beside_it(name):
    net, many = network(name), rows()
    together = net(LetterBatch(padded(many, length=200), None))
    alone = torch.cat([net(LetterBatch(padded([row]), None)) for row in many])
    assert torch.allclose(together, alone, atol=1e-5)
    assert together.std(dim=0).min() > 1e-4  # and rows differ


@pytest.mark.parametrize("strands", ["share", "average"])
@pytest.mark.parametrize("name", NETWORKS)
@torch.inference_mode()
def test_the_other_strand_is_predicted_exactly_the_same(name, strands):
    net, many = network(name, strands=strands), [*rows(), "ACGTRYKM"]
    first, second = (net(LetterBatch(padded(each), None)) for each in (many, [other(row) for row in many]))
    assert torch.allclose(first, second, atol=1e-5)
    plain = network(name)
    assert not torch.allclose(*(plain(LetterBatch(padded(each), None)) for each in (many, [other(row) for row in many])), atol=1e-3)


def test_other_strands_of_tokens_are_those_of_letters():
    many = [*rows(), "ACGTRYKM"]
    assert network("dilated").other_strand(padded(many)).tolist() == padded([other(row) for row in many]).tolist()


def test_a_letter_that_may_be_several_is_their_mean():
    net = network("dilated")
    meaning = net.meaning[padded(["ANR-"])[0]]
    assert meaning.tolist() == [[1, 0, 0, 0], [0.25] * 4, [0.5, 0, 0.5, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_learns(name):
    net = network(name).train()
    net(LetterBatch(padded(rows(16)), None)).square().sum().backward()
    assert [key for key, each in net.named_parameters() if each.grad is None or not each.grad.abs().sum()] == []


@pytest.mark.parametrize(
    "settings", [{"strands": "both"}, {"strands": "share", "alphabet": "protein"}, {"alphabet": "runes"}, {"network": "os"}]
)
def test_what_there_is_not_is_refused(settings):
    with pytest.raises(ConfigError):
        SequenceNetwork(1, **settings)


def pairs():
    mols = [Chem.MolFromSmiles(smiles) for smiles in ("CCO", "c1ccccc1O", "CC(=O)N")]
    graphs = decode_graphs(mols)[0]
    sequences = ["MKVLAT", "MKVLATGGGWWY", "PEP" * 30]
    return graphs, [LetterBatch(padded([each], PROTEIN), None) for each in sequences]


@pytest.mark.parametrize("head", HEADS)
@torch.inference_mode()
def test_a_pair_is_the_same_in_any_batch(head):
    torch.manual_seed(0)
    net = PairNetwork(3, width=16, bits=8, words=5, reader="dilated", reader_width=16, reader_steps=2, head=head).eval()
    graphs, sequences = pairs()
    bits, words = torch.rand(3, 8), torch.rand(3, 5)
    of_molecule, of_sequence = torch.tensor([0, 1, 2, 0]), torch.tensor([0, 0, 2, 1])
    molecules = make_batch(graphs, merged_rounds=net.merged_rounds)
    together = net(PairInput(molecules, bits, sequences, words, of_molecule, of_sequence))
    for at, (molecule, sequence) in enumerate(zip(of_molecule.tolist(), of_sequence.tolist(), strict=True)):
        alone = make_batch(graphs.select([molecule])), bits[[molecule]], [sequences[sequence]], words[[sequence]]
        first = torch.tensor([0])
        assert torch.allclose(net(PairInput(*alone, first, first))[0], together[at], atol=1e-5)
    assert together.shape == (4, 3)


def test_an_unknown_head_is_refused():
    with pytest.raises(ConfigError, match="unknown head"):
        PairNetwork(1, head="sum")


def windows(n=5, length=70, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]


@pytest.mark.parametrize("strands", ["share", "average"])
@pytest.mark.parametrize("name", ["bpnet", "graph"])
@torch.inference_mode()
def test_tracks_of_the_other_strand_are_turned(name, strands):
    net = network(name, strands=strands, tracks={"a": 2, "b": 1})
    outputs, places = net.forward_with_places(LetterBatch(padded(windows()), None))
    assert outputs.shape == (5, 2) and places.shape == (5, 3, 70)
    again, turned = net.forward_with_places(LetterBatch(padded([other(row) for row in windows()]), None))
    assert torch.allclose(outputs, again, atol=1e-5)
    assert torch.allclose(places, turned[:, [1, 0, 2]].flip(2), atol=1e-5)


def test_what_is_turned_in_training_is_turned_back():
    net = network("bpnet", strands="augment", tracks={"a": 2}).train()
    batch = LetterBatch(padded(windows(64)), None)
    _, places = net.forward_with_places(batch)
    net.strands = "forward"
    own = net.forward_with_places(batch)[1]
    as_other = net.forward_with_places(LetterBatch(net.other_strand(batch.letters), None))[1][:, [1, 0]].flip(2)
    is_own, is_other = (torch.isclose(places, each, atol=1e-5).flatten(1).all(1) for each in (own, as_other))
    assert (is_own ^ is_other).all() and 10 < is_own.sum() < 54


@pytest.mark.parametrize("tracks", [{"a": 3}, {"a": "1"}, {"a": True}])
def test_a_track_has_one_strand_or_two(tracks):
    with pytest.raises(ConfigError, match="one strand or two"):
        SequenceNetwork(1, network="bpnet", tracks=tracks)


def test_tracks_need_a_place_for_each_letter():
    with pytest.raises(ConfigError, match="takes letters together"):
        SequenceNetwork(1, network="dilated", tracks={"a": 1})
