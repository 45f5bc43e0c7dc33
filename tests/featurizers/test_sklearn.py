"""Featurizers in scikit-learn's own machinery."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from molgen.errors import ConfigError, InputError
from molgen.featurizers import Concat, Descriptors, Morgan, available, from_spec, register

SMILES = ["C", "CC", "CCC", "CCO", "CCN", "CCCC", "CCCO", "c1ccccc1", "c1ccccc1O", "CC(=O)O", "CC(=O)N", "C1CCCCC1"]
SIZE = np.array([1, 2, 3, 3, 3, 4, 4, 6, 7, 4, 4, 6], dtype=float)

FEATURIZERS = [
    Morgan(radius=1, size=128, counts=True),
    Morgan(size=128, output="dense"),
    Morgan(size=128, output="packed"),
    Descriptors(["MolWt", "TPSA"]),
    Descriptors(),
    Concat([Morgan(size=64), Descriptors(["MolWt"])]),
    Concat([Morgan(size=64, output="dense"), Descriptors(["MolWt"])]),
]


def _same(a, b) -> None:
    assert type(a) is type(b)
    assert a.dtype == b.dtype
    if issparse(a):
        a, b = a.toarray(), b.toarray()
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("featurizer", FEATURIZERS, ids=repr)
class TestEvery:
    def test_clones_are_equal_and_apart(self, featurizer):
        twin = clone(featurizer.set_params(errors="raise"))
        assert twin is not featurizer
        assert twin == featurizer
        assert hash(twin) == hash(featurizer)
        assert twin.get_params().keys() == featurizer.get_params().keys()
        _same(twin.fit_transform(SMILES, SIZE), featurizer.transform(SMILES))

    def test_a_spec_goes_to_json_and_back(self, featurizer):
        again = from_spec(json.loads(json.dumps(featurizer.spec())))
        assert again == featurizer
        _same(again.transform(SMILES), featurizer.transform(SMILES))

    def test_pickles_do_the_same(self, featurizer):
        _same(pickle.loads(pickle.dumps(featurizer)).transform(SMILES), featurizer.transform(SMILES))

    def test_unknown_spec_keys_are_refused(self, featurizer):
        with pytest.raises(ConfigError, match="has no parameter 'colour'"):
            from_spec(featurizer.spec() | {"colour": "red"})

    def test_every_column_has_a_name(self, featurizer):
        names = featurizer.get_feature_names_out()
        assert len(names) == len(set(names)) == featurizer.transform(SMILES).shape[1]
        assert names.dtype == object

    def test_input_may_be_any_column(self, featurizer):
        expected = featurizer.transform(SMILES)
        frame = pd.DataFrame({"smiles": SMILES})
        for column in (np.array(SMILES), np.array(SMILES, dtype=object)[:, None], frame["smiles"], frame, iter(SMILES)):
            _same(featurizer.transform(column), expected)

    def test_bad_rows_raise_or_are_masked(self, featurizer):
        with pytest.raises(InputError, match=r"row 1 and 1 more: not SMILES.*errors='mask'"):
            featurizer.transform(["CCO", "x", "CCN", None])
        masked = clone(featurizer).set_params(errors="mask").transform(["CCO", "x", "CCN", None])
        dense = masked.toarray() if issparse(masked) else masked
        if issparse(masked) or dense.dtype.kind != "f":
            assert not dense[[1, 3]].any()
        else:
            assert np.isnan(dense[[1, 3]]).all()
        expected = featurizer.transform(["CCO", "CCN"])
        np.testing.assert_array_equal(dense[[0, 2]], expected.toarray() if issparse(expected) else expected)

    def test_pipelines_fit_and_predict(self, featurizer):
        with_names = make_pipeline(clone(featurizer), StandardScaler(with_mean=False), Ridge())
        assert with_names.fit(SMILES, SIZE).predict(SMILES).shape == (len(SMILES),)
        assert len(with_names[:-1].get_feature_names_out()) == featurizer.transform(SMILES).shape[1]

    def test_column_transformers_take_a_column(self, featurizer):
        frame = pd.DataFrame({"dose": SIZE, "smiles": SMILES}, index=range(5, 17))
        transformer = ColumnTransformer([("mol", clone(featurizer), "smiles"), ("rest", "passthrough", ["dose"])])
        values = transformer.fit_transform(frame)
        assert values.shape == (len(SMILES), featurizer.transform(SMILES).shape[1] + 1)
        names = transformer.get_feature_names_out()
        assert names[0] == f"mol__{featurizer.get_feature_names_out()[0]}"

    def test_pandas_output_is_for_dense_values(self, featurizer):
        column = pd.Series(SMILES, index=range(5, 17))
        to_frame = clone(featurizer).set_output(transform="pandas")
        if issparse(featurizer.transform(SMILES)):
            with pytest.raises(ConfigError, match=r"csr_matrix, which no DataFrame holds; .*dense"):
                to_frame.transform(column)
        else:
            frame = clone(to_frame).transform(column)
            assert isinstance(frame, pd.DataFrame)
            assert frame.index.tolist() == list(range(5, 17))
            assert frame.columns.tolist() == featurizer.get_feature_names_out().tolist()

    def test_processes_change_nothing(self, featurizer):
        rows = [*SMILES, "bad"] * 80
        one = clone(featurizer).set_params(errors="mask").featurize(rows)
        two = clone(featurizer).set_params(errors="mask", n_jobs=2).featurize(rows)
        _same(two.values, one.values)
        assert two.errors == one.errors


def test_parameters_can_be_searched():
    pipeline = Pipeline([("features", Morgan(size=64)), ("model", LogisticRegression())])
    search = GridSearchCV(pipeline, {"features__radius": [0, 1], "features__counts": [False, True]}, cv=2)
    search.fit(SMILES, SIZE > 3)
    assert search.best_params_["features__radius"] in (0, 1)
    scores = cross_val_score(make_pipeline(Descriptors(), HistGradientBoostingRegressor(max_iter=3)), SMILES, SIZE, cv=2)
    assert np.isfinite(scores).all()


def test_parameters_can_be_set():
    featurizer = Morgan().set_params(radius=3, counts=True)
    assert (featurizer.radius, featurizer.counts) == (3, True)
    assert repr(featurizer) == "Morgan(radius=3, counts=True)"
    with pytest.raises(ConfigError, match="Morgan has no parameter 'bits'; expected one of radius"):
        featurizer.set_params(bits=1024)


def test_chirality_survives_the_way_to_a_process():
    from rdkit import Chem

    mols = [Chem.MolFromSmiles(smiles) for smiles in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O")] * 510
    one = Morgan(chirality=True).transform(mols)
    two = Morgan(chirality=True, n_jobs=2).transform(mols)
    _same(two, one)
    assert (one[0] != one[1]).nnz > 0


def test_unregistered_featurizers_may_use_processes():
    class Mine(Morgan):
        """A user's own."""

    _same(Mine(size=64, n_jobs=2).transform(["CCO"] * 1001), Morgan(size=64).transform(["CCO"] * 1001))


