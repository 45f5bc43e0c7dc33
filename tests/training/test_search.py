"""Settings found by trying: the default among them, only what is left open, and the same after an interruption."""

import json
import sys

import pytest

import molgen
from molgen.archive import write_archive
from molgen.errors import BundleError, ConfigError, MissingExtraError
from molgen.experts.network import NetworkExpert
from molgen.training import search as module
from molgen.training.config import TrainConfig

pytest.importorskip("optuna")

SETTINGS = {"target": "activity", "split": "random", "pretrained": "none", "ensemble": 1, "search": 4}
GRAPH = {"epochs": 2, "width": 8, "steps": 1, "batch_size": 128}


@pytest.fixture(scope="module")
def searched(measured_table):
    return molgen.train(measured_table, graph=GRAPH, **SETTINGS)


def test_what_is_set_stays_and_the_rest_is_searched(searched):
    graph, tabular = searched.searches
    assert (graph.part, tabular.part, graph.trials, tabular.trials) == ("graph", "tabular", 4, 4)
    assert set(graph.settings) == {"dropout", "learning_rate", "weight_decay"}
    assert set(tabular.settings) == {"rounds", "learning_rate", "leaves", "columns", "min_rows_in_leaf"}
    card = searched.bundle.card
    # What was asked for, which finds the same again.
    assert card["configuration"]["graph"] == {**TrainConfig().graph.model_dump(), **GRAPH}
    assert card["configuration"]["tabular"] == TrainConfig().tabular.model_dump()
    assert [each["part"] for each in card["search"]] == ["graph", "tabular"]
    assert json.loads(json.dumps(searched.to_json()))["searches"][0]["trials"] == 4


def test_the_default_is_tried_first_and_nothing_worse_is_taken(searched, measured_table):
    default = molgen.train(measured_table, graph=GRAPH, **(SETTINGS | {"search": None}))
    of_default = min(default.bundle.card["training"]["graph"][0]["valid"])
    of_searched = min(searched.bundle.card["training"]["graph"][0]["valid"])
    graph = searched.searches[0]
    assert graph.default == pytest.approx(of_default, rel=1e-4)
    assert graph.best == pytest.approx(of_searched, rel=1e-4)
    assert graph.best <= graph.default
    assert searched.searches[1].best <= searched.searches[1].default


def test_kinds_of_networks_keep_a_dropout_of_their_own(searched):
    networks = [expert for expert in searched.bundle.experts if isinstance(expert, NetworkExpert)]
    architectures = {expert.name: expert.architecture for expert in networks}
    assert architectures["graph"]["dropout"] == searched.searches[0].settings["dropout"]
    assert architectures["graph+descriptors"]["dropout"] == 0.2


@pytest.mark.parametrize(("stage", "trial"), [("searching graph settings", 3), ("searching tabular settings", 2)])
def test_an_interrupted_search_goes_on_to_the_same_settings(measured_table, tmp_path, searched, stage, trial):
    class StoppedError(Exception):
        pass

    def stop(name, done, _):
        if (name, done) == (stage, trial):
            raise StoppedError

    with pytest.raises(StoppedError):
        molgen.train(measured_table, graph=GRAPH, checkpoint=tmp_path / "run", progress=stop, **SETTINGS)
    told = []
    again = molgen.train(
        measured_table, graph=GRAPH, checkpoint=tmp_path / "run", progress=lambda *each: told.append(each), **SETTINGS
    )
    assert again.searches == searched.searches
    assert next(done for name, done, _ in told if name == stage) == trial
    assert again.bundle.card["metrics"] == searched.bundle.card["metrics"]


def test_a_damaged_checkpoint_is_told(measured_table, tmp_path):
    settings = SETTINGS | {"search": 2, "experts": "tabular"}
    molgen.train(measured_table, checkpoint=tmp_path / "run", **settings)
    path = tmp_path / "run" / "search-tabular.zip"
    whole = path.read_bytes()
    for damaged in (whole[:-20], b"no zip", b""):
        path.write_bytes(damaged)
        with pytest.raises(BundleError):
            molgen.train(measured_table, checkpoint=tmp_path / "run", **settings)
    for trials in ({}, [{}], [None], [{"state": "RUNNING"}]):
        write_archive(path, {"trials.json": json.dumps({"trials": trials}).encode()}, overwrite=True)
        with pytest.raises(BundleError, match="damaged"):
            molgen.train(measured_table, checkpoint=tmp_path / "run", **settings)


def test_a_search_for_nothing_is_refused(measured_table):
    graph = {"epochs": 1, "width": 8, "steps": 1, "dropout": 0.0, "learning_rate": 1e-3, "batch_size": 64, "weight_decay": 0.0}
    with pytest.raises(ConfigError, match="nothing is left to search"):
        molgen.train(measured_table, graph=graph, experts="graph", **SETTINGS)


def test_hopeless_trials_are_given_up(measured_table, monkeypatch):
    """Of trials whose loss is worse from the first epoch on, most do not see the last."""
    epochs = []

    def fit(name, tasks, network, features, targets, split, *, on_epoch, **_):
        epochs.append(0)
        for epoch in range(network.settings.epochs):
            epochs[-1] += 1
            on_epoch(epoch + 1, module.Epoch(1.0, float(len(epochs)), 1e-3))
        return None, [[module.Epoch(1.0, float(len(epochs)), 1e-3)]]

    monkeypatch.setattr(module, "fit_network_expert", fit)
    settings = SETTINGS | {"search": 12, "experts": "graph", "graph": GRAPH | {"epochs": 10}}
    del settings["pretrained"]
    search = molgen.train(measured_table, **settings).searches[0]
    assert search.pruned == 4
    assert epochs == [10] * 8 + [2] * 4


@pytest.mark.parametrize("settings", [{"folds": 3}, {"budget": "1m"}, {"search": 0}])
def test_settings_that_do_not_go_with_a_search_are_refused(measured_table, settings):
    with pytest.raises(ConfigError, match="search"):
        molgen.train(measured_table, **(SETTINGS | settings))


def test_it_says_what_to_install(measured_table, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"molgen-toolkit\[search\]"):
        molgen.train(measured_table, graph=GRAPH, **SETTINGS)
