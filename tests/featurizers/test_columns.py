"""The user's own numbers as a featurizer."""

import numpy as np
import pytest

from molgen.errors import ConfigError, InputError
from molgen.featurizers import Columns, from_spec


def test_numbers_come_out_as_they_are_and_what_is_missing_is_named():
    features = Columns(["pH", "dose"]).featurize([(7.4, 10), [7.0, np.nan], None, (1.0,), ("x", 2), (np.inf, 1)])
    np.testing.assert_array_equal(features.values[0], [7.4, 10.0])
    assert np.isnan(features.values[1:]).all()
    assert features.errors == {
        1: "no number in column 'dose'",
        2: "expected 2 numbers",
        3: "expected 2 numbers",
        4: "expected 2 numbers",
        5: "no number in column 'pH'",
    }


def test_the_spec_is_the_identity():
    featurizer = Columns(("pH", "dose"))
    assert from_spec(featurizer.spec()) == featurizer == Columns(["pH", "dose"]) != Columns(["dose", "pH"])
    assert list(featurizer.get_feature_names_out()) == ["pH", "dose"]
    assert featurizer.featurize([]).values.shape == (0, 2)


@pytest.mark.parametrize("columns", [[], "pH", ["pH", "pH"], [""], [1], None])
def test_unusable_names_are_refused(columns):
    with pytest.raises(ConfigError, match="unusable columns"):
        Columns(columns).featurize([(1.0,)])


def test_a_bad_row_raises_in_a_pipeline():
    with pytest.raises(InputError, match="no number in column 'pH'"):
        Columns(["pH"]).transform([(None,)])
