"""Cross-validation: nobody predicts what it was trained on, and the bundle is of all rows."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import molgen
from molgen.cli.main import main
from molgen.data.tasks import fit_scaling
from molgen.errors import ConfigError, InputError
from molgen.training import cross_validation as module

TREES = {"split": "random", "experts": "tabular", "tabular": {"rounds": 20}}
BOTH = {"split": "random", "graph": {"epochs": 2, "width": 16, "steps": 1}, "tabular": {"rounds": 10}}


@pytest.fixture(scope="module")
def blended(measured_table, tmp_path_factory):
    path = tmp_path_factory.mktemp("folds") / "m.molgen"
    out = path.with_name("oof.csv")
    return molgen.train(measured_table, path, target=["activity", "active"], folds=3, out_of_fold=out, **BOTH), path, out


def test_every_row_is_predicted_once_by_experts_that_did_not_see_it(measured_table, monkeypatch):
    seen = []
    fit = module.fit_experts

    def spy(recipe, tasks, features, targets, split, *rest, **named):
        fitted = fit(recipe, tasks, features, targets, split, *rest, **named)
        seen.append((split, fitted.predict(features)))
        return fitted

    monkeypatch.setattr(module, "fit_experts", spy)
    validation = molgen.cross_validate(measured_table, target="activity", folds=4, **TREES)
    assert sorted(np.concatenate([split.test for split, _ in seen])) == list(range(len(validation.dataset)))
    for split, predicted in seen:
        assert not set(split.test) & {*split.train, *split.valid}
        np.testing.assert_array_equal(validation.predictions["tabular"][split.test], predicted[0][split.test])
        np.testing.assert_array_equal(
            validation.predictions["mean"][split.test, 0], validation.dataset.targets[split.train, 0].mean()
        )


def test_the_summary_is_that_of_the_table(measured_table, tmp_path):
    path = tmp_path / "oof.csv"
    validation = molgen.cross_validate(measured_table, path, target="activity", folds=3, **TREES)
    table = pd.read_csv(path)
    assert list(table) == ["id", "smiles", "fold", "activity_measured", "activity", "activity_tabular"]
    errors = [np.sqrt(((part["activity"] - part["activity_measured"]) ** 2).mean()) for _, part in table.groupby("fold")]
    mean, spread = validation.summary()["model"]["activity"]["rmse"]
    assert mean == pytest.approx(np.mean(errors), rel=1e-4)
    assert spread == pytest.approx(np.std(errors, ddof=1), rel=1e-3)
    assert mean < validation.summary()["mean"]["activity"]["rmse"][0]


def test_the_bundle_is_trained_on_all_rows_and_weighed_by_the_folds(blended):
    result, path, _ = blended
    bundle = molgen.load(path)
    n = len(result.dataset)
    assert result.split.sizes() == {"train": n, "valid": 0, "test": 0}
    assert [expert.name for expert in bundle.experts] == result.cross_validation.experts
    assert bundle.tasks[0].mean == pytest.approx(fit_scaling(result.dataset.tasks, result.dataset.targets)[0].mean)
    networks = bundle.card["training"]["graph"]
    assert networks[0]["epochs"] == result.cross_validation.epochs["graph"]
    assert bundle.card["cross_validation"]["metrics"]["model"]["activity"]["rmse"]["mean"] > 0
    assert set(result.metrics) == {"folds"}
    assert molgen.inspect(path)["metrics"]["folds"]["model"]["active"]["auroc"] > 0.5
    json.dumps(bundle.card, allow_nan=False)
    again = bundle.predict([result.dataset.texts[row] for row in range(20)])
    np.testing.assert_allclose(again["activity"], result.predictions[:20, 0], rtol=1e-5)


def test_out_of_fold_predictions_name_their_expert(blended):
    table = pd.read_csv(blended[2])
    experts = ("graph", "graph+descriptors", "pretrained", "tabular", "extra-trees", "similarity")
    assert {"active_measured", *(f"activity_{name}" for name in experts)} <= set(table)
    assert sorted(table["fold"].unique()) == [1, 2, 3]


def test_a_fold_does_not_choose_its_own_weights(measured_table):
    """A label of one fold changes no weight that the fold's own blend has."""
    validation = molgen.cross_validate(measured_table, target="activity", folds=3, **BOTH)
    fold = validation.folds[0]
    rows = np.stack([validation.predictions[name] for name in validation.experts])
    before, _ = module._blend_by_others(validation.dataset.tasks, rows, validation.dataset, validation.folds)
    np.testing.assert_array_equal(before, validation.predictions["model"])
    validation.dataset.targets[fold.test] += 100
    after, _ = module._blend_by_others(validation.dataset.tasks, rows, validation.dataset, validation.folds)
    np.testing.assert_array_equal(after[fold.test], before[fold.test])


