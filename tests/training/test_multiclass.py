"""Several classes: losses, measures, blending and calibration by hand and by scikit-learn, and a model from table to bundle."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, matthews_corrcoef, roc_auc_score

import molgen
from molgen.data.targets import Targets
from molgen.data.tasks import Task, fit_scaling, n_outputs, output_names, per_output, score_views, softmax, spans, unscale
from molgen.errors import BundleError, ConfigError, InputError
from molgen.experts.blend import fit_weights
from molgen.experts.calibration import calibrate, fit_calibration
from molgen.nn.losses import MultiTaskLoss
from molgen.training.baselines import predict_mean
from molgen.training.metrics import task_metrics

QUICK = {"split": "random", "pretrained": "none", "graph": {"epochs": 2, "width": 16, "steps": 1}, "tabular": {"rounds": 10}}
GRADE = Task("grade", "multiclass", classes=("high", "low", "mid"))
TASKS = [Task("y", "regression", mean=2.0, scale=3.0), GRADE, Task("a", "binary")]


@pytest.fixture(scope="module")
def predicted():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    logits = rng.normal(size=(300, 3)) + 1.5 * np.eye(3)[labels]
    return softmax(logits), labels.astype(float)


@pytest.fixture(scope="module")
def graded(measured_table, tmp_path_factory):
    """The table with its activity cut into three grades, and a fourth column of two words of one's own."""
    table = pd.read_csv(measured_table)
    table["grade"] = pd.qcut(table["activity"], 3, labels=["low", "mid", "high"]).astype(str)
    table["verdict"] = table["active"].map({1: "CM", 0: "CI"})
    path = tmp_path_factory.mktemp("graded") / "graded.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def result(graded, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "graded.molgen"
    targets = ["activity", "grade", "verdict"]
    return molgen.train(graded, path, target=targets, positives=["", "high", "CM"], **QUICK), path


def test_each_task_has_its_columns():
    assert [task.width for task in TASKS] == [1, 3, 1]
    assert spans(TASKS) == [slice(0, 1), slice(1, 4), slice(4, 5)]
    assert n_outputs(TASKS) == 5
    assert per_output(TASKS, np.array([[1, 2, 3]])).tolist() == [[1, 2, 2, 2, 3]]
    assert output_names(GRADE) == ["grade", "grade_high", "grade_low", "grade_mid"]
    assert [view.name for view in score_views(GRADE)] == ["grade_high", "grade_low", "grade_mid"]
    values = unscale(TASKS, np.array([[1.0, 0.0, 1.0, 2.0, 0.0]]))
    np.testing.assert_allclose(values[0], [5, *(np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()), 0.5])
    assert np.isfinite(softmax(np.array([[1e5, -1e5, 0.0]]))).all()
    assert fit_scaling([GRADE], np.array([[2.0], [0.0]]))[0] == GRADE
    assert Task.from_json(GRADE.to_json()) == GRADE


@pytest.mark.parametrize(
    "classes", [(), ("a", "b"), ("a", "b", "a"), ("a", "b", ""), ("a", "b", "c\n"), tuple(map(str, range(101)))]
)
def test_classes_that_cannot_be(classes):
    with pytest.raises(ConfigError, match="classes of task"):
        Task("t", "multiclass", classes=classes)
    with pytest.raises(ConfigError, match="classes of task"):
        Task("t", "multiclass", classes=("a", "b", "c"), positive="d")


def test_the_loss_is_that_of_each_kind():
    loss = MultiTaskLoss(torch.tensor([False, False, True]), torch.ones(3), 0.5, {1: torch.tensor([1.0, 2.0, 1.0])})
    outputs = torch.tensor([[1.0, 0.5, 1.0, -1.0, 2.0], [2.0, 0.0, 0.0, 0.0, 1.0]], requires_grad=True)
    targets = torch.tensor([[0.0, 1.0, 1.0], [2.0, float("nan"), 0.0]])
    entropy = -torch.log_softmax(torch.tensor([0.5, 1.0, -1.0]), 0)[1]
    binary = torch.nn.functional.softplus(torch.tensor([-2.0, 1.0])).sum()
    value = loss(outputs, targets)
    assert float(value.detach()) == pytest.approx(float((1 + 2 * entropy + 0 + binary) / 5))
    value.backward()
    assert outputs.grad[1, 1:4].tolist() == [0, 0, 0]
    weighed = loss(outputs, targets, None, torch.tensor([2.0, 0.0])).detach()
    first = torch.nn.functional.softplus(torch.tensor(-2.0))
    assert float(weighed) == pytest.approx(float(2 * (1 + 2 * entropy + first) / 5))


def test_measures_are_scikit_learns(predicted):
    probabilities, labels = predicted
    got = task_metrics(GRADE, np.vstack([probabilities, np.full((2, 3), np.nan)]), np.r_[labels, 1, np.nan])
    chosen = probabilities.argmax(axis=1)
    assert got == pytest.approx(
        {
            "n": 300,
            "accuracy": accuracy_score(labels, chosen),
            "balanced_accuracy": balanced_accuracy_score(labels, chosen),
            "auroc": roc_auc_score(labels, probabilities, multi_class="ovr"),
            "mcc": matthews_corrcoef(labels, chosen),
            "log_loss": log_loss(labels, probabilities),
        }
    )
    alone = task_metrics(GRADE, probabilities, np.zeros(300))
    assert alone["accuracy"] == pytest.approx((chosen == 0).mean())
    assert np.isnan([alone["auroc"], alone["mcc"]]).all()
    assert np.isnan(task_metrics(GRADE, probabilities[:0], labels[:0])["accuracy"])


