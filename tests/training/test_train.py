"""Training: figures beside baselines, missing labels, splits, seeds, and refusals that say what to do."""

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.chem.descriptors import DESCRIPTORS_FAST
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Descriptors
from molgen.training.config import TrainConfig

QUICK = {"split": "random", "pretrained": "none", "graph": {"epochs": 2, "width": 16, "steps": 1}, "tabular": {"rounds": 10}}


def test_the_same_seed_gives_the_same_model(measured_table, tmp_path):
    paths = [tmp_path / f"{n}.molgen" for n in range(3)]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        molgen.train(measured_table, path, target="activity", seed=seed, **QUICK)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes() != paths[2].read_bytes()


def test_each_kind_of_expert_stands_beside_its_baselines(measured_table):
    for experts, names in {
        "graph": {"graph", "lightgbm"},
        "tabular": {"tabular"},
        "blend": {"graph", "graph+descriptors", "pretrained", "tabular", "extra-trees", "similarity"},
    }.items():
        encoder = "encoder" if experts == "blend" else "none"
        result = molgen.train(measured_table, target="activity", experts=experts, **(QUICK | {"pretrained": encoder}))
        assert set(result.metrics["test"]) == names | {"mean", "nearest neighbour", "model"}
        assert [expert.name for expert in result.bundle.experts] == [n for n in result.metrics["test"] if n in names - {"lightgbm"}]


