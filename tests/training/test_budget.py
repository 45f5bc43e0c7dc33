"""A time limit: what is left out to keep it, and that a run which goes on keeps to its choice."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import molgen
from molgen.archive import write_archive
from molgen.cli.main import main
from molgen.errors import BundleError, ConfigError
from molgen.training import budget as budget_module
from molgen.training import job
from molgen.training import train as module
from molgen.training.budget import Costs, measure_costs, plans
from molgen.training.config import TrainConfig
from molgen.training.expert_config import GraphConfig
from molgen.training.job import prepare
from molgen.training.recipe import make_recipe

QUICK = {"target": "activity", "split": "random", "tabular": {"rounds": 5}, "committee": 0}


def test_less_is_left_out_first_where_it_costs_least():
    config = TrainConfig(graph=GraphConfig(epochs=40), ensemble=2)
    found = [(each.experts, each.ensemble, each.graph.epochs, each.pretrained) for each in plans(config, "graph")]
    assert found == [
        ("blend", 2, 40, "encoder"),
        ("blend", 1, 40, "encoder"),
        ("blend", 1, 20, "encoder"),
        ("blend", 1, 10, "encoder"),
        ("blend", 1, 10, "none"),
        ("tabular", 1, 40, "encoder"),
    ]
    alone = plans(TrainConfig(experts="graph", graph=GraphConfig(epochs=9), ensemble=1), "graph")
    assert [each.graph.epochs for each in alone] == [9, 9]


@pytest.fixture
def costs(monkeypatch):
    """Let a network take 1 ms for a compound and an epoch, and trees nothing."""
    measured = []

    def measure(recipe, *_):
        measured.append(1)
        return Costs(dict.fromkeys(recipe.networks, 1e-3), 0.0, 0.0)

    monkeypatch.setattr(budget_module, "measure_costs", measure)
    return measured


@pytest.mark.parametrize(
    ("budget", "experts", "epochs"),
    # 192 compounds, three kinds of networks, two of each: 16 epochs take 18 seconds, and one of each half of that.
    [("1h", 6, 16), ("15s", 6, 16), ("8s", 6, 8), ("3.3s", 5, 8), ("0.1s", 1, None)],
)
def test_the_best_recipe_that_fits_is_trained(measured_table, costs, monkeypatch, budget, experts, epochs):
    monkeypatch.setattr(job.time, "monotonic", lambda: 0.0)
    trained = []
    fit = module.fit_experts
    monkeypatch.setattr(module, "fit_experts", lambda recipe, *rest, **named: trained.append(recipe) or fit(recipe, *rest, **named))
    graph = {"epochs": 16, "width": 8, "steps": 1}
    result = molgen.train(measured_table, budget=budget, graph=graph, **QUICK)
    assert len(result.bundle.experts) == experts
    assert result.bundle.card["configuration"]["ensemble"] == (2 if budget == "1h" else 1)
    if epochs is not None:
        assert result.bundle.card["configuration"]["graph"]["epochs"] == epochs
    assert len(costs) == 1


def test_each_kind_of_trees_costs_what_it_takes(measured_table):
    settings = {"targets": ("activity",), "split": "random", "pretrained": "none", "graph": {"epochs": 1, "width": 8}}
    prepared = prepare(measured_table, TrainConfig(**settings, tabular={"rounds": 200}), None, lambda *_: None)
    recipe, split = prepared.recipe, prepared.splits[0]
    without = make_recipe(TrainConfig(**settings, tabular={"extra_rounds": 0}), recipe.ingredients, [])
    costs = Costs(dict.fromkeys(recipe.networks, 0.0), 1.0, 10.0)
    assert (costs.of(recipe, 7, 3), costs.of(without, 7, 3)) == (33.0, 3.0)
    measured = measure_costs(recipe, prepared.dataset.tasks, prepared.features, prepared.dataset.labels, split)
    assert measured.trees > 0 and measured.extra_trees > 0
    none = measure_costs(without, prepared.dataset.tasks, prepared.features, prepared.dataset.labels, split)
    assert none.extra_trees == 0


def test_what_trees_take_once_is_not_counted_for_each(measured_table, monkeypatch):
    settings = {"targets": ("activity",), "split": "random", "pretrained": "none", "graph": {"epochs": 1, "width": 8}}
    prepared = prepare(measured_table, TrainConfig(**settings, tabular={"rounds": 200}), None, lambda *_: None)
    clock = [0.0]

    def take_time(*arguments, extra_trees=False):
        trees = arguments[-1].tabular
        clock[0] += 3.0 + (0.25 * trees.all_extra_rounds if extra_trees else 0.5 * trees.rounds)

    monkeypatch.setattr(budget_module, "fit_tabular_expert", take_time)
    monkeypatch.setattr(budget_module, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    split = prepared.splits[0]
    costs = measure_costs(prepared.recipe, prepared.dataset.tasks, prepared.features, prepared.dataset.labels, split)
    assert costs.trees * len(split.train) == pytest.approx(3.0 + 0.5 * 200)
    assert costs.extra_trees * len(split.train) == pytest.approx(3.0 + 0.25 * 400)


def test_a_limit_of_a_second_still_gives_a_model(measured_table):
    bundle = molgen.train(measured_table, budget="1s", **QUICK).bundle
    assert [expert.name for expert in bundle.experts] == ["tabular"]
    assert np.isfinite(bundle.predict(["CCO"])["activity"]).all()


def test_a_run_that_goes_on_keeps_to_its_choice(measured_table, tmp_path, costs, monkeypatch):
    def stop(stage, *_):
        if stage == "blending":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        molgen.train(measured_table, budget="0.1s", checkpoint=tmp_path / "run", progress=stop, **QUICK)
    assert len(costs) == 1
    bundle = molgen.train(measured_table, budget="0.1s", checkpoint=tmp_path / "run", **QUICK).bundle
    assert len(costs) == 1
    assert [expert.name for expert in bundle.experts] == ["tabular"]


@pytest.mark.parametrize("budget", ["ten minutes", "10", "0s", "-5m", ""])
def test_what_is_no_time_is_refused(measured_table, budget):
    with pytest.raises(ConfigError, match="such as 90s, 10m"):
        molgen.train(measured_table, budget=budget, **QUICK)


def test_what_was_left_open_stays_open():
    """A network that starts from a model of measured values keeps the low rate of such a start."""
    config = TrainConfig(graph=GraphConfig(width=32), ensemble=2)
    assert all("learning_rate" not in each.graph.model_fields_set for each in plans(config, "graph"))


def test_a_damaged_choice_is_told(measured_table, tmp_path, costs):
    molgen.train(measured_table, budget="0.1s", checkpoint=tmp_path / "run", **QUICK)
    write_archive(tmp_path / "run" / "choice.zip", {"choice.json": b'{"chosen": 99}'}, overwrite=True)
    with pytest.raises(BundleError, match="damaged"):
        molgen.train(measured_table, budget="0.1s", checkpoint=tmp_path / "run", **QUICK)


def test_the_command_says_what_was_allowed_and_what_is_missing(measured_table, tmp_path):
    pd.read_csv(measured_table).head(60).to_csv(tmp_path / "few.csv", index=False)
    command = ["train", str(tmp_path / "few.csv"), "--target", "activity", "--experts", "tabular", "--split", "random"]
    result = CliRunner().invoke(main, [*command, "--budget", "1h", "-o", str(tmp_path / "few.molgen")])
    assert result.exit_code == 0, result.output
    assert "within 1h: tabular\n" in result.stdout
    assert "No intervals of activity: too few compounds" in result.stdout
