"""Committees: each row told by experts that have not seen it, parts as the split makes them, and when there is none."""

import numpy as np
import pandas as pd
import pytest
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

import molgen
from molgen.data.dataset import load_dataset
from molgen.data.splits import make_split
from molgen.errors import ConfigError
from molgen.training import experts
from molgen.training.budget import plans
from molgen.training.committee import committee_parts, train_committee
from molgen.training.config import TrainConfig
from molgen.training.expert_config import GraphConfig
from molgen.training.ingredients import ingredients_for
from molgen.training.job import prepare
from molgen.training.recipe import sized

QUICK = {"split": "random", "graph": {"epochs": 3, "width": 16, "steps": 1}, "tabular": {"rounds": 10}, "pretrained": "none"}
SHORT = QUICK | {"graph": {"epochs": 1, "width": 8, "steps": 1}, "tabular": {"rounds": 3}}


def silent(*_):
    """Tell nobody."""


@pytest.fixture(scope="module")
def trained(measured_table, tmp_path_factory):
    path = tmp_path_factory.mktemp("committee") / "m.molgen"
    return path, molgen.train(measured_table, path, target="activity", **QUICK)


def test_few_compounds_are_trained_as_a_committee(trained):
    path, result = trained
    bundle, split = molgen.load(path), result.split
    assert [len(expert.networks) for expert in bundle.experts[:2]] == [5, 5] and len(bundle.experts) == 5
    assert result.bundle.card["configuration"]["committee"] == 5
    saved = bundle.predict([result.dataset.texts[row] for row in range(len(result.dataset))])["activity"].to_numpy()
    # What is saved tells the test part; the rows that it was trained on are told by those who had not seen them.
    assert np.allclose(saved[split.test], result.predictions[split.test, 0], atol=1e-4)
    for part in (split.train, split.valid):
        assert not np.isclose(saved[part], result.predictions[part, 0], atol=1e-4).any()
    labels = result.dataset.targets[split.train, 0]
    errors = [np.sqrt(np.mean((each[split.train] - labels) ** 2)) for each in (saved, result.predictions[:, 0])]
    assert errors[0] < errors[1]


def test_no_row_is_told_by_experts_that_know_its_label(measured_table, tmp_path):
    """Another label of one row changes what is said of all other parts, and nothing that is said of its own."""
    found, others = [], []
    table, row = pd.read_csv(measured_table), 5
    for label in (0, 1):
        table.loc[row, "active"] = label
        table.to_csv(tmp_path / f"{label}.csv", index=False)
        job = prepare(tmp_path / f"{label}.csv", TrainConfig(targets=("active",), **SHORT), None, silent)
        (own,) = (part for part in job.parts if row in part)
        committee = train_committee(job.recipe, job.dataset, job.features, job.parts, silent, None)
        assert np.array_equal(committee.rows, np.sort(np.concatenate([job.splits[0].train, job.splits[0].valid])))
        assert [part.test.tolist() for part in committee.told] == [part.tolist() for part in job.parts]
        found.append(committee.predictions[:, own])
        others.append(committee.predictions[:, np.setdiff1d(committee.rows, own)])
    assert len(found[0]) == 5  # two kinds of networks, two of trees, similarity
    assert np.array_equal(found[0], found[1])
    assert all((before != after).any() for before, after in zip(*others, strict=True))


def test_a_member_is_the_one_that_has_not_seen_a_part(measured_table):
    config = TrainConfig(targets=("activity",), experts="graph", committee=3, split="random", graph=QUICK["graph"])
    job = prepare(measured_table, config, None, silent)
    committee = train_committee(job.recipe, job.dataset, job.features, job.parts, silent, None)
    (expert,) = committee.fitted.experts
    members = expert.predict_members(job.features)
    for member, part in zip(members, job.parts, strict=True):
        assert np.array_equal(committee.predictions[0, part], member[part])
    assert np.array_equal(committee.predictions[0, job.splits[0].test], members.mean(axis=0)[job.splits[0].test])
    assert [len(history) for history in committee.fitted.histories["graph"]] == [3, 3, 3]  # all epochs, nothing is chosen


