"""Features for experts: each featurizer once, and a molecule that breaks one costs its own row alone."""

import numpy as np
from rdkit import Chem

from molgen.chem.parse import MolList
from molgen.experts.base import compute_features
from molgen.featurizers import Descriptors, Features, MolGraph, Morgan
from molgen.featurizers.molecule import MoleculeFeaturizer


class Fragile(MoleculeFeaturizer):
    """Counts atoms, and raises where it meets sulphur."""

    def __init__(self, *, errors="raise", n_jobs=1):
        self.errors = errors
        self.n_jobs = n_jobs
        self.calls = 0

    def _featurize(self, items):
        self.calls += 1
        if any(mol is not None and "S" in Chem.MolToSmiles(mol) for mol in items):
            raise ZeroDivisionError("sulphur\nagain")
        return Features(np.array([[np.nan if mol is None else mol.GetNumAtoms()] for mol in items], dtype=float))


def mols(*smiles):
    return MolList(Chem.MolFromSmiles(text) for text in smiles)


def test_one_molecule_that_breaks_a_featurizer_costs_its_own_row():
    fragile = Fragile()
    values, errors = compute_features([fragile], mols("CCO", "CSC", "CCCC"))
    np.testing.assert_array_equal(values[fragile][:, 0], [3, np.nan, 4])
    assert errors == {1: "Fragile failed: ZeroDivisionError: sulphur again"}


def test_equal_featurizers_are_computed_once():
    first, second = Fragile(), Fragile()
    values, _ = compute_features([first, second], mols("CCO"))
    assert len(values) == 1
    assert first.calls + second.calls == 1


def test_what_was_decoded_is_shared_and_right():
    rows = mols("CCO", "c1ccccc1C(=O)O", "CN", "CCCl", "CC#N")
    values, errors = compute_features([MolGraph(), Descriptors(["MolWt", "TPSA"]), Morgan()], rows)
    assert not errors
    assert rows.graphs is not None
    plain, _ = compute_features([MolGraph(), Descriptors(["MolWt", "TPSA"])], list(rows))
    np.testing.assert_array_equal(values[MolGraph()].atoms, plain[MolGraph()].atoms)
    np.testing.assert_array_equal(values[Descriptors(["MolWt", "TPSA"])], plain[Descriptors(["MolWt", "TPSA"])])
