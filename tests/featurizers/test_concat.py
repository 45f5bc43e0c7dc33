"""Several featurizers side by side."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.sparse import issparse

from molgen.errors import ConfigError
from molgen.featurizers import Concat, Descriptors, Features, MolGraph, Morgan, from_spec
from molgen.featurizers.molecule import MoleculeFeaturizer

SMILES = ["CCO", "not one", "c1ccccc1O", "CC(=O)N"]


class Choosy(MoleculeFeaturizer):
    """Counts atoms, but not of molecules with rings."""

    def __init__(self, *, errors: str = "raise", n_jobs: int = 1) -> None:
        self.errors = errors
        self.n_jobs = n_jobs

    def _featurize(self, items):
        values = np.array([[np.nan if mol is None else mol.GetNumAtoms()] for mol in items])
        rings = {row: "has rings" for row, mol in enumerate(items) if mol is not None and mol.GetRingInfo().NumRings()}
        values[list(rings)] = np.nan
        return Features(values, rings)

    def get_feature_names_out(self, input_features=None):
        return np.array(["atoms"], dtype=object)


def test_dense_parts_make_a_dense_array():
    features = Concat([Descriptors(["MolWt", "TPSA"]), Morgan(size=64, output="dense")]).featurize(SMILES)
    assert isinstance(features.values, np.ndarray)
    assert features.values.dtype == np.float64
    assert features.values.shape == (4, 66)
    assert list(features.errors) == [1]
    assert np.isnan(features.values[1]).all()
    expected = Morgan(size=64, output="dense").featurize(SMILES).values
    np.testing.assert_array_equal(features.values[:, 2:], expected)


@pytest.mark.parametrize(("part", "dtype"), [(Descriptors(["MolWt"]), np.float64), (Morgan(size=32, output="packed"), np.float32)])
def test_a_sparse_part_makes_a_sparse_matrix(part, dtype):
    features = Concat([Morgan(size=64, counts=True), part]).featurize(SMILES)
    assert issparse(features.values)
    assert features.values.dtype == dtype
    assert features.values.getnnz(axis=1)[1] == 0
    dense = features.values.toarray()
    np.testing.assert_array_equal(dense[:, :64], Morgan(size=64, counts=True).featurize(SMILES).values.toarray())
    np.testing.assert_array_equal(dense[[0, 2, 3], 64:], part.featurize(SMILES).values[[0, 2, 3]])


@pytest.mark.parametrize("first", [Morgan(size=64), Morgan(size=64, output="dense")])
def test_a_row_that_fails_in_one_part_fails_as_a_whole(first):
    features = Concat([first, Choosy()]).featurize(SMILES)
    assert features.errors[2] == "choosy: has rings"
    assert features.errors[1].startswith("not SMILES")
    assert list(features.errors) == [1, 2]
    if issparse(features.values):
        assert (features.values.getnnz(axis=1) > 0).tolist() == [True, False, False, True]
    else:
        assert np.isnan(features.values).all(axis=1).tolist() == [False, True, True, False]


def test_a_gap_in_a_sparse_row_stays_a_gap():
    values = Concat([Morgan(size=64), Descriptors(["BCUT2D_MWHI"])]).featurize(["CCO.[Fe+2]", "CCO"]).values
    assert np.isnan(values.toarray()[:, -1]).tolist() == [True, False]


def test_molecules_are_parsed_once(monkeypatch):
    calls = []
    read = MoleculeFeaturizer._read
    monkeypatch.setattr(MoleculeFeaturizer, "_read", lambda self, rows: calls.append(self) or read(self, rows))
    Concat([Morgan(), Descriptors(["MolWt"]), Morgan(radius=3)]).transform(["CCO"])
    assert len(calls) == 1


def test_columns_are_named_after_their_parts():
    names = Concat([Morgan(size=8), Descriptors(["MolWt"]), Morgan(size=8, radius=1)]).get_feature_names_out()
    assert names[0] == "morgan1__morgan_0"
    assert names[8] == "descriptors__MolWt"
    assert names[-1] == "morgan2__morgan_7"


def test_the_spec_nests_those_of_the_parts():
    concat = Concat([Morgan(size=64, errors="mask", n_jobs=2), Concat([Descriptors(["MolWt"])])], errors="mask")
    spec = json.loads(json.dumps(concat.spec()))
    assert [part["type"] for part in spec["parts"]] == ["Morgan", "Concat"]
    again = from_spec(spec, errors="mask")
    assert again == concat
    assert again.errors == "mask"
    np.testing.assert_array_equal(again.featurize(SMILES).values.toarray(), concat.featurize(SMILES).values.toarray())


def test_no_rows_are_no_rows():
    assert Concat([Morgan(size=64), Descriptors(["MolWt"])]).featurize([]).values.shape == (0, 65)
    assert Concat([Descriptors(["MolWt"])]).featurize(["no"]).values.shape == (1, 1)


@pytest.mark.parametrize("parts", [[], "Morgan", Morgan(), ["Morgan"], [Morgan], [MolGraph()], None, 3])
def test_bad_parts_are_refused_when_used(parts):
    with pytest.raises(ConfigError, match="part"):
        Concat(parts).featurize(["CCO"])


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "Concat"},
        {"type": "Concat", "parts": "Morgan"},
        {"type": "Concat", "parts": [{"type": "Nothing"}]},
        {"type": "Concat", "parts": [{"type": "Morgan", "bits": 12}]},
        {"type": "Concat", "parts": ["Morgan"]},
    ],
)
def test_bad_specs_are_refused(spec):
    with pytest.raises(ConfigError):
        from_spec(spec)