def test_a_stopped_cross_validation_goes_on(measured_table, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(stage, *_):
        if stage.startswith("fold 2 of 3: tabular"):
            raise StoppedError

    paths = [tmp_path / name for name in ("whole.molgen", "stopped.molgen")]
    molgen.train(measured_table, paths[0], target="activity", folds=3, **TREES)
    with pytest.raises(StoppedError):
        molgen.train(measured_table, paths[1], target="activity", folds=3, checkpoint=tmp_path / "run", progress=stop, **TREES)
    molgen.train(measured_table, paths[1], target="activity", folds=3, checkpoint=tmp_path / "run", **TREES)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_command_prints_means_and_spreads(measured_table, tmp_path):
    command = ["train", str(measured_table), "--target", "activity", "--split", "scaffold", "--experts", "tabular", "--folds", "3"]
    done = CliRunner().invoke(main, [*command, "-o", str(tmp_path / "m.molgen"), "--out-of-fold", str(tmp_path / "oof.csv")])
    assert done.exit_code == 0, done.output
    assert "3 folds, mean and standard deviation: activity" in done.output
    assert " +- " in done.output
    assert (tmp_path / "oof.csv").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": 2}, "too few folds"),
        ({"folds": 0}, "folds"),
        ({"folds": 3, "curve": True}, "curve"),
        ({"out_of_fold": "oof.csv"}, "--folds 5"),
    ],
)
def test_what_cannot_be_validated_is_refused(measured_table, settings, message):
    with pytest.raises((ConfigError, InputError), match=message):
        molgen.train(measured_table, target="activity", **TREES, **settings)


def test_the_intervals_of_a_fold_come_from_the_others(blended):
    """Coverage and width are the model's alone, and those of the other folds' errors on this fold's labels."""
    result = blended[0]
    validation = result.cross_validation
    for fold, metrics in zip(validation.folds, validation.metrics, strict=True):
        of_model = metrics["model"]["activity"]
        error = np.abs(validation.predictions["model"][fold.test, 0] - validation.dataset.targets[fold.test, 0])
        assert of_model["coverage"] == pytest.approx((error <= of_model["width"] / 2).mean())
        assert "coverage" not in metrics["tabular"]["activity"]
        assert 0 <= metrics["model"]["active"]["ece"] <= 1
    summary = result.bundle.card["cross_validation"]["metrics"]["model"]["activity"]
    assert 0.7 < summary["coverage"]["mean"] <= 1


def test_folds_are_trained_on_their_validation_parts_too_where_that_is_wanted(measured_table):
    settings = {"target": "activity", "experts": "tabular", "folds": 3, "tabular": {"rounds": 20}}
    once, again = (molgen.cross_validate(measured_table, refit=refit, **settings) for refit in (False, True))
    # So are the baselines.
    assert not np.allclose(again.predictions["mean"], once.predictions["mean"])
    assert not np.allclose(again.predictions["tabular"], once.predictions["tabular"])
    assert again.summary()["tabular"]["activity"]["rmse"][0] < once.summary()["tabular"]["activity"]["rmse"][0]
