"""Limits among the labels: using them beats dropping them and beats taking them for values."""

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.data.targets import Targets, expected
from molgen.data.tasks import NOISE, Task, fit_scaling
from molgen.training.baselines import predict_mean
from molgen.training.boosting import boost_with_limits
from molgen.training.metrics import task_metrics

QUICK = {"split": "random", "pretrained": "none", "graph": {"epochs": 2, "width": 16, "steps": 1}, "tabular": {"rounds": 10}}
PARAMETERS = {
    **{"objective": "regression", "learning_rate": 0.05, "feature_fraction": 0.3, "min_data_in_leaf": 10},
    **{"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 0},
}


@pytest.fixture(scope="module")
def solubility(data_dir):
    """600 compounds of ESOL: fingerprints and cheap descriptors, and their measured solubility."""
    from rdkit import Chem

    from molgen.chem.descriptors import DESCRIPTORS_FAST
    from molgen.experts.tabular import as_table
    from molgen.featurizers import Descriptors, Morgan

    table = pd.read_csv(data_dir / "molecules/moleculenet/delaney-processed.csv.gz").sample(600, random_state=0)
    mols = [Chem.MolFromSmiles(smiles) for smiles in table["smiles"]]
    features = as_table([each.featurize(mols).values for each in (Morgan(2, 256), Descriptors(DESCRIPTORS_FAST))])
    return features, table["measured log solubility in mols per litre"].to_numpy(float)


def test_trees_learn_from_limits(solubility):
    features, truth = solubility
    train, test = np.arange(450), np.arange(450, 600)
    limit = np.quantile(truth, 0.6)
    bounds = (truth > limit).astype(np.int8)
    labels = Targets(np.minimum(truth, limit), bounds, np.ones(len(truth)))

    def error(rows, targets):
        booster = boost_with_limits(PARAMETERS, features[rows], targets.take(rows), NOISE * truth.std(), 200)
        return float(np.sqrt(np.mean((booster.predict(features[test]) - truth[test]) ** 2)))

    used = error(train, labels)
    dropped = error(train[bounds[train] == 0], labels)
    as_values = error(train, Targets.exact(labels.values))
    assert used < 0.85 * min(as_values, dropped)


def test_without_limits_it_is_lightgbms_regression(solubility):
    import lightgbm

    features, truth = solubility
    weights = np.random.default_rng(0).random(len(truth))
    targets = Targets(truth, np.zeros(len(truth), np.int8), weights)
    parameters = {**PARAMETERS, "feature_fraction": 1.0}  # another objective samples columns anew
    booster = boost_with_limits(parameters, features, targets, 0.5, 20)
    plain = lightgbm.train(parameters, lightgbm.Dataset(features, truth, weight=weights), 20)
    np.testing.assert_allclose(booster.predict(features), plain.predict(features), rtol=1e-6)


def test_the_mean_of_limits_is_that_of_the_censored_likelihood():
    rng = np.random.default_rng(0)
    truth = rng.normal(3, 1, 20_000)
    values = np.minimum(truth, 3.5)[:, None]
    targets = Targets(values, (values == 3.5).astype(np.int8), np.ones(len(values)))
    task = Task("y", "regression", scale=1 / NOISE)  # so that the noise is the labels' own spread
    mean = predict_mean([task], targets, np.arange(len(values)))[0, 0]
    assert mean == pytest.approx(3, abs=0.03)
    assert values.mean() < 2.85
    imputed = expected(values, targets.bounds, np.full_like(values, mean), 1.0)
    assert imputed.mean() == pytest.approx(mean)


def test_measures_leave_limits_out_and_count_the_kept():
    predicted, labels = np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]), np.array([1.5, 2.5, 9.0, 3.0, 5.0, 1.0])
    bounds = np.array([0, 0, 1, 1, -1, 1], np.int8)
    measured = task_metrics(Task("y", "regression"), predicted, labels, bounds)
    assert (measured["n"], measured["rmse"]) == (2, 0.5)
    assert (measured["n_limits"], measured["limits_kept"]) == (3, pytest.approx(2 / 3))
    assert "n_limits" not in task_metrics(Task("y", "regression"), predicted, labels)


def test_scaling_sees_limits_as_their_values():
    assert fit_scaling([Task("y", "regression")], np.array([[1.0], [3.0]]))[0].mean == 2


@pytest.fixture
def limited(measured_table, tmp_path):
    table = pd.read_csv(measured_table)
    median = table["activity"].median()
    table["exact"] = table["activity"]
    table["sign"] = np.where(table["exact"] > median, "'>'", "'='")
    table["capped"] = table["exact"].clip(upper=median)
    table["activity"] = [
        f">{median}" if sign == "'>'" else value for sign, value in zip(table["sign"], table["exact"], strict=True)
    ]
    path = tmp_path / "limited.csv"
    table.to_csv(path, index=False)
    return path


def test_signs_before_numbers_and_in_a_column_are_the_same(limited):
    marked = molgen.train(limited, target="activity", experts="tabular", **QUICK)
    apart = molgen.train(limited, target="capped", relations=["sign"], experts="tabular", **QUICK)
    np.testing.assert_array_equal(marked.predictions, apart.predictions)
    assert marked.bundle.card["data"]["limits"] == {"activity": int(marked.dataset.bounds.sum())}
    table = pd.read_csv(limited)
    assert marked.dataset.bounds[:, 0].tolist() == (table["sign"] == "'>'").tolist()
    measured = marked.metrics["test"]["model"]["activity"]
    rows = marked.split.test
    assert measured["n"] + measured["n_limits"] == len(rows)
    limits = rows[marked.dataset.bounds[rows, 0] == 1]
    kept = marked.predictions[limits, 0] >= marked.dataset.targets[limits, 0]
    assert measured["limits_kept"] == pytest.approx(kept.mean())