def test_unknown_featurizers_are_refused():
    with pytest.raises(ConfigError, match=r"unknown featurizer 'Magic'; expected one of .*Morgan"):
        from_spec({"type": "Magic"})
    for spec in ("Morgan", {}, {"type": 3}, None):
        with pytest.raises(ConfigError, match="not a featurizer spec"):
            from_spec(spec)


def test_names_are_registered_once():
    assert {"Concat", "Descriptors", "MolGraph", "Morgan"} <= set(available())
    with pytest.raises(ConfigError, match="registered already"):
        register(type("Morgan", (Morgan,), {}))


@pytest.mark.parametrize("rows", ["CCO", np.array("CCO"), np.array([["C", "C"]]), pd.DataFrame({"a": ["C"], "b": ["C"]})])
def test_what_is_no_column_is_refused(rows):
    with pytest.raises(InputError, match=r"batch|one column"):
        Morgan().transform(rows)


def test_unknown_ways_to_treat_errors_are_refused():
    with pytest.raises(ConfigError, match="'raise' or 'mask'"):
        Morgan(errors="ignore").transform(["CCO"])
    with pytest.raises(ConfigError, match="'default' or 'pandas'"):
        Morgan().set_output(transform="polars")


def test_the_import_is_light():
    code = (
        "import sys, molgen.featurizers\n"
        "heavy = {'torch', 'sklearn', 'pandas', 'scipy', 'torch_geometric', 'lightgbm', 'joblib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
