"""Early recognition against RDKit's and scikit-learn's measures, and by hand."""

import gzip

import numpy as np
import pytest
from rdkit.ML.Scoring import Scoring
from sklearn.metrics import roc_auc_score

from molgen.training.enrichment import MEASURES, enrichment


def ranking(n, actives, seed, lift=1.0):
    rng = np.random.default_rng(seed)
    labels = np.zeros(n)
    labels[:actives] = 1
    return labels, rng.normal(size=n) + lift * labels


@pytest.mark.parametrize(("n", "actives"), [(1000, 30), (40, 20), (3000, 3), (777, 100)])
@pytest.mark.parametrize("lift", [-1.0, 0.0, 2.0])
def test_measures_are_rdkits(n, actives, lift):
    labels, scores = ranking(n, actives, actives, lift)
    order = np.argsort(-scores)
    ranked = [(scores[at], int(labels[at])) for at in order]
    found = {name: each.value for name, each in enrichment(labels, scores, samples=0).items()}
    assert found["auroc"] == pytest.approx(Scoring.CalcAUC(ranked, 1))
    assert found["auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert found["bedroc"] == pytest.approx(Scoring.CalcBEDROC(ranked, 1, 20.0))
    assert [found["ef1"], found["ef5"]] == pytest.approx(Scoring.CalcEnrichment(ranked, 1, [0.01, 0.05]))


def test_log_auc_is_an_integral_over_the_curve():
    labels, scores = ranking(800, 60, 4)
    order = np.argsort(-scores)
    found = np.concatenate([[0], np.cumsum(labels[order]) / 60])
    false = np.concatenate([[0], np.cumsum(1 - labels[order]) / 740])
    at = np.geomspace(0.001, 1, 400_001)
    # Where the curve goes straight up, a hair's breadth keeps its points apart.
    curve = np.interp(at, false + np.arange(len(false)) * 1e-13, found)
    expected = np.trapezoid(curve, np.log(at)) / np.log(1000)
    assert enrichment(labels, scores, samples=0)["log_auc"].value == pytest.approx(expected, abs=1e-5)


def test_perfect_random_and_worst():
    labels = np.repeat([1.0, 0.0], [50, 4950])
    perfect = {name: each.value for name, each in enrichment(labels, labels, samples=0).items()}
    assert perfect["auroc"] == 1
    assert perfect["ef1"] == pytest.approx(100)
    assert perfect["ef5"] == pytest.approx(20)
    assert perfect["bedroc"] > 0.9
    assert perfect["log_auc"] == pytest.approx(1)
    same = {name: each.value for name, each in enrichment(labels, np.zeros(5000), samples=0).items()}
    assert same["auroc"] == 0.5
    assert same["ef1"] == same["ef5"] == pytest.approx(1)
    assert same["log_auc"] == pytest.approx((1 - 0.001) / np.log(1000))  # 0.1446, the area under the diagonal
    worst = {name: each.value for name, each in enrichment(labels, -labels, samples=0).items()}
    assert worst["auroc"] == worst["ef1"] == 0
    assert worst["bedroc"] == pytest.approx(0, abs=1e-6)


def test_ties_do_not_depend_on_the_order_of_rows():
    labels, scores = ranking(500, 40, 1)
    scores = np.round(scores)
    turned = np.random.default_rng(0).permutation(500)
    one, other = (enrichment(labels[at], scores[at], samples=50) for at in (np.arange(500), turned))
    assert one == other
    # As the mean over many orders of the ties.
    rng = np.random.default_rng(3)
    sums = dict.fromkeys(("ef5", "bedroc"), 0.0)
    for _ in range(400):
        broken = enrichment(labels, scores + rng.random(500) * 0.5, samples=0)
        sums = {name: value + broken[name].value / 400 for name, value in sums.items()}
    for name, value in sums.items():
        assert one[name].value == pytest.approx(value, rel=0.03)


def test_intervals_are_seeded_hold_the_value_and_narrow_with_more_actives():
    few, many = ranking(2000, 10, 2), ranking(20000, 400, 2)
    found = enrichment(*few, samples=300, seed=5)
    assert found == enrichment(*few, samples=300, seed=5)
    assert found != enrichment(*few, samples=300, seed=6)
    narrow = enrichment(*many, samples=100)
    for name in MEASURES:
        assert found[name].lower <= found[name].value <= found[name].upper
        assert narrow[name].upper - narrow[name].lower < found[name].upper - found[name].lower


def test_interval_of_the_auroc_is_that_of_rows_drawn_again():
    labels, scores = ranking(600, 60, 7)
    rng = np.random.default_rng(1)
    actives, others = np.flatnonzero(labels), np.flatnonzero(labels == 0)
    drawn = [np.concatenate([rng.choice(actives, 60), rng.choice(others, 540)]) for _ in range(1500)]
    expected = np.quantile([roc_auc_score(labels[rows], scores[rows]) for rows in drawn], [0.025, 0.975])
    found = enrichment(labels, scores, samples=1500)["auroc"]
    np.testing.assert_allclose([found.lower, found.upper], expected, atol=0.006)


def test_rows_without_label_or_score_are_left_out_and_one_class_has_no_measure():
    labels, scores = ranking(100, 20, 9)
    more = np.append(labels, [np.nan, 1]), np.append(scores, [5, np.nan])
    assert enrichment(*more, samples=20) == enrichment(labels, scores, samples=20)
    for one in (np.ones(5), np.zeros(5), np.zeros(0)):
        assert all(np.isnan(each.value) for each in enrichment(one, np.arange(len(one)) * 1.0).values())


def test_on_a_target_of_dud(data_dir):
    """Similarity to five of them finds the other actives of DUD's DHFR far sooner than chance."""
    import csv

    from molgen.chem.fingerprints import morgan_csr, morgan_packed
    from molgen.chem.parse import parse_batch
    from molgen.chem.similarity import highest_tanimoto

    with gzip.open(data_dir / "molecules" / "virtual_screening" / "dud_actives_decoys.csv.gz", "rt") as file:
        rows = [(row["smiles"], float(row["label"])) for row in csv.DictReader(file) if row["target"] == "dhfr"]
    actives = [row for row in rows if row[1]]
    rows = [*actives[5:], *[row for row in rows if not row[1]][:1500]]
    library = parse_batch([smiles for smiles, _ in rows]).mols
    known = morgan_packed(parse_batch([smiles for smiles, _ in actives[:5]]).mols)
    found = enrichment(
        np.array([label for _, label in rows]), highest_tanimoto(morgan_csr(library), known).astype(float), samples=100
    )
    assert found["auroc"].lower > 0.7
    assert found["ef1"].lower > 3
