import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from molgen.data.tasks import Task
from molgen.training.diagnostics import (
    coverage_curve,
    describe_labels,
    error_by,
    expected_calibration_error,
    gains,
    labels_histogram,
    reliability,
)


@pytest.fixture
def scored():
    random = np.random.default_rng(0)
    probabilities = random.random(2000)
    return probabilities, (random.random(2000) < probabilities**2).astype(float)


def test_reliability_is_scikit_learns(scored):
    probabilities, labels = scored
    bins = reliability(probabilities, labels)
    positive, mean = calibration_curve(labels, probabilities, n_bins=10)
    np.testing.assert_allclose(bins.x, mean)
    np.testing.assert_allclose(bins.y, positive)
    assert bins.n.sum() == 2000


def test_calibration_error_by_hand():
    bins = reliability(np.array([0.1, 0.1, 0.9, 0.95]), np.array([0.0, 1.0, 1.0, 1.0]))
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.4 + 2 * 0.075) / 4)
    assert np.isnan(expected_calibration_error(reliability(np.zeros(0), np.zeros(0))))


def test_coverage_of_errors_of_the_same_kind_is_what_is_stated():
    random = np.random.default_rng(0)
    nominal, observed = coverage_curve(np.abs(random.normal(size=5000)), np.abs(random.normal(size=5000)))
    np.testing.assert_allclose(observed, nominal, atol=0.03)
    few, _ = coverage_curve(np.arange(1.0, 10.0), np.ones(3))
    assert few.max() == pytest.approx(0.9)  # nine errors cannot bound 95 %


def test_coverage_by_hand():
    nominal, observed = coverage_curve(np.arange(1.0, 20.0), np.array([0.5, 9.5, 18.5, 40.0]))
    assert dict(zip(nominal.round(2), observed, strict=True))[0.5] == 0.5  # the tenth of 19 errors is 10


def test_gains_by_hand():
    tested, found = gains(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]))
    np.testing.assert_allclose(tested, [0, 0.25, 0.75, 1])
    np.testing.assert_allclose(found, [0, 0.5, 1, 1])


def test_error_by_leaves_out_thin_bins():
    similarity = np.array([0.15] * 4 + [0.55] * 5 + [np.nan, 1.0])
    bins = error_by(similarity, np.arange(11.0))
    assert bins.x.tolist() == [pytest.approx(0.55)] and bins.y.tolist() == [6.0] and bins.n.tolist() == [5]


def test_histogram_counts_what_lies_beyond_in_the_end_bins():
    np.testing.assert_allclose(labels_histogram(np.array([-9.0, 0.1, 0.9, 9.0]), 0, 1, 2), [0.5, 0.5])


def test_labels_on_the_card_are_plain_data():
    tasks = [Task("y", "regression"), Task("one", "regression"), Task("c", "binary")]
    targets = np.array([[1.0, 5.0, 1.0], [2.0, 5.0, 0.0], [np.nan, 5.0, np.nan]])
    described = describe_labels(tasks, targets)
    assert described["y"]["n"] == 2 and sum(described["y"]["counts"]) == 2
    assert described["one"]["low"] < 5 < described["one"]["high"]
    assert described["c"] == {"n": 2, "positive": 1}
