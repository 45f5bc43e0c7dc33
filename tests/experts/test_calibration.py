"""Conformal intervals cover what they say; Platt scaling mends probabilities and keeps their order."""

import numpy as np
import pytest

from molgen.data.targets import Targets
from molgen.data.tasks import Task, sigmoid
from molgen.experts.calibration import Calibration, calibrate, fit_calibration


def test_interval_is_the_split_conformal_quantile():
    predictions, labels = np.zeros((99, 1)), np.arange(1, 100.0)[:, None]
    assert (
        fit_calibration([Task("y", "regression")], predictions, Targets.exact(labels))[0].half_width == 90
    )  # ceil(100 * 0.9) = 90th


def test_only_broken_limits_widen_an_interval():
    predictions, labels = np.zeros((109, 1)), np.concatenate([np.arange(1, 100.0), np.full(5, -7.0), np.full(5, 500.0)])[:, None]
    bounds = np.where(np.arange(109) < 99, 0, 1).astype(np.int8)[:, None]
    # 5 lower limits are kept; 5 are broken by 500 at least: the 0.9 * 105 = 95th of 104 errors.
    fitted = fit_calibration([Task("y", "regression")], predictions, Targets(labels, bounds, np.ones(109)))[0]
    assert fitted.half_width == 95


def test_interval_covers_new_rows():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        errors = rng.standard_t(3, size=(200, 1))
        half_width = fit_calibration([Task("y", "regression")], np.zeros((100, 1)), Targets.exact(errors[:100]))[0].half_width
        covered.append((np.abs(errors[100:]) <= half_width).mean())
    assert 0.89 < np.mean(covered) < 0.93


def test_too_few_rows_give_no_interval():
    fitted = fit_calibration([Task("y", "regression")], np.zeros((5, 1)), Targets.exact(np.ones((5, 1))))[0]
    assert np.isnan(fitted.half_width)
    assert Calibration.from_json(fitted.to_json()).to_json() == fitted.to_json()


def test_platt_mends_overconfidence_and_keeps_the_order():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=3000)
    labels = (rng.random(3000) < sigmoid(logits)).astype(float)
    overconfident = sigmoid(4 * logits)
    fitted = fit_calibration([Task("y", "binary")], overconfident[:, None], Targets.exact(labels[:, None]))[0]
    assert fitted.slope == pytest.approx(0.25, abs=0.05)
    mended = fitted.apply(overconfident)
    assert np.mean((mended - labels) ** 2) < np.mean((overconfident - labels) ** 2) - 0.02
    assert (np.diff(mended[np.argsort(overconfident)]) >= 0).all()


def test_one_class_leaves_probabilities_alone():
    fitted = fit_calibration([Task("y", "binary")], np.full((50, 1), 0.3), Targets.exact(np.zeros((50, 1))))[0]
    values = np.array([0.1, 0.9])
    assert (fitted.apply(values) == values).all()


@pytest.mark.parametrize("bad", [{"half_width": -1.0}, {"slope": 0.0}, {"slope": float("inf")}])
def test_impossible_calibrations_are_refused(bad):
    with pytest.raises(ValueError, match="calibration"):
        Calibration.from_json({"half_width": 1.0, "slope": 1.0, "intercept": 0.0} | bad)


def test_regression_values_pass_through_whatever_a_file_says():
    values = np.array([[-3.0], [7.5]])
    np.testing.assert_array_equal(calibrate([Task("y", "regression")], [Calibration(1.0, 2.0, 3.0)], values), values)


@pytest.mark.parametrize(("key", "value"), [("slope", 1e10), ("slope", 0.0), ("intercept", -1e300), ("half_width", -1.0)])
def test_numbers_that_no_fit_gives_are_refused(key, value):
    with pytest.raises(ValueError, match="a calibration needs"):
        Calibration.from_json({"half_width": 1.0, "slope": 1.0, "intercept": 0.0} | {key: value})