def test_metrics_are_those_of_the_saved_bundle(measured_table, tmp_path):
    path = tmp_path / "m.molgen"
    result = molgen.train(measured_table, path, target="activity", **QUICK)
    table = molgen.load(path).predict([result.dataset.texts[row] for row in result.split.test])
    error = table["activity"].to_numpy() - result.dataset.targets[result.split.test, 0]
    assert result.metrics["test"]["model"]["activity"]["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)


def test_missing_labels_are_learnt_around_and_bad_rows_are_named(measured_table, tmp_path):
    table = pd.read_csv(measured_table, dtype=str)
    table.loc[::3, "activity"] = ""
    table.loc[1::3, "active"] = "NA"
    table.loc[5, "smiles"] = "not_a_smiles"
    table.loc[8, "activity"] = "inf"
    table.loc[11, "activity"] = "about 6"
    table.loc[7, "activity"] = "inf"
    path = tmp_path / "gaps.csv"
    table.to_csv(path, index=False)
    result = molgen.train(path, target=["activity", "active"], **QUICK)
    assert np.isnan(result.dataset.targets).any(axis=0).all()
    (first, why), (second, why_not) = result.dataset.dropped
    assert (first, second) == (7, 9)
    assert why.startswith("not SMILES")
    assert "activity" in why_not
    assert {line for line, _ in result.dataset.problems} == {9, 10, 13}
    assert result.bundle.card["data"]["left_out"] == [[7, why], [9, why_not]]
    assert np.isfinite(result.predictions).all()


def test_textual_classes_and_their_positive_one(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    table["verdict"] = table["active"].map({1: "Active", 0: "inactive"})
    path = tmp_path / "words.csv"
    table.to_csv(path, index=False)
    result = molgen.train(path, target="verdict", experts="tabular", **QUICK)
    task = result.bundle.tasks[0]
    assert (task.kind, task.positive.lower()) == ("binary", "active")
    assert (result.dataset.targets[:, 0] == table["active"]).all()


@pytest.mark.parametrize(("charges", "drawn", "neutral"), [("auto", 0.5, False), ("auto", 0.01, True), ("neutral", 0.5, True)])
def test_charges_follow_the_training_data(measured_table, tmp_path, charges, drawn, neutral):
    table = pd.read_csv(measured_table)
    amines = [f"{'C' * (n % 9 + 1)}[NH2+]C{'C' * (n % 7)}" for n in range(int(drawn * len(table)))]
    table.loc[: len(amines) - 1, "smiles"] = amines
    path, model = tmp_path / "charged.csv", tmp_path / "m.molgen"
    table.to_csv(path, index=False)
    molgen.train(path, model, target="activity", charges=charges, **{**QUICK, "experts": "tabular"})
    bundle = molgen.load(model)
    assert bundle.subject.neutralize is neutral
    assert bundle.card["data"]["drawn_charged"] == pytest.approx(drawn, abs=0.01)
    scored = bundle.predict(["CCC[NH2+]C"])
    assert (scored["notes"][0] == "charge neutralised") is neutral


def test_imbalance_is_weighed_and_probabilities_stay_calibrated(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    table["rare"] = (table["activity"].rank(pct=True) > 0.85).astype(int)
    path = tmp_path / "rare.csv"
    table.to_csv(path, index=False)
    means = {}
    for balance in (False, True):
        result = molgen.train(path, target="rare", balance=balance, experts="tabular", split="random", tabular={"rounds": 30})
        raw = result.bundle.experts[0]
        means[balance] = result.predictions[result.split.test, 0].mean()
        assert raw.kind == "tabular"
    assert abs(means[True] - 0.15) < 0.15
    assert abs(means[False] - 0.15) < 0.15


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "activty"}, "activity"),
        ({"target": "activity", "smiles": "smile"}, "smiles"),
        ({"target": ()}, "--target"),
        ({"target": "smiles"}, "smiles"),
        ({"target": "activity", "split": "column"}, "split_column"),
        ({"target": "activity", "split_column": "id", "split": "column"}, "train, valid or test"),
        ({"target": "activity", "fractions": (1.0, 0.0, 0.0)}, "no labels"),
        ({"target": "activity", "device": "quantum"}, "device"),
        ({"target": "activity", "epoch": 3}, "unknown setting 'epoch'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(measured_table, settings, message):
    with pytest.raises((InputError, ConfigError)) as refusal:
        molgen.train(measured_table, **{**QUICK, **settings})
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_targets_that_would_share_a_column_are_refused(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    path = tmp_path / "twins.csv"
    table.assign(activity_lower=table["activity"] + 50).to_csv(path, index=False)
    with pytest.raises(ConfigError, match="'activity_lower'"):
        molgen.train(path, target=["activity", "activity_lower"], **QUICK)


def test_an_input_is_never_written_over(measured_table, tmp_path):
    data = tmp_path / "data.csv"
    data.write_bytes(measured_table.read_bytes())
    with pytest.raises(InputError, match="read by the same command"):
        molgen.train(data, data, target="activity", overwrite=True, **QUICK)
    with pytest.raises(InputError, match="no ordinary file"):
        molgen.train(data, "/dev/null", target="activity", overwrite=True, **QUICK)
    assert data.read_bytes() == measured_table.read_bytes()


def test_constant_labels_are_refused(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("smiles,y\n" + "".join(f"{'C' * n},1.5\n" for n in range(1, 40)))
    with pytest.raises(InputError, match="same"):
        molgen.train(path, target="y", kind="regression", **QUICK)


def test_weights_reach_both_losses_and_their_scale_does_not_matter(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    rng = np.random.default_rng(0)
    table["w"] = rng.random(len(table)).round(3)
    table["w10"], table["one"] = 10 * table["w"], 7
    path = tmp_path / "weights.csv"
    table.to_csv(path, index=False)
    got = {name: molgen.train(path, target="activity", weight=name, **QUICK) for name in ("w", "w10", "one", None)}
    np.testing.assert_allclose(got["w"].predictions, got["w10"].predictions, rtol=1e-4)
    np.testing.assert_array_equal(got["one"].predictions, got[None].predictions)
    for at in (0, 2):  # a network, the trees
        experts = [got[name].bundle.experts[at].to_members() for name in ("w", None)]
        assert experts[0] != experts[1]
    np.testing.assert_allclose(got["w"].dataset.weights, table["w"] / table["w"].mean())
    split = got["w"].split
    known = np.concatenate([split.train, split.valid])  # a committee's
    mean = np.average(table["activity"][known], weights=table["w"][known])
    errors = np.abs(mean - table["activity"][split.test])
    np.testing.assert_allclose(got["w"].metrics["test"]["mean"]["activity"]["mae"], errors.mean())


@pytest.mark.parametrize(
    ("cell", "got"), [("", "nothing"), ("-1", "'-1'"), ("inf", "'inf'"), ("nan", "'nan'"), ("heavy", "'heavy'")]
)
def test_a_row_without_a_weight_is_named(measured_table, tmp_path, cell, got):
    table = pd.read_csv(measured_table, dtype=str).assign(w="1")
    table.loc[4, "w"] = cell
    path = tmp_path / "w.csv"
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match=f"column 'w', line 6: no weight; expected a number of 0 or more; got {got}"):
        molgen.train(path, target="activity", weight="w", **QUICK)


def test_no_weight_at_all_is_refused(measured_table, tmp_path):
    path = tmp_path / "w.csv"
    pd.read_csv(measured_table).assign(w=0).to_csv(path, index=False)
    with pytest.raises(InputError, match="all weights are 0"):
        molgen.train(path, target="activity", weight="w", **QUICK)


class TestConfig:
    def test_unknown_keys_are_refused_by_name(self):
        with pytest.raises(ConfigError, match="epochz"):
            TrainConfig.build({"graph": {"epochz": 3}})
        with pytest.raises(ConfigError, match="colour"):
            TrainConfig.build({"colour": "red"})

    def test_values_out_of_range_are_refused(self):
        with pytest.raises(ConfigError, match=r"graph.dropout"):
            TrainConfig.build({"graph": {"dropout": 1.5}})

    def test_a_split_column_goes_with_that_split_alone(self):
        assert TrainConfig.build({"split_column": "part"}).split == "column"
        with pytest.raises(ConfigError, match="split_column"):
            TrainConfig.build({"split_column": "part", "split": "random"})
        with pytest.raises(ConfigError, match="n_jobs"):
            TrainConfig.build({"n_jobs": 0})

    @pytest.mark.parametrize("bad", [{"fractions": (0.8, 0.1, 0.2)}, {"tabular": {"learning_rate": float("inf")}}])
    def test_numbers_that_cannot_be_are_refused(self, bad):
        with pytest.raises(ConfigError, match=r"fractions|finite"):
            TrainConfig.build(bad)

    def test_later_layers_win_and_nested_ones_merge(self):
        config = TrainConfig.build({"seed": 1, "graph": {"epochs": 5, "width": 32}}, {"seed": 2, "graph": {"epochs": 7}})
        assert (config.seed, config.graph.epochs, config.graph.width) == (2, 7, 32)

    def test_toml_is_read_and_the_resolved_configuration_is_in_the_card(self, measured_table, tmp_path):
        path = tmp_path / "train.toml"
        path.write_text('targets = ["activity"]\nsplit = "random"\nexperts = "tabular"\n[tabular]\nrounds = 12\n')
        result = molgen.train(measured_table, config=path, seed=5)
        configuration = result.bundle.card["configuration"]
        assert (configuration["tabular"]["rounds"], configuration["seed"]) == (12, 5)
        assert configuration["graph"]["width"] == TrainConfig().graph.width
        path.write_text("targets = [")
        with pytest.raises(ConfigError, match="not TOML"):
            molgen.train(measured_table, config=path)


def test_extra_trees_are_drawn_and_can_be_left_out(measured_table):
    quick = {"target": "activity", "split": "random", "pretrained": "none", "graph": {"epochs": 1, "width": 8}, "ensemble": 1}
    trained = {
        rounds: molgen.train(measured_table, tabular={"rounds": 5, "extra_rounds": rounds}, **quick) for rounds in (None, 3, 0)
    }
    experts = {rounds: {each.name: each for each in result.bundle.experts} for rounds, result in trained.items()}
    trees = {rounds: named["extra-trees"].boosters[0].num_trees() for rounds, named in experts.items() if "extra-trees" in named}
    assert trees == {None: 10, 3: 3}
    assert set(experts[None]) == {*experts[0], "extra-trees"}
    # Where boosted trees split where it is best, these split where it was drawn.
    boosted, drawn = (experts[None][name].boosters[0] for name in ("tabular", "extra-trees"))
    assert "extra_trees: 0" in boosted.model_to_string() and "extra_trees: 1" in drawn.model_to_string()
    saved = trained[None].metrics["test"]["extra-trees"]["activity"]["rmse"]
    assert saved < trained[None].metrics["test"]["mean"]["activity"]["rmse"]


def test_a_fast_blend_needs_no_expensive_descriptors(measured_table):
    quick = {"split": "random", "graph": {"epochs": 2, "width": 16}, "tabular": {"rounds": 5}, "ensemble": 1}
    result = molgen.train(measured_table, target="activity", fast=True, **quick)
    assert [expert.name for expert in result.bundle.experts] == ["graph", "pretrained", "tabular"]
    widths = [len(each.get_feature_names_out()) for each in result.bundle.featurizers() if isinstance(each, Descriptors)]
    assert widths == [len(DESCRIPTORS_FAST)]
    # Beside it stands what the descriptors would have given.
    assert {"lightgbm", "tabular", "model"} <= set(result.metrics["test"])


def test_refit_trains_on_the_validation_part_and_measures_what_is_saved(measured_table, tmp_path):
    settings = QUICK | {"target": "activity", "experts": "network"}
    once = molgen.train(measured_table, **settings)
    again = molgen.train(measured_table, tmp_path / "m.molgen", refit=True, **settings)
    valid, test = again.split.valid, again.split.test
    # Validation rows are told by the experts that did not see them, the others by those that are saved.
    assert np.allclose(again.predictions[valid], once.predictions[valid])
    assert again.metrics["valid"]["model"]["activity"]["rmse"] == pytest.approx(once.metrics["valid"]["model"]["activity"]["rmse"])
    saved = molgen.load(tmp_path / "m.molgen").predict([again.dataset.texts[row] for row in test])
    assert np.allclose(saved["activity"], again.predictions[test, 0], atol=1e-4)
    assert not np.allclose(again.predictions[test], once.predictions[test])
    with pytest.raises(ConfigError, match="refit"):
        molgen.train(measured_table, refit=True, curve=True, **settings)
