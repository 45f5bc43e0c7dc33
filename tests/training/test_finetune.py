"""Starting from a bundle: what is taken, what stays, and that it helps."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import Crippen

import molgen
from molgen.data.tasks import Task
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import compute_features
from molgen.experts.graph import GraphExpert
from molgen.training.config import TrainConfig
from molgen.training.finetune import Parent, freeze

SETTINGS = {"split": "random", "experts": "graph", "tabular": {"rounds": 5}}


@pytest.fixture(scope="module")
def tables(nci_smiles, tmp_path_factory):
    """600 molecules with their logP, and 60 others with a quantity that goes with it."""
    folder = tmp_path_factory.mktemp("related")
    mols = [(smiles, mol) for smiles in nci_smiles[:900] if (mol := Chem.MolFromSmiles(smiles)) is not None][:660]
    values = [(smiles, Crippen.MolLogP(mol)) for smiles, mol in mols]
    pd.DataFrame(values[:600], columns=["smiles", "logp"]).to_csv(folder / "many.csv", index=False)
    few = pd.DataFrame(values[600:], columns=["smiles", "logp"])
    few.assign(logd=2 * few["logp"] + 5).to_csv(folder / "few.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def parent(tables):
    path = tables / "parent.molgen"
    molgen.train(tables / "many.csv", path, target="logp", graph={"epochs": 12, "width": 32}, **SETTINGS)
    return path


def first_loss(result):
    return result.bundle.card["training"]["graph"][0]["train"][0]


def test_a_related_parent_helps_on_a_small_set(tables, parent):
    quick = {"epochs": 8, "width": 32}
    alone = molgen.train(tables / "few.csv", target="logd", graph=quick, **SETTINGS)
    helped = molgen.train(tables / "few.csv", target="logd", parent=str(parent), graph={"epochs": 8}, **SETTINGS)
    error = {name: each.metrics["valid"]["graph"]["logd"]["rmse"] for name, each in {"alone": alone, "helped": helped}.items()}
    assert error["helped"] < error["alone"]


def test_the_same_task_starts_from_the_parents_predictions_whatever_the_scale_of_the_labels(tables, parent):
    """With nothing left to train but a tiny step of the head, the child predicts what its parent does."""
    child = molgen.train(
        tables / "few.csv",
        target="logp",
        parent=str(parent),
        freeze="encoder",
        graph={"epochs": 1, "learning_rate": 1e-9},
        **SETTINGS,
    ).bundle
    origin = molgen.load(parent)
    assert child.tasks[0].mean != origin.tasks[0].mean
    smiles = ["CCO", "c1ccccc1C(=O)N", "CCCCCCCC", "OC(=O)c1ccccc1"]
    np.testing.assert_allclose(child.predict(smiles)["logp"], origin.predict(smiles)["logp"], atol=1e-4)


def test_frozen_layers_stay_and_the_others_move(tables, parent):
    before = Parent.load(parent).experts[0].networks[0].state_dict()
    for layers, stay in {"encoder": ("embed", "message_passing", "pool"), "2": ("embed", "message_passing.updates.0")}.items():
        child = molgen.train(tables / "few.csv", target="logd", parent=str(parent), freeze=layers, graph={"epochs": 1}, **SETTINGS)
        network = child.bundle.experts[0].networks[0]
        assert all(parameter.requires_grad for parameter in network.parameters())
        for name, value in network.state_dict().items():
            if name.startswith(stay):
                torch.testing.assert_close(value, before[name], rtol=0, atol=0)
        assert not torch.equal(network.state_dict()["head.1.weight"], before["head.1.weight"])
        moved = not torch.equal(
            network.state_dict()["message_passing.updates.1.weight"], before["message_passing.updates.1.weight"]
        )
        assert moved is (layers == "2")


def test_the_child_has_its_parents_architecture_scaler_and_checksum(tables, parent):
    child = molgen.train(tables / "few.csv", target="logd", parent=str(parent), graph={"epochs": 1}, **SETTINGS).bundle
    origin = molgen.load(parent)
    assert child.experts[0].architecture == origin.experts[0].architecture
    np.testing.assert_array_equal(child.experts[0].scaler.mean, origin.experts[0].scaler.mean)
    assert child.card["parent"] == {"file": "parent.molgen", "sha256": hashlib.sha256(parent.read_bytes()).hexdigest()}
    assert child.card["configuration"]["graph"]["learning_rate"] < TrainConfig().graph.learning_rate
    features, _ = compute_features(child.experts[0].featurizers, [Chem.MolFromSmiles("CCO")])
    assert np.isfinite(child.experts[0].predict(features)).all()


def test_other_tasks_and_depths_take_what_fits(parent):
    origin = Parent.load(parent)
    taught = origin.experts[0]
    tasks = [Task("new", "binary"), Task("logp", "regression", mean=1.0, scale=2.0)]
    for steps, extras in ((2, taught.extras), (4, taught.extras), (2, [])):
        scaler = taught.scaler if extras else None
        child = GraphExpert("graph", tasks, {**taught.architecture, "steps": steps}, extras, scaler)
        network = child.networks[0]
        fresh = {key: value.clone() for key, value in network.state_dict().items()}
        assert origin.fill(network, child, 0) > 0
        state, given = network.state_dict(), taught.networks[0].state_dict()
        assert torch.equal(state["message_passing.updates.0.weight"], given["message_passing.updates.0.weight"])
        assert torch.equal(state["head.4.weight"][0], fresh["head.4.weight"][0])
        kept_head = torch.equal(state["head.4.weight"][1], fresh["head.4.weight"][1])
        assert kept_head is not bool(extras)
        if steps == 4:
            assert torch.equal(state["message_passing.updates.3.weight"], fresh["message_passing.updates.3.weight"])


def test_rows_of_classes_are_found_by_their_words(nci_smiles):
    """Tasks of several classes lie between others, with classes more, fewer and in another order: shared outputs are the same."""
    old = [
        Task("grade", "multiclass", classes=("low", "mid", "high")),
        Task("logp", "regression", mean=2.0, scale=3.0),
        Task("toxic", "binary", positive="yes"),
        Task("taste", "multiclass", classes=("sweet", "sour", "salt")),
    ]
    new = [
        Task("logp", "regression", mean=1.0, scale=0.5),
        Task("taste", "multiclass", classes=("a", "b", "c", "d")),
        Task("grade", "multiclass", classes=("high", "top", "low"), positive="top"),
        Task("toxic", "binary", positive="yes"),
    ]
    mother, child = (GraphExpert("graph", tasks, {"width": 16, "steps": 2}) for tasks in (old, new))
    fresh = {key: value.clone() for key, value in child.networks[0].state_dict().items()}
    Parent([mother], {}).fill(child.networks[0], child, 0)
    rows = child.networks[0].state_dict()["head.4.weight"]
    assert [not torch.equal(row, before) for row, before in zip(rows, fresh["head.4.weight"], strict=True)] == [
        *(True, False, False, False, False, True, False, True, True)
    ]
    mols = [mol for smiles in nci_smiles[:20] if (mol := Chem.MolFromSmiles(smiles)) is not None]
    ours, theirs = (expert.predict(compute_features(expert.featurizers, mols)[0]) for expert in (child, mother))
    np.testing.assert_allclose(ours[:, [0, 8]], theirs[:, [3, 4]], rtol=1e-4)
    np.testing.assert_allclose(ours[:, 5] / ours[:, 7], theirs[:, 2] / theirs[:, 0], rtol=1e-4)


@pytest.mark.parametrize("network", ["attentivefp", "dmpnn", "gat", "gcn", "gin", "gine"])
def test_layers_are_counted_from_the_input(network):
    expert = GraphExpert("graph", [Task("y", "regression")], {"network": network, "width": 16, "steps": 2})
    names = [set(freeze(expert.networks[0], layers)) for layers in (None, 1, 2, 3, "encoder")]
    assert not names[0]
    assert all(name.startswith("embed_") for name in names[1])
    assert names[1] < names[2] < names[3] <= names[4]
    assert not any(name.startswith("head") for name in names[4])
    with pytest.raises(ConfigError, match="at most 3"):
        freeze(expert.networks[0], 4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"freeze": "encoder", "parent": None}, "name one"),
        ({"freeze": "head"}, "'encoder', or how many"),
        ({"freeze": 0}, "'encoder', or how many"),
        ({"freeze": 9}, "fewer layers"),
        ({"experts": "tabular"}, "tabular"),
        ({"graph": {"width": 64}}, "graph.width"),
        ({"graph": {"network": "gin"}}, "leave it out"),
    ],
)
def test_what_cannot_be_started_from_is_refused(tables, parent, settings, message):
    given = {**SETTINGS, "target": "logd", "parent": str(parent), "graph": {"epochs": 1}} | settings
    with pytest.raises(ConfigError, match=message):
        molgen.train(tables / "few.csv", **given)


def test_a_parent_without_a_network_is_refused(tables):
    path = tables / "trees.molgen"
    molgen.train(tables / "few.csv", path, target="logd", **{**SETTINGS, "experts": "tabular"})
    with pytest.raises(ConfigError, match="no network"):
        molgen.train(tables / "few.csv", target="logd", parent=str(path), **SETTINGS)


def test_a_parent_takes_the_place_of_the_encoder(tables, parent):
    quick = {"split": "random", "graph": {"epochs": 1}, "tabular": {"rounds": 3}}
    result = molgen.train(tables / "few.csv", target="logd", parent=str(parent), **quick)
    assert [expert.name for expert in result.bundle.experts] == [
        "graph",
        "graph+descriptors",
        "tabular",
        "extra-trees",
        "similarity",
    ]
    assert result.bundle.card["configuration"]["graph"]["learning_rate"] == 3e-4
    with pytest.raises(ConfigError, match="leave it out"):
        molgen.train(tables / "few.csv", target="logd", parent=str(parent), pretrained="encoder", **quick)


def test_an_encoder_is_trained_on_faster_than_a_model(tables):
    config = Parent.load("encoder").settle(TrainConfig(parent="encoder"))
    assert (config.graph.learning_rate, config.graph.width) == (1e-3, 256)
    assert Parent.load("admet-fast").adopt(TrainConfig()).graph.learning_rate == 3e-4


def test_an_architecture_that_cannot_be_trained_is_told(tables, tmp_path):
    bundle = molgen.train(tables / "few.csv", target="logd", graph={"epochs": 1, "width": 8}, **SETTINGS).bundle
    expert = bundle.experts[0]
    bundle.experts[0] = GraphExpert("graph", expert.tasks, {**expert.architecture, "width": 4}, expert.extras, expert.scaler)
    bundle.save(tmp_path / "narrow.molgen")
    with pytest.raises(BundleError, match=r"cannot be trained.*width 4"):
        molgen.train(tables / "few.csv", target="logd", pretrained=str(tmp_path / "narrow.molgen"), split="random")
