"""Replicates: medians, majorities and limits worked out by hand; every row accounted for; no compound in two parts."""

import numpy as np
import pytest

from molgen.data.dataset import load_dataset
from molgen.data.replicates import find_leaks, merge_replicates
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.errors import InputError

nan = np.nan
NUMBER, CLASS = Task("y", "regression"), Task("c", "binary")


def merged(values, bounds=None, keys=None, tasks=(NUMBER,), rule="aggregate"):
    values = np.array(values, dtype=float).reshape(len(values), -1)
    bounds = np.zeros(values.shape, np.int8) if bounds is None else np.array(bounds, np.int8).reshape(values.shape)
    keys = ["a"] * len(values) if keys is None else keys
    return merge_replicates(keys, tasks, Targets(values, bounds, np.arange(1.0, len(values) + 1)), rule)


def test_numbers_are_settled_by_their_median():
    merge = merged([1.0, 2.0, 2.4, 9.0, nan, 5.0], keys=["a", "b", "b", "c", "b", "b"])
    assert merge.rows.tolist() == [0, 1, 3]
    assert merge.targets.values[:, 0].tolist() == [1, 2.4, 9]
    assert merge.targets.weights.tolist() == [1, (2 + 3 + 5 + 6) / 4, 4]
    assert merge.joined == {2: 1, 4: 1, 5: 1}
    assert (merge.compounds, merge.measurements) == (1, 4)
    # 5 - 2 is more than the spread of all labels.
    assert merge.conflicts == [(1, "y", "values from 2 to 5")]
    assert not merge.dropped


def test_an_even_number_has_the_mean_of_the_middle_two_and_the_first_can_be_taken_instead():
    assert merged([4.0, 1.0, 2.0, 90.0]).targets.values[0, 0] == 3
    assert merged([4.0, 1.0, 2.0, 90.0], rule="first").targets.values[0, 0] == 4
    assert merged([nan, 1.0, 2.0], rule="first").targets.values[0, 0] == 1


@pytest.mark.parametrize(
    ("values", "bounds", "value", "bound", "conflict"),
    [
        ([5, 6, 7], [1, 1, 1], 7, 1, None),
        ([5, 6, 7], [-1, -1, -1], 5, -1, None),
        ([5, 6], [0, 1], 5, 0, "measured at 5, and above 6"),
        ([5, 4], [0, 1], 5, 0, None),
        ([5, 4], [0, -1], 5, 0, "measured at 5, and below 4"),
    ],
)
def test_limits_beside_limits_and_values(values, bounds, value, bound, conflict):
    merge = merged([*values, 100], [*bounds, 0], keys=[*"a" * len(values), "b"])
    assert (merge.targets.values[0, 0], merge.targets.bounds[0, 0]) == (value, bound)
    assert [why for _, _, why in merge.conflicts] == ([conflict] if conflict else [])


def test_limits_on_both_sides_are_no_label():
    merge = merged([5, 7, 1], [1, -1, 0], keys=["a", "a", "b"])
    assert merge.dropped == dict.fromkeys((0, 1), "measured 2 times: limits on both sides, above 5 and below 7")
    assert merge.rows.tolist() == [2]
    assert not merge.joined


def test_classes_are_settled_by_majority_and_a_tie_is_dropped():
    merge = merged([1, 1, 0, 1, 0, 0, 0], keys=[*"aaa", *"bb", *"cc"], tasks=(CLASS,))
    assert merge.targets.values[:, 0].tolist() == [1, 0]
    assert merge.rows.tolist() == [0, 5]
    assert merge.dropped == dict.fromkeys((3, 4), "measured 2 times: classes disagree, 1 to 1")
    assert [(row, why) for row, _, why in merge.conflicts] == [(0, "classes disagree, 2 to 1"), (3, "classes disagree, 1 to 1")]


def test_a_tie_costs_only_its_own_label():
    merge = merged([[1.0, 1], [1.5, 0], [9, 0]], keys=["a", "a", "b"], tasks=(NUMBER, CLASS))
    np.testing.assert_array_equal(merge.targets.values, [[1.25, nan], [9, 0]])
    assert merge.problems == [(0, "c", "classes disagree, 1 to 1")]
    assert not merge.dropped


def test_held_out_compounds_leave_training():
    split = Split.of([0, 1, 2], [3, 4], [5, 6])
    leaks = find_leaks(["a", "b", "c", "b", "d", "c", "d"], split)
    assert leaks == {
        1: "the same compound is in the validation part: left out of the training part",
        2: "the same compound is in the test part: left out of the training part",
        4: "the same compound is in the test part: left out of the validation part",
    }
    assert not find_leaks(list("abaccde"), Split.of([0, 2], [1], [3, 4]))


TABLE = """id,smiles,y,part
one,CCO,1.0,train
two,OCC,3.0,train
salt,CC(=O)[O-].[Na+],5.0,train
acid,CC(=O)O,5.5,test
bad,nonsense,1,train
three,CCN,4.0,test
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(TABLE)
    return file


def test_every_row_of_a_file_is_accounted_for(path):
    dataset = load_dataset(path, targets=["y"], replicates="aggregate")
    assert dataset.ids == ["one", "salt", "three"]
    assert dataset.targets[:, 0].tolist() == [2, 5.25, 4]
    assert dataset.merged == [(3, 2), (5, 4)]
    assert [line for line, _ in dataset.dropped] == [6]
    assert len(dataset) + len(dataset.merged) + len(dataset.dropped) == 6
    assert dataset.replicates == {"rule": "aggregate", "compounds": 2, "rows": 4, "conflicts": 1}
    assert dataset.conflicts == [(2, "y: values from 1 to 3")]


def test_other_rules_and_columns_that_tell_apart(path):
    assert len(load_dataset(path, targets=["y"])) == 5
    assert load_dataset(path, targets=["y"], replicates="first").targets[:, 0].tolist() == [1, 5, 4]
    assert load_dataset(path, targets=["y"], replicates="aggregate", extra_columns=["part"]).ids == ["one", "salt", "acid", "three"]
    with pytest.raises(
        InputError, match="line 3 is the same compound as line 2; expected every compound once; got 2 compounds in 4"
    ):
        load_dataset(path, targets=["y"], replicates="error")
