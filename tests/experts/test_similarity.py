"""The similarity expert: kernels by definition, ridge regression by its normal equations, files that are checked."""

import numpy as np
import pytest
from rdkit import Chem

from molgen.archive import read_tensors, write_tensors
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task, fit_scaling
from molgen.errors import BundleError
from molgen.experts.scaling import FeatureScaler
from molgen.experts.similarity import Compared, SimilarityExpert
from molgen.featurizers import AtomPair, Columns, Descriptors, Morgan
from molgen.training import similarity
from molgen.training.similarity import fit_similarity_expert

INPUTS = [Morgan(2, 256, counts=True), AtomPair(256, counts=True), Descriptors(["MolWt", "TPSA", "RingCount"])]


@pytest.fixture(scope="module")
def features(nci_smiles):
    mols = [Chem.MolFromSmiles(smiles) for smiles in nci_smiles[:80]]
    return {each: each.transform(mols) for each in INPUTS}


def tanimoto(own, others):
    own, others = (np.minimum(each.toarray(), 15).astype(float) for each in (own, others))
    return np.array([[np.minimum(a, b).sum() / max(1, np.maximum(a, b).sum()) for b in others] for a in own])


def test_likeness_is_the_mean_of_what_each_input_says(features):
    scaler = FeatureScaler.fit(features[INPUTS[2]])
    compared = Compared(tuple(INPUTS), scaler, 2.0)
    rows = compared.rows(features)
    found = compared.kernel(rows.part(slice(0, 10)), rows)
    numbers = scaler.transform(features[INPUTS[2]]).astype(float)
    gaussian = np.exp(-((numbers[:10, None] - numbers[None]) ** 2).sum(axis=2) / 2.0)
    wanted = (tanimoto(features[INPUTS[0]][:10], features[INPUTS[0]]) + tanimoto(features[INPUTS[1]][:10], features[INPUTS[1]])) / 3
    assert found.dtype == np.float32 and np.allclose(found, wanted + gaussian / 3, atol=1e-5)
    assert np.allclose(np.diag(found), 1, atol=1e-5)


@pytest.fixture(scope="module")
def fitted(features):
    rng = np.random.default_rng(0)
    weight = features[INPUTS[2]][:, 0]
    values = np.column_stack([weight / 50 + rng.normal(0, 0.1, 80), weight > np.median(weight), np.digitize(weight, [150, 250])])
    values[::7, 0] = np.nan
    tasks = [Task("w", "regression"), Task("heavy", "binary"), Task("size", "multiclass", classes=("s", "m", "l"))]
    tasks = fit_scaling(tasks, values[:60])
    split = Split.of(np.arange(60), [], np.arange(60, 80))
    return fit_similarity_expert("similarity", tasks, INPUTS, features, Targets.exact(values), split, seed=0), values


def test_every_kind_of_task_is_learnt(features, fitted):
    expert, values = fitted
    predicted, rows = expert.predict(features)[60:], slice(60, 80)
    assert predicted.shape == (20, 5) and np.allclose(predicted[:, 2:].sum(axis=1), 1)
    known = ~np.isnan(values[rows, 0])
    errors = (predicted[:, 0] - values[rows, 0])[known]
    assert (errors**2).mean() < 0.4 * np.nanvar(values[rows, 0])
    assert ((predicted[:, 1] > 0.5) == values[rows, 1]).mean() > 0.7
    assert (predicted[:, 2:].argmax(axis=1) == values[rows, 2]).mean() > 0.6


def test_the_weights_solve_the_normal_equations(features, monkeypatch):
    monkeypatch.setattr(similarity, "_STRENGTHS", (0.5, 0.5))
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(80, 1)), rng.random(80) + 0.5
    values[5, 0] = np.nan
    targets = Targets(values, np.zeros((80, 1), np.int8), weights)
    split = Split.of(np.arange(50), [], [])
    expert = fit_similarity_expert("s", [Task("y", "regression")], INPUTS, features, targets, split, seed=0)
    rows = expert.compared.rows(features)
    kernel = expert.compared.kernel(rows.part(slice(0, 50)), expert.known).astype(float)
    there = np.arange(50) != 5
    mean = np.average(values[:50, 0][there], weights=weights[:50][there])
    wanted = np.linalg.solve(kernel[np.ix_(there, there)] + np.diag(0.5 / weights[:50][there]), values[:50, 0][there] - mean)
    assert np.allclose(expert.duals[0, there], wanted, atol=1e-4) and expert.duals[0, 5] == 0
    assert expert.means[0] == pytest.approx(mean, abs=1e-6)


def test_what_is_unlike_everything_is_predicted_at_the_mean(features):
    expert = SimilarityExpert(
        "s", [Task("y", "regression", mean=3.0, scale=2.0)], Compared((INPUTS[0],)), Compared((INPUTS[0],)).rows(features),
        np.ones((1, 80), np.float32), np.array([0.5], np.float32),
    )  # fmt: skip
    nothing = {INPUTS[0]: features[INPUTS[0]][:1] * 0}
    assert expert.predict(nothing)[0, 0] == pytest.approx(4.0)


def test_a_file_predicts_what_it_did_and_is_checked(features, fitted):
    expert, _ = fitted
    members = expert.to_members()
    again = SimilarityExpert.from_members(members, "similarity", expert.tasks, "file")
    assert np.array_equal(again.predict(features), expert.predict(features)) and len(again.known) == 60
    tensors = read_tensors(members, "weights.safetensors", "file")
    n = len(tensors["columns-0"])
    wrong = [
        {"columns-0": np.full(n, 256, np.int32)},
        {"columns-0": np.full(n, -1, np.int32)},
        {"ends-0": tensors["ends-0"][::-1].copy()},
        {"ends-0": tensors["ends-0"] + 1},
        {"counts-1": np.full(len(tensors["counts-1"]), 200, np.uint8)},
        {"duals": tensors["duals"][:, :-1].copy()},
        {"duals": tensors["duals"][0].copy()},
        {"means": tensors["means"][:2].copy()},
        {"reach": np.array([0.0])},
        {"reach": np.zeros(0)},
        {"numbers": tensors["numbers"][:, :2].copy()},
        {"scaler.mean": np.zeros(2)},
        {"more": np.zeros(2)},
    ]
    for changes in wrong:
        damaged = {**members, "weights.safetensors": write_tensors({**tensors, **changes})}
        with pytest.raises(BundleError):
            SimilarityExpert.from_members(damaged, "similarity", expert.tasks, "file")
    for described in (b"{}", b'{"inputs": []}', b'{"inputs": [{"type": "Kmer"}]}', b'{"inputs": 3}', b"[]"):
        with pytest.raises(BundleError):
            SimilarityExpert.from_members({**members, "expert.json": described}, "similarity", expert.tasks, "file")


def test_own_columns_are_compared_too(features):
    own = Columns(["dose"])
    doses = np.linspace(0, 1, 80)[:, None]
    given = {**features, own: doses}
    split = Split.of(np.arange(0, 80, 2), [], [])
    tasks = fit_scaling([Task("y", "regression")], doses[::2])
    expert = fit_similarity_expert("s", tasks, [own], given, Targets.exact(doses.copy()), split, seed=0)
    assert np.abs(expert.predict(given)[1::2, 0] - doses[1::2, 0]).max() < 0.1
    assert SimilarityExpert.from_members(expert.to_members(), "s", tasks, "f").predict(given).shape == (80, 1)
