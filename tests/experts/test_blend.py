"""Blend weights: non-negative, adding up to 1, shrunk, and in favour of what is right."""

import numpy as np
import pytest

from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.experts.blend import blend, fit_weights

REGRESSION = [Task("y", "regression")]


def make_predictions(rows, noise, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.normal(size=(rows, 1))
    return labels, np.stack([labels + rng.normal(size=(rows, 1)) * sigma for sigma in noise])


def test_the_better_expert_weighs_more_with_enough_rows():
    labels, predictions = make_predictions(5000, [0.1, 1.0])
    weights = fit_weights(REGRESSION, predictions, Targets.exact(labels))
    assert weights[0, 0] > 0.9
    assert weights.sum() == pytest.approx(1)


def test_few_rows_hardly_move_the_weights():
    labels, predictions = make_predictions(10, [0.9, 1.0])
    weights = fit_weights(REGRESSION, predictions, Targets.exact(labels))
    assert 0.35 < weights[0, 0] < 0.65


def test_equal_experts_share_and_their_blend_beats_each():
    labels, predictions = make_predictions(2000, [0.5, 0.5, 0.5])
    weights = fit_weights(REGRESSION, predictions, Targets.exact(labels))
    np.testing.assert_allclose(weights, 1 / 3, atol=0.05)
    errors = [np.mean((p - labels) ** 2) for p in predictions]
    assert np.mean((blend(REGRESSION, predictions, weights) - labels) ** 2) < min(errors) / 2


def test_binary_tasks_and_missing_labels():
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 2)) < 0.5).astype(float)
    good, bad = np.clip(labels * 0.8 + 0.1, 0, 1), rng.random((400, 2))
    labels[::2, 0] = np.nan
    labels[:, 1] = np.nan
    tasks = [Task("a", "binary"), Task("b", "binary")]
    weights = fit_weights(tasks, np.stack([good, bad]), Targets.exact(labels))
    assert weights[0, 0] > 0.7
    assert weights[:, 1].tolist() == [0.5, 0.5]
    assert (weights >= 0).all()


def test_an_expert_is_not_heard_less_for_being_too_sure():
    """Of two that are right as often, one is too sure: it is not thrown away for that."""
    rng = np.random.default_rng(0)
    labels = (rng.random((2000, 1)) < 0.5).astype(float)
    odds = (2 * labels - 1) + rng.normal(size=(2, 2000, 1)) * 2
    odds[0] *= 4
    predictions = 1 / (1 + np.exp(-odds))
    task, few = [Task("a", "binary")], slice(0, 60)
    weights = fit_weights(task, predictions[:, few], Targets.exact(labels[few]))
    heard = weights[:, 0] * [4, 1]
    assert 0.65 < heard[0] / heard[1] < 1.5


def test_limits_that_are_kept_cost_nothing_and_others_count():
    truth, predictions = make_predictions(4000, [0.3, 0.3])
    predictions[1] -= 1.0  # the second expert is too low, which only limits show
    labels = np.minimum(truth, -0.5)
    bounds = np.where(truth > -0.5, 1, 0).astype(np.int8)
    limits = Targets(np.where(bounds == 1, labels, np.nan), bounds, np.ones(len(labels)))
    assert fit_weights(REGRESSION, predictions, limits)[0, 0] > 0.6
    both = Targets(labels, bounds, np.ones(len(labels)))
    assert fit_weights(REGRESSION, predictions, both)[0, 0] > 0.75
    # Taken for measured values, the limits speak for the expert that is too low.
    assert fit_weights(REGRESSION, predictions, Targets.exact(labels))[0, 0] < 0.5


def test_probabilities_are_averaged_as_log_odds_unless_a_bundle_says_otherwise():
    tasks = [Task("toxic", "binary"), Task("logS", "regression")]
    predictions = np.array([[[0.5, 1.0]], [[0.9, 3.0]]])
    weights = np.array([[0.5, 0.25], [0.5, 0.75]])
    # log-odds 0 and log 9: their mean is log 3, which is a probability of 3/4
    np.testing.assert_allclose(blend(tasks, predictions, weights), [[0.75, 2.5]])
    np.testing.assert_allclose(blend(tasks, predictions, weights, "probabilities"), [[0.7, 2.5]])