@pytest.mark.parametrize("split", ["scaffold", "column"])
def test_parts_keep_scaffolds_together_as_the_split_does(measured_table, tmp_path, split):
    table = pd.read_csv(measured_table)
    table["part"] = (["train"] * 8 + ["valid", "test"]) * (len(table) // 10)
    table.to_csv(tmp_path / "t.csv", index=False)
    dataset = load_dataset(tmp_path / "t.csv", targets=["activity"], extra_columns=["part"])
    column = "part" if split == "column" else None
    made = make_split(dataset, split, column=column)
    parts = committee_parts(dataset, made, TrainConfig(split=split, split_column=column, committee=5))
    assert np.array_equal(np.sort(np.concatenate(parts)), np.sort(np.concatenate([made.train, made.valid])))
    scaffolds = [{MurckoScaffoldSmiles(mol=dataset.items[row]) for row in part} - {""} for part in parts]
    assert sum(map(len, scaffolds)) == len(set.union(*scaffolds))


def test_groups_stay_together(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    table["batch"] = [f"b{row % 12}" for row in range(len(table))]
    table.to_csv(tmp_path / "t.csv", index=False)
    dataset = load_dataset(tmp_path / "t.csv", targets=["activity"], extra_columns=["batch"])
    made = make_split(dataset, "group", column="batch")
    parts = committee_parts(dataset, made, TrainConfig(split="group", split_column="batch", committee=3))
    batches = [{dataset.columns["batch"][row] for row in part} for part in parts]
    assert len(parts) == 3 and sum(map(len, batches)) == len(set.union(*batches))


@pytest.mark.parametrize(
    "changes", [{"ensemble": 2}, {"committee": 0}, {"folds": 3}, {"curve": True}, {"experts": "graph"}, {"experts": "tabular"}]
)
def test_where_something_else_is_asked_there_is_none(measured_table, changes):
    settings = QUICK | {"targets": ("activity",)} | changes
    if settings.get("experts", "blend") != "blend":
        del settings["pretrained"]
    job = prepare(measured_table, TrainConfig(**settings), None, silent)
    assert not job.parts and job.recipe.config.committee == 0


@pytest.mark.parametrize(("rows", "size", "networks"), [(10_000, 5, 5), (10_001, 0, 1)])
def test_of_many_compounds_there_is_none(measured_table, rows, size, networks):
    dataset = prepare(measured_table, TrainConfig(targets=("activity",), **QUICK), None, silent).dataset
    settled = sized(TrainConfig(split="scaffold"), ingredients_for(dataset.subject, dataset.items), rows)
    assert (settled.committee, settled.ensemble) == (size, networks)


def test_a_split_by_time_has_none_unless_it_is_asked_for(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    table["year"] = [2000 + row % 20 for row in range(len(table))]
    table.to_csv(tmp_path / "t.csv", index=False)
    settings = QUICK | {"targets": ("activity",), "split": "time", "split_column": "year"}
    assert not prepare(tmp_path / "t.csv", TrainConfig(**settings), None, silent).parts
    assert len(prepare(tmp_path / "t.csv", TrainConfig(**settings, committee=3), None, silent).parts) == 3


def test_labels_that_are_too_few_are_told(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    table["rare"] = [int(row in (0, 15)) for row in range(len(table))]
    table["part"] = ["valid" if 10 <= row < 30 else "train" for row in range(len(table))]
    table.loc[15, "part"] = "test"  # which leaves one of the rare class
    settings = QUICK | {"targets": ("rare",), "split": "column", "split_column": "part"}
    table.to_csv(tmp_path / "t.csv", index=False)
    job = prepare(tmp_path / "t.csv", TrainConfig(**settings), None, silent)
    assert not job.parts and (job.recipe.config.committee, job.recipe.members) == (0, 2)
    with pytest.raises(ConfigError, match="too few for a committee"):
        prepare(tmp_path / "t.csv", TrainConfig(**settings, committee=5), None, silent)


@pytest.mark.parametrize("changes", [{"committee": 2}, {"folds": 3}, {"curve": True}, {"ensemble": 3}])
def test_settings_that_do_not_fit_are_refused(changes):
    with pytest.raises(ValueError, match="committee"):
        TrainConfig(**{"committee": 5, **changes})
    assert TrainConfig(committee=5, ensemble=5).committee == 5  # as a card has it


def test_a_stopped_run_goes_on_to_the_same_bytes(measured_table, tmp_path, trained, monkeypatch):
    undisturbed = trained[0].read_bytes()

    def stop(stage, *_):
        if stage == "without part 3 of 5: tabular expert":
            raise KeyboardInterrupt

    path, folder = tmp_path / "m.molgen", tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        molgen.train(measured_table, path, target="activity", checkpoint=folder, progress=stop, **QUICK)
    monkeypatch.setattr(experts, "fit_network", None)  # networks were done
    molgen.train(measured_table, path, target="activity", checkpoint=folder, **QUICK)
    assert path.read_bytes() == undisturbed


def test_a_budget_leaves_a_committee_out_before_a_second_network():
    config = TrainConfig(graph=GraphConfig(epochs=8), ensemble=5, committee=5)
    found = [(each.committee, each.ensemble, each.experts) for each in plans(config, "graph")]
    assert found[:3] == [(5, 5, "blend"), (0, 2, "blend"), (0, 1, "blend")]


def test_several_tasks_and_a_class_column(measured_table):
    result = molgen.train(measured_table, target=["activity", "active"], committee=3, **QUICK)
    figures = result.metrics["valid"]["model"]
    assert np.isfinite(figures["activity"]["rmse"]) and np.isfinite(figures["active"]["auroc"])
    assert {len(expert.networks) for expert in result.bundle.experts[:2]} == {3}
