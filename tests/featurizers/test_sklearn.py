"""Featurizers in scikit-learn's own machinery."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from molgen.errors import ConfigError, InputError
from molgen.featurizers import Descriptors, Morgan, available, from_spec, register

SMILES = ["C", "CC", "CCC", "CCO", "CCN", "CCCC", "CCCO", "c1ccccc1", "c1ccccc1O", "CC(=O)O", "CC(=O)N", "C1CCCCC1"]
SIZE = np.array([1, 2, 3, 3, 3, 4, 4, 6, 7, 4, 4, 6], dtype=float)


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
    assert (two != one).nnz == 0
    assert (one[0] != one[1]).nnz > 0


def test_unregistered_featurizers_may_use_processes():
    class Mine(Morgan):
        """A user's own."""

    rows = ["CCO"] * 1001
    assert (Mine(size=64, n_jobs=2).transform(rows) != Morgan(size=64).transform(rows)).nnz == 0


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
