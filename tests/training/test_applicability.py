"""Which compounds are unlike the training compounds: a threshold that follows from errors, and a note on every such row."""

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.errors import BundleError
from molgen.experts.domain import Domain
from molgen.training.applicability import fit_applicability

OUTSIDE = "unlike the training compounds"


def drawn(n, noise, seed=0):
    """Return similarities, predictions and labels whose errors are ``noise`` of a similarity."""
    generator = np.random.default_rng(seed)
    similarity = generator.uniform(0, 1, n)
    labels = generator.normal(size=n)
    return similarity, (labels + generator.normal(size=n) * noise(similarity))[:, np.newaxis], labels[:, np.newaxis]


def test_the_threshold_is_where_errors_begin_to_grow():
    similarity, predicted, labels = drawn(4000, lambda s: np.where(s < 0.3, 2.0, 1.0))
    found = fit_applicability([Task("y", "regression")], predicted, Targets.exact(labels), similarity)
    inside, outside = (found.errors[part]["y"] for part in ("inside", "outside"))
    # Twice the error among 30 %: the average of what lies below s is 1.25 times that of all until s = .46.
    assert found.threshold == 0.45
    below = similarity < 0.45
    assert (inside["n"], outside["n"]) == ((~below).sum(), below.sum())
    assert outside["error"] == pytest.approx(np.abs(predicted - labels)[below].mean())


@pytest.mark.parametrize("noise", [lambda _: 1.0, lambda s: 1.0 + s])
def test_where_similarity_tells_nothing_there_is_none(noise):
    found = fit_applicability([Task("y", "regression")], *_as_arguments(drawn(1000, noise)))
    assert (found.threshold, found.errors) == (None, {})


def _as_arguments(of):
    similarity, predicted, labels = of
    return predicted, Targets.exact(labels), similarity


def test_few_labels_tell_nothing():
    found = fit_applicability([Task("y", "regression")], *_as_arguments(drawn(30, lambda s: np.where(s < 0.3, 9.0, 0.1))))
    assert found.threshold is None


def test_tasks_of_all_kinds_count_alike_and_rows_without_labels_do_not():
    generator = np.random.default_rng(1)
    similarity, predicted, labels = drawn(3000, lambda s: np.where(s < 0.3, 2000.0, 1000.0))
    tasks = [Task("y", "regression"), Task("p", "binary", positive="1"), Task("c", "multiclass", classes=("a", "b", "c"))]
    truth = generator.integers(0, 2, 3000)
    sure = np.where(similarity < 0.3, 0.5, 0.9)
    probability = np.where(truth == 1, sure, 1 - sure)
    kind = generator.integers(0, 3, 3000)
    classes = np.full((3000, 3), 1 / 3)
    targets = np.column_stack([labels[:, 0], truth, kind]).astype(float)
    targets[::3, 1] = np.nan
    similarity[:100] = np.nan
    found = fit_applicability(tasks, np.column_stack([predicted, probability, classes]), Targets.exact(targets), similarity)
    assert found.threshold is not None
    outside, inside = (found.errors[part] for part in ("outside", "inside"))
    assert inside["p"]["error"] == pytest.approx(
        0.1 + 0.4 * ((similarity >= found.threshold) & (similarity < 0.3)).mean(), abs=0.05
    )
    assert outside["c"]["error"] == pytest.approx(2 / 3)
    known = ~np.isnan(similarity)
    assert inside["p"]["n"] + outside["p"]["n"] == (known & ~np.isnan(targets[:, 1])).sum()


def test_labels_of_one_compound_count_once():
    """One compound that is far away and wrong in twenty tasks is one compound."""
    generator = np.random.default_rng(0)
    tasks = [Task(f"t{at}", "regression") for at in range(21)]
    similarity = np.array([0.8] * 99 + [0.1])
    labels = generator.normal(size=(100, 21))
    predicted = labels + generator.normal(size=(100, 21))
    predicted[-1] += 20
    assert fit_applicability(tasks, predicted, Targets.exact(labels), similarity).threshold is None
    # Compounds that are wrong in all tasks at once, whatever their similarity: chance seldom finds a threshold.
    found = 0
    for _ in range(60):
        shared = np.abs(generator.normal(size=(100, 1)))
        predicted = labels + shared + 0.3 * np.abs(generator.normal(size=(100, 21)))
        found += fit_applicability(tasks, predicted, Targets.exact(labels), generator.uniform(size=100)).threshold is not None
    assert found <= 6


