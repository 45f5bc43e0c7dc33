"""Labels as tables: selection, limits, and what a limit is expected to stand for - against SciPy's truncated normal."""

import numpy as np
from scipy.stats import truncnorm

from molgen.data.targets import Targets, excess, expected


def test_selection_keeps_what_belongs_together():
    bounds = np.array([[0, 1], [-1, 0], [0, 0]], np.int8)
    targets = Targets(np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]), bounds, np.array([1.0, 2.0, 3.0]))
    part = targets.take([2, 0])
    assert part.values.tolist() == [[5, 6], [1, 2]]
    assert part.bounds.tolist() == [[0, 0], [0, 1]]
    assert part.weights.tolist() == [3, 1]
    np.testing.assert_array_equal(targets.of_task(1).measured(), [np.nan, np.nan, 6])
    assert targets.count_limits() == [1, 1]
    assert not Targets.exact(targets.values).bounds.any()


def test_a_kept_limit_is_no_error():
    values, bounds = np.full(5, 2.0), np.array([0, 1, 1, -1, -1], np.int8)
    assert excess(values, bounds, np.array([3.0, 3.0, 1.0, 3.0, 1.0])).tolist() == [1, 0, -1, 1, 0]


def test_expected_values_are_those_of_a_truncated_normal():
    predicted = np.array([0.0, 1.0, 3.0, -2.0, 4.0])
    values, bounds, noise = np.full(5, 1.0), np.array([0, 1, 1, 1, -1], np.int8), 0.7
    got = expected(values, bounds, predicted, noise)
    assert got[0] == 1
    for at in (1, 2, 3):
        lower = (1 - predicted[at]) / noise
        np.testing.assert_allclose(got[at], truncnorm.mean(lower, np.inf, predicted[at], noise), rtol=1e-6)
    np.testing.assert_allclose(got[4], truncnorm.mean(-np.inf, (1 - 4) / noise, 4, noise), rtol=1e-6)


def test_far_from_the_limit_nothing_overflows():
    got = expected(np.zeros(2), np.ones(2, np.int8), np.array([-1e4, 1e4]), 1.0)
    np.testing.assert_allclose(got, [0, 1e4], atol=1e-3)
