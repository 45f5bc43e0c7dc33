"""Bundles that earlier versions wrote stay readable, and predict what they did.

The files in ``golden/`` were made once, when their format was new. They are never made again: a change that breaks one
breaks the models that users have.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import molgen

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.molgen"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_bundles_predict_what_they_did(path):
    expected = json.loads(path.with_suffix(".json").read_text())
    bundle = molgen.load(path)
    table = bundle.predict([row[bundle.subject.column] for row in expected])
    for row, found in zip(expected, table.to_dict("records"), strict=True):
        for name, value in row.items():
            if isinstance(value, float):
                assert found[name] == pytest.approx(value, abs=1e-4), name
            elif value is None:
                assert np.isnan(found[name])
            else:
                assert found[name] == value


def test_there_is_a_golden_bundle_of_every_format():
    from molgen.bundle import FORMAT

    assert [path.stem for path in GOLDEN] == [f"format-{number}" for number in range(1, FORMAT + 1)]