def test_limits_have_no_error():
    similarity, predicted, labels = drawn(1000, lambda s: np.where(s < 0.3, 2.0, 1.0))
    bounds = np.ones((1000, 1), np.int8)
    found = fit_applicability([Task("y", "regression")], predicted, Targets(labels, bounds, np.ones(1000)), similarity)
    assert found.threshold is None


@pytest.fixture(scope="module")
def bundle(small_bundle, tmp_path_factory):
    """A model that warns of everything that is not nearly a reference."""
    loaded = molgen.load(small_bundle)
    loaded.domain.threshold = 0.9
    path = tmp_path_factory.mktemp("warns") / "warns.molgen"
    loaded.save(path)
    return path


def test_rows_outside_are_noted_wherever_they_are_scored(bundle, small_bundle, tmp_path):
    smiles = ["CCO", "[Na+].CC(=O)[O-]", "nonsense"]
    frame = molgen.load(bundle).predict(smiles)
    assert frame["notes"][0] == OUTSIDE
    assert frame["notes"][1].endswith(f"; {OUTSIDE}")
    assert frame["notes"][2] == ""
    quiet = molgen.load(small_bundle).predict(smiles)
    assert quiet["notes"][0] == ""
    (tmp_path / "some.smi").write_text("".join(f"{each} {at}\n" for at, each in enumerate(smiles)))
    result = molgen.screen(tmp_path / "some.smi", bundle, tmp_path / "scores.csv")
    assert result.summary.notes[OUTSIDE] == 2
    table = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert table["notes"].tolist() == frame["notes"].tolist()
    molgen.prepare(tmp_path / "some.smi", tmp_path / "prepared")
    molgen.screen(tmp_path / "prepared", bundle, tmp_path / "again.csv")
    assert pd.read_csv(tmp_path / "again.csv", keep_default_na=False)["notes"].tolist() == frame["notes"].tolist()
    # Where no similarity is asked for, none is computed, and nothing is said.
    molgen.screen(tmp_path / "some.smi", bundle, tmp_path / "few.csv", columns=["smiles", "activity", "notes"])
    assert OUTSIDE not in (tmp_path / "few.csv").read_text()
    assert OUTSIDE in molgen.explain("CCO", bundle)[0].notes


def test_it_is_kept_in_the_file_and_checked(bundle):
    domain = molgen.load(bundle).domain
    assert domain.threshold == 0.9
    members = domain.to_members()
    for threshold in (b"2.0", b'"0.3"', b"true", b"-0.1", b"1"):
        spoilt = members | {"domain.json": members["domain.json"].replace(b"0.9", threshold)}
        with pytest.raises(BundleError, match="threshold"):
            Domain.from_members(spoilt, "here")


def test_training_finds_it_and_the_record_tells(nci_smiles, tmp_path):
    """Labels that a model gets right where compounds are alike, and noise where they are not."""
    from rdkit import Chem, DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    mols = [mol for smiles in nci_smiles[:900] if (mol := Chem.MolFromSmiles(smiles)) is not None and mol.GetNumAtoms() > 8]
    generator = rdFingerprintGenerator.GetMorganGenerator(2)
    prints = [generator.GetFingerprint(mol) for mol in mols]
    train, valid = list(range(300)), list(range(300, 600))
    random = np.random.default_rng(0)
    near = np.array([max(DataStructs.BulkTanimotoSimilarity(prints[row], [prints[at] for at in train])) for row in valid])
    labels = np.array([mol.GetNumAtoms() for mol in mols[:600]], dtype=float)
    labels[300:] += np.where(near < 0.3, random.normal(size=300) * 30, 0)
    parts = ["train"] * 300 + ["valid"] * 300
    smiles = [Chem.MolToSmiles(mol) for mol in mols[:600]]
    pd.DataFrame({"smiles": smiles, "y": labels, "split": parts}).to_csv(tmp_path / "y.csv", index=False)
    settings = {"experts": "tabular", "tabular": {"rounds": 60}, "split_column": "split", "replicates": "keep"}
    result = molgen.train(tmp_path / "y.csv", tmp_path / "y.molgen", target="y", **settings)
    threshold = result.bundle.domain.threshold
    assert 0.25 <= threshold <= 0.6
    about = molgen.inspect(tmp_path / "y.molgen")["applicability"]
    assert about["threshold"] == threshold
    assert about["errors"]["outside"]["y"]["error"] > 1.25 * about["errors"]["inside"]["y"]["error"]
