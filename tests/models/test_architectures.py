"""The checks that every architecture and every pooling has to pass; a new file in their packages is checked without a word here."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem

from molgen.chem.graph import decode_graphs
from molgen.data.batch import make_batch
from molgen.data.tasks import Task
from molgen.experts.graph import GraphExpert
from molgen.models.property import PropertyNetwork
from molgen.nn.message_passing import MessagePassing
from molgen.nn.parts import MESSAGE_PASSING, POOLING, find_part, part_names

NETWORKS = part_names(MESSAGE_PASSING)
#: Each architecture with its own pooling, and each pooling under the default architecture.
PAIRS = [(name, None) for name in NETWORKS] + [("dmpnn", name) for name in part_names(POOLING)]
#: Mean squared output of a fresh network (seed 0) on 32 molecules: a change of any number in an architecture shows here.
PINNED = {
    ("attentivefp", None): 0.0135206,
    ("dmpnn", None): 0.0226337,
    ("gat", None): 0.188472,
    ("gcn", None): 0.0328638,
    ("gin", None): 0.00712684,
    ("gine", None): 0.426705,
    ("dmpnn", "attention"): 0.0110107,
    ("dmpnn", "attentivefp"): 3.23933,
    ("dmpnn", "mean_sum"): 0.0226337,
}

every = pytest.mark.parametrize(("network", "pooling"), PAIRS, ids=lambda part: part or "own")


@pytest.fixture(scope="module")
def mols(nci_smiles):
    """32 molecules of more than one bond, without stereo: chiral tags are relative to the order of the neighbours."""
    read = (Chem.MolFromSmiles(smiles) for smiles in nci_smiles[:120] if "@" not in smiles)
    return [mol for mol in read if mol is not None and mol.GetNumBonds() > 1][:32]


def make(network, pooling, outputs=1, **settings):
    torch.manual_seed(0)
    return PropertyNetwork(outputs, **{"network": network, "pooling": pooling, "width": 32, "steps": 3} | settings).eval()


def run(net, mols):
    with torch.inference_mode():
        return net(make_batch(decode_graphs(mols)[0])).numpy()


@every
def test_shapes_and_edge_cases(network, pooling):
    net = make(network, pooling, outputs=3)
    hard = [None, "C", "[Na+].[Cl-]", "CC", "[H][H]", None]
    out = run(net, [each and Chem.MolFromSmiles(each) for each in hard])
    assert out.shape == (6, 3)
    assert np.isfinite(out).all()
    assert run(net, []).shape == (0, 3)
    assert run(net, [None, None]).shape == (2, 3)
    with torch.inference_mode():
        encoded = net.encode(make_batch(decode_graphs([None, Chem.MolFromSmiles("CCO")])[0]))
    assert encoded.shape == (2, net.pool.out_width)
    assert not encoded[0].any()
    assert encoded[1].any()


@every
@pytest.mark.parametrize("width", [8, 30])
def test_any_width_and_number_of_steps(network, pooling, width):
    for steps in (1, 2):
        assert run(make(network, pooling, width=width, steps=steps), [Chem.MolFromSmiles("CCO")]).shape == (1, 1)


@every
def test_the_order_of_atoms_and_the_company_change_nothing(network, pooling, mols):
    net = make(network, pooling)
    expected = run(net, mols)
    rng = np.random.default_rng(0)
    shuffled = [Chem.RenumberAtoms(mol, rng.permutation(mol.GetNumAtoms()).tolist()) for mol in mols]
    np.testing.assert_allclose(run(net, shuffled), expected, atol=1e-5)
    alone = np.concatenate([run(net, [mol]) for mol in mols])
    np.testing.assert_allclose(alone, expected, atol=1e-5)
    np.testing.assert_allclose(run(net, [None, *mols[::-1], None])[-2:0:-1], expected, atol=1e-5)


@every
def test_molecules_are_told_apart(network, pooling):
    smiles = ["CCO", "CCN", "CCC", "CCCC", "C1CCC1", "c1ccccc1", "C1CCCCC1"]
    assert len(np.unique(run(make(network, pooling), [Chem.MolFromSmiles(each) for each in smiles]).round(6))) == len(smiles)


@pytest.mark.parametrize("network", NETWORKS)
def test_bonds_count_where_an_architecture_says_so(network):
    """Single and double bonds between atoms whose own fields are made the same."""
    net = make(network, None)
    graphs = decode_graphs([Chem.MolFromSmiles("CCCC")])[0]
    batch, other = make_batch(graphs), make_batch(graphs)
    other.graphs.bond_fields.data = other.graphs.bond_fields.clone()
    other.graphs.bond_fields[:, 0] = 2
    with torch.inference_mode():
        same = torch.equal(net(batch), net(other))
    assert same is not net.message_passing.reads_bonds


@every
def test_the_gradient_reaches_every_parameter(network, pooling, mols):
    net = make(network, pooling, outputs=2).train()
    net(make_batch(decode_graphs(mols)[0])).square().sum().backward()
    assert [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()] == []


MERGING = [pair for pair in PAIRS if find_part(MESSAGE_PASSING, pair[0], MessagePassing).merges]


@pytest.mark.parametrize(("network", "pooling"), MERGING, ids=lambda part: part or "own")
def test_messages_that_are_alike_are_worked_out_once_with_the_same_outcome(network, pooling, mols):
    hard = [
        None,
        *map(Chem.MolFromSmiles, ["C", "[Na+].[Cl-]", "CC", "[H][H]", "C1CC1.C1CC1", "F[C@H](Cl)Br", "F[C@@H](Cl)Br"]),
        None,
    ]
    for each in (mols, hard, [], [None], mols * 3):
        net, graphs = make(network, pooling, outputs=2).train(), decode_graphs(each)[0]
        plain = net(make_batch(graphs))
        plain.square().sum().backward()
        gradients = [parameter.grad.clone() for parameter in net.parameters()]
        net.zero_grad()
        merged = net(make_batch(graphs, merged_rounds=net.merged_rounds))
        merged.square().sum().backward()
        np.testing.assert_allclose(merged.detach(), plain.detach(), atol=1e-5)
        for parameter, gradient in zip(net.parameters(), gradients, strict=True):
            np.testing.assert_allclose(parameter.grad, gradient, atol=1e-4 * (1 + float(gradient.abs().max())))


@every
def test_every_parameter_of_a_step_belongs_to_it(network, pooling):
    passing = make(network, pooling).message_passing
    steps = [list(passing.step_parameters(step)) for step in range(3)]
    assert all(steps)
    assert len({id(each) for step in steps for each in step}) == sum(map(len, steps))


@every
def test_it_learns_32_molecules_by_heart(network, pooling, mols):
    net = make(network, pooling).train()
    batch, wanted = make_batch(decode_graphs(mols)[0]), torch.linspace(-1, 1, len(mols)).roll(7).unsqueeze(1)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(250):
        loss = (net(batch) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    assert float(loss.detach()) < 0.05 * float(wanted.square().mean())


@every
def test_a_saved_network_predicts_the_same(network, pooling, mols):
    expert = GraphExpert("graph", [Task("y", "regression")], {"network": network, "pooling": pooling, "width": 16, "steps": 2})
    again = GraphExpert.from_members(expert.to_members(), "graph", expert.tasks, "test")
    features = {expert.graph: decode_graphs(mols)[0]}
    np.testing.assert_array_equal(again.predict(features), expert.predict(features))


@every
def test_half_precision_stays_close(network, pooling, mols):
    net = make(network, pooling)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = run_any(net, mols)
    full = run_any(net, mols)
    assert float((half.float() - full).abs().mean()) < 0.05 * max(float(full.abs().mean()), 0.1)


def run_any(net, mols):
    with torch.no_grad():
        return net(make_batch(decode_graphs(mols)[0]))


@every
def test_the_numbers_are_those_of_always(network, pooling, mols):
    assert float(np.square(run(make(network, pooling), mols)).mean()) == pytest.approx(PINNED[network, pooling], rel=1e-3)


def test_every_part_is_pinned():
    assert set(PINNED) == set(PAIRS)


#: The example of the page on models, which a reader is told is a complete file.
PAGE = Path(__file__).parents[2] / "docs" / "models.md"
NEW = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)[0]


@pytest.fixture
def new_file(tmp_path, monkeypatch):
    """A file dropped into the package, which is a folder more on its path here."""
    import sys

    import molgen.nn.message_passing as package

    (tmp_path / "mine.py").write_text(NEW)
    package.__path__.append(str(tmp_path))
    yield
    package.__path__.remove(str(tmp_path))
    sys.modules.pop("molgen.nn.message_passing.mine", None)


@pytest.mark.usefixtures("new_file")
def test_a_new_file_is_a_new_architecture(measured_table, tmp_path):
    from click.testing import CliRunner

    import molgen
    from molgen.cli.main import main

    assert "mine" in part_names(MESSAGE_PASSING)
    model = tmp_path / "mine.molgen"
    command = ["train", str(measured_table), "--target", "activity", "-o", str(model), "--network", "mine"]
    done = CliRunner().invoke(main, [*command, "--experts", "graph", "--epochs", "1", "--split", "random"])
    assert done.exit_code == 0, done.output
    bundle = molgen.load(model)
    assert type(bundle.experts[0].networks[0].message_passing).__name__ == "MeanNeighbour"
    assert np.isfinite(bundle.predict(["CCO"])["activity"][0])
    toml = tmp_path / "mine.toml"
    toml.write_text('targets = ["activity"]\nexperts = "graph"\nsplit = "random"\n[graph]\nnetwork = "mine"\nepochs = 1\n')
    result = molgen.train(measured_table, config=toml)
    assert result.bundle.card["configuration"]["graph"]["network"] == "mine"


def test_what_a_strangers_bundle_may_name(tmp_path):
    from molgen.errors import BundleError

    expert = GraphExpert("graph", [Task("y", "regression")], {"width": 16, "steps": 1})
    for key, value in {
        "network": "os",
        "pooling": "../../evil",
        "steps": 31,  # more than the file holds
        "dropout": "0.5",
        "colour": "red",
    }.items():
        members = expert.to_members()
        described = json.loads(members["expert.json"])
        described["architecture"][key] = value
        members["expert.json"] = json.dumps(described).encode()
        with pytest.raises(BundleError):
            GraphExpert.from_members(members, "graph", expert.tasks, "test")


def test_a_huge_network_is_refused_before_it_is_made(monkeypatch):
    from molgen.errors import BundleError

    expert = GraphExpert("graph", [Task("y", "regression")], {"width": 16, "steps": 1})
    members = expert.to_members()
    described = json.loads(members["expert.json"]) | {"architecture": {"width": 4096, "steps": 32, "network": "gin"}}
    members["expert.json"] = json.dumps(described).encode()
    made = []
    init = GraphExpert.__init__
    monkeypatch.setattr(GraphExpert, "__init__", lambda self, *a, **k: (made.append(1), init(self, *a, **k))[1])
    with pytest.raises(BundleError):
        GraphExpert.from_members(members, "graph", expert.tasks, "test")
    assert not made


def test_an_old_description_is_the_default_architecture():
    old = {"width": 16, "steps": 1, "dropout": 0.0}
    network = GraphExpert("graph", [Task("y", "regression")], old).networks[0]
    assert isinstance(network.message_passing, find_part(MESSAGE_PASSING, "dmpnn", MessagePassing))