def test_a_temperature_mends_overconfidence(predicted):
    probabilities, labels = predicted
    sure = softmax(4 * np.log(probabilities))
    targets = Targets.exact(labels[:, None])
    fitted = fit_calibration([GRADE], sure, targets)[0]
    mended = calibrate([GRADE], [fitted], sure)
    assert log_loss(labels, mended) < log_loss(labels, sure) - 0.1
    assert (mended.argmax(axis=1) == sure.argmax(axis=1)).all()
    np.testing.assert_allclose(mended.sum(axis=1), 1)
    few = fit_calibration([GRADE], sure[:10], targets.take(slice(10)))[0]
    assert (calibrate([GRADE], [few], sure) == sure).all()


def test_the_better_expert_weighs_more(predicted):
    probabilities, labels = predicted
    noise = softmax(np.random.default_rng(1).normal(size=(300, 3)))
    weights = fit_weights([GRADE], np.stack([probabilities, noise]), Targets.exact(labels[:, None]))
    assert weights[0, 0] > 0.7
    assert weights.sum() == pytest.approx(1)


def test_the_mean_is_the_share_of_each_class():
    targets = Targets(np.array([[0.0], [0], [2], [np.nan], [1]]), np.zeros((5, 1), np.int8), np.array([1.0, 1, 2, 9, 9]))
    assert predict_mean([GRADE], targets, np.arange(4))[0].tolist() == [0.5, 0, 0.5]


def test_from_table_to_bundle_and_back(result, graded):
    trained, path = result
    assert [task.kind for task in trained.bundle.tasks] == ["regression", "multiclass", "binary"]
    assert trained.bundle.tasks[1].classes == ("high", "low", "mid")
    assert trained.bundle.tasks[2].classes == ("CI", "CM")
    table = pd.read_csv(graded)
    scored = molgen.load(path).predict(table["smiles"])
    names = [f"grade_{word}" for word in ("high", "low", "mid")]
    test = trained.split.test  # other rows are told by those of a committee who have not seen them
    np.testing.assert_allclose(scored[names].iloc[test], trained.predictions[test, 1:4], atol=1e-5)
    np.testing.assert_allclose(scored[names].sum(axis=1), 1, atol=1e-6)
    likeliest = scored[names].to_numpy().argmax(axis=1)
    assert scored["grade"].tolist() == [("high", "low", "mid")[each] for each in likeliest]
    measured = trained.metrics["test"]
    assert measured["model"]["grade"]["accuracy"] == pytest.approx((scored["grade"] == table["grade"])[test].mean())
    experts = {"graph", "graph+descriptors", "tabular", "extra-trees", "similarity"}
    assert set(measured) == experts | {"mean", "nearest neighbour", "model"}
    assert measured["tabular"]["grade"]["accuracy"] > 0.4
    bad = molgen.load(path).predict(["nonsense"])
    assert bad["grade"].isna().all()
    assert np.isnan(bad["grade_low"][0])


def test_evaluation_by_word(result, graded):
    found = molgen.evaluate(graded, result[1])
    table = found.predictions
    assert found.metrics["grade"]["accuracy"] == pytest.approx((table["grade"] == table["grade_measured"]).mean())
    assert found.metrics["verdict"]["auroc"] == pytest.approx(roc_auc_score(table["verdict_measured"], table["verdict"]))


def test_balance_weighs_classes_alike(graded, tmp_path):
    table = pd.read_csv(graded)
    rare = table["grade"].where((table["grade"] != "high") | (np.arange(len(table)) % 6 == 0), "mid")
    path = tmp_path / "rare.csv"
    table.assign(grade=rare).to_csv(path, index=False)
    means = []
    for balance in (False, True):
        trained = molgen.train(path, target="grade", balance=balance, experts="tabular", **QUICK)
        means.append(trained.predictions[:, 0].mean())
    assert means[1] > means[0]


def test_a_class_that_training_does_not_see_is_refused(graded, tmp_path):
    table = pd.read_csv(graded)
    path = tmp_path / "split.csv"
    parts = np.where(table["grade"] == "high", "test", np.resize(["train", "valid"], len(table)))
    table.assign(part=parts).to_csv(path, index=False)
    with pytest.raises(InputError, match="no row of a class; got none of high"):
        molgen.train(path, target="grade", split_column="part", experts="tabular")


def test_trees_of_another_number_of_classes_are_refused(result):
    from molgen.experts.trees import check_model_text

    trained, _ = result
    booster = next(each for each in trained.bundle.experts if each.name == "tabular").boosters[1]
    text, n = booster.model_to_string(), booster.num_feature()
    assert check_model_text(text, n, "t", n_outputs=3).count("Tree=") == booster.num_trees()
    for outputs in (1, 2, 5):
        with pytest.raises(BundleError, match="unsafe tree model"):
            check_model_text(text, n, "t", n_outputs=outputs)


def test_there_are_no_more_trees_than_a_bundle_can_hold(graded, tmp_path, monkeypatch):
    monkeypatch.setattr("molgen.training.experts.MAX_TREES", 30)
    settings = QUICK | {"experts": "tabular", "tabular": {"rounds": 20}}
    trained = molgen.train(graded, tmp_path / "m.molgen", target=["activity", "grade"], **settings)
    (trees,) = trained.bundle.experts
    assert [booster.num_trees() for booster in trees.boosters] == [20, 30]
