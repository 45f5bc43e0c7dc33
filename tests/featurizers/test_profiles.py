"""Numbers of samples as a featurizer: by name, in one order, nothing made up."""

import json
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from molgen.bio.profiles import Profile
from molgen.errors import ConfigError, InputError
from molgen.featurizers import ProfileNumbers, from_spec

NUMBERS = ProfileNumbers(["a", "b"])


def test_numbers_are_found_by_name():
    features = NUMBERS.featurize(
        [{"b": 2, "a": 1}, Profile("x", ("c", "a"), [7, 3]), {"c": 1}, None, "x", {"a": "high"}, {"a": None}]
    )
    assert np.array_equal(features.values[:2], np.array([[1, 2], [3, np.nan]], np.float32), equal_nan=True)
    assert np.isnan(features.values[2:]).all()
    assert list(features.errors) == [2, 3, 4, 5, 6]
    assert features.errors[2] == "none of the 2 numbers, such as 'a'"
    assert features.errors[4] == "not numbers by name: str"
    with pytest.raises(InputError, match="not numbers by name"):
        NUMBERS.transform(["x"])


def test_a_featurizer_of_numbers_is_what_its_names_are():
    again = from_spec(json.loads(json.dumps(NUMBERS.spec())))
    assert again == NUMBERS == clone(NUMBERS) == pickle.loads(pickle.dumps(NUMBERS)) and hash(again) == hash(NUMBERS)
    assert NUMBERS.get_feature_names_out().tolist() == ["a", "b"]
    assert ProfileNumbers(["b", "a"]) != NUMBERS


@pytest.mark.parametrize("names", [[], ["a", "a"], "ab", [1], [""]])
def test_names_that_are_none_are_refused(names):
    with pytest.raises(ConfigError, match="unusable names"):
        ProfileNumbers(names).featurize([{"a": 1}])
