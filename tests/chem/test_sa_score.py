"""Synthetic accessibility beside RDKit's own script."""

from __future__ import annotations

import gzip
import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, RDConfig, rdBase

from molgen.chem import sa_score
from molgen.chem.sa_score import sa_scores
from molgen.errors import InputError


@pytest.fixture(scope="module")
def sascorer():
    spec = importlib.util.spec_from_file_location("sascorer", Path(RDConfig.RDContribDir, "SA_Score", "sascorer.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with gzip.open(Path(RDConfig.RDContribDir, "SA_Score", "fpscores.pkl.gz")) as file:
        module._fscores = {bit: float(group[0]) for group in pickle.load(file) for bit in group[1:]}
    return module


def test_scores_are_rdkits(sascorer, nci_smiles):
    macrocycle = "C1CCCCCCCCCCC1"
    hard = "C[C@@]12C[C@H]3[C@@H]4[C@]1(O)[C@@H]5C[C@@H]2[C@@]3(F)[C@H]45"
    with rdBase.BlockLogs():
        mols = [Chem.MolFromSmiles(smiles) for smiles in [*nci_smiles[:600], macrocycle, hard, "C", "[Fe]<-N"]]
    found = sa_scores(mols)
    expected = [np.nan if mol is None else sascorer.calculateScore(mol) for mol in mols]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.nanmin(found) < 2
    assert np.nanmax(found) > 6
    assert sa_scores([]).shape == (0,)


def test_a_table_that_would_run_code_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "SA_Score"
    folder.mkdir()
    with gzip.open(folder / "fpscores.pkl.gz", "wb") as file:
        pickle.dump([Path("x")], file)
    monkeypatch.setattr(sa_score.RDConfig, "RDContribDir", str(tmp_path))
    sa_score._fragment_table.cache_clear()
    with pytest.raises(InputError, match="synthetic accessibility"):
        sa_scores([Chem.MolFromSmiles("CCO")])
    sa_score._fragment_table.cache_clear()
