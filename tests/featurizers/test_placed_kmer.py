"""Words at their places: each counted by hand, and what a linear model finds by them."""

import numpy as np
import pytest

from molgen.errors import ConfigError
from molgen.featurizers import PlacedKmer


def counted(letters: str, length: int, k: int, shift: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for size in range(1, k + 1):
        for place in range(length - size + 1):
            word = letters[place : place + size]
            if len(word) < size or "N" in word:
                continue
            for off in range(-shift, shift + 1):
                if 0 <= place + off <= length - size:
                    name = f"{place + off}_{word}"
                    found[name] = found.get(name, 0.0) + 1 / (1 + abs(off))
    return found


@pytest.mark.parametrize(("k", "shift"), [(1, 0), (2, 1), (3, 3)])
def test_words_are_where_they_are_and_less_so_nearby(k, shift):
    rows = ["ACGTACGTAC", "AANCCGGTTA", "TTTTTTTTTT", "ACGTACG"]
    words = PlacedKmer(10, k=k, shift=shift, pad=True)
    values, names = words.transform(rows), words.get_feature_names_out()
    assert values.shape == (4, len(names)) and values.dtype == np.float32
    for row, letters in zip(values.toarray(), rows, strict=True):
        expected = counted(letters, 10, k, shift)
        assert {name: pytest.approx(value) for name, value in zip(names, row.tolist(), strict=True) if value} == expected


def test_rows_that_do_not_fit_say_so():
    features = PlacedKmer(10).featurize(["ACGTACGTAC", "ACG", "ACGTACGTACG", "1", None])
    assert features.errors[1] == "too short: 3 letters, expected 10" and features.errors[2].startswith("too long")
    assert features.values[1:].nnz == 0 and sorted(features.errors) == [1, 2, 3, 4]
    assert PlacedKmer(2, k=4).transform(["AC"]).shape == (1, 2 * 4 + 16)
    with pytest.raises(ConfigError, match="too many words for a column each"):
        PlacedKmer(10_000).featurize(["ACGT"])
