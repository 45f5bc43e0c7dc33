"""The linear expert: kinds of features weigh alike, files are checked, and the first ones are read as they were."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from molgen.archive import read_tensors, write_tensors
from molgen.data.tasks import Task
from molgen.errors import BundleError
from molgen.experts.linear import LinearExpert, column_ranges, side_by_side
from molgen.featurizers import Composition, Kmer

WORDS, SHARES = [Kmer(1), Kmer(2)], [Composition("gc")]
ROWS = ["ACGTACGGTA", "AAAACCCCGG", "GGGTTTCCAA"]


@pytest.fixture
def features():
    return {each: each.transform(ROWS) for each in (*WORDS, *SHARES)}


def test_words_of_all_lengths_are_one_kind_of_length_one(features):
    ranges = column_ranges([*WORDS, *SHARES], features, np.arange(2))
    table = side_by_side([*WORDS, *SHARES], features, ranges).toarray()
    assert table.shape == (3, 4 + 16 + features[SHARES[0]].shape[1])
    assert np.allclose(np.linalg.norm(table[:, :20], axis=1), 1)
    raw = np.log1p(np.hstack([features[each].toarray() for each in WORDS]))
    largest = np.where(raw[:2].max(axis=0) > 0, raw[:2].max(axis=0), 1)
    assert np.allclose(table[:, :20], raw / largest / np.linalg.norm(raw / largest, axis=1, keepdims=True), atol=1e-6)
    dense = features[SHARES[0]]
    assert np.allclose(table[:, 20:], dense / np.abs(dense[:2]).max(axis=0) / np.sqrt(dense.shape[1]), atol=1e-6)


def test_without_ranges_columns_are_taken_as_they_are(features):
    table = side_by_side(WORDS, features, None)
    assert isinstance(table, csr_matrix) and np.array_equal(
        table.toarray(), np.hstack([features[each].toarray() for each in WORDS])
    )
    expert = LinearExpert("linear", [Task("y", "regression")], WORDS, np.ones((20, 1), np.float32), np.zeros(1, np.float32))
    again = LinearExpert.from_members(expert.to_members(), "linear", expert.tasks, "file")
    assert again.ranges is None and np.allclose(again.predict(features)[:, 0], [19, 19, 19])


@pytest.mark.parametrize("wrong", [np.zeros(20, np.float32), np.ones(19, np.float32), np.ones(20)])
def test_ranges_that_do_not_hold_are_refused(features, wrong):
    ranges = column_ranges(WORDS, features, np.arange(3))
    expert = LinearExpert("linear", [Task("y", "regression")], WORDS, np.ones((20, 1), np.float32), np.zeros(1, np.float32), ranges)
    members = expert.to_members()
    again = LinearExpert.from_members(members, "linear", expert.tasks, "file")
    assert np.array_equal(again.predict(features), expert.predict(features))
    tensors = read_tensors(members, "weights.safetensors", "file")
    with pytest.raises(BundleError):
        damaged = {**members, "weights.safetensors": write_tensors({**tensors, "ranges": wrong})}
        LinearExpert.from_members(damaged, "linear", expert.tasks, "file")
