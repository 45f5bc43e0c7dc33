"""The network: indifferent to the order of atoms and of molecules, and to empty graphs beside them."""

import numpy as np
import pytest
import torch
from rdkit import Chem

from molgen.chem.graph import decode_graphs
from molgen.data.batch import make_batch
from molgen.models.property import PropertyNetwork


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return PropertyNetwork(3, width=32, steps=3).eval()


def run(net, mols, features=None):
    with torch.inference_mode():
        return net(make_batch(decode_graphs(mols)[0], features)).numpy()


def test_renumbering_the_atoms_changes_nothing(net, nci_smiles):
    rng = np.random.default_rng(0)
    mols = [mol for mol in map(Chem.MolFromSmiles, nci_smiles[:50]) if mol is not None]
    shuffled = [Chem.RenumberAtoms(mol, rng.permutation(mol.GetNumAtoms()).tolist()) for mol in mols]
    # Chiral tags are relative to the order of the neighbours: only molecules without them are the same graph.
    flat = [at for at, mol in enumerate(mols) if "@" not in Chem.MolToSmiles(mol)]
    np.testing.assert_allclose(run(net, shuffled)[flat], run(net, mols)[flat], atol=1e-5)


def test_company_and_empty_graphs_change_nothing(net):
    mols = [Chem.MolFromSmiles(s) for s in ("CCO", "c1ccccc1", "C", "[Na+].[Cl-]")]
    alone = np.concatenate([run(net, [mol]) for mol in mols])
    together = run(net, [None, mols[0], mols[1], None, mols[2], mols[3], None])
    np.testing.assert_allclose(together[[1, 2, 4, 5]], alone, atol=1e-5)
    assert np.isfinite(together).all()
    assert run(net, []).shape == (0, 3)


def test_features_join_at_the_readout():
    torch.manual_seed(0)
    net = PropertyNetwork(1, n_features=2, width=16, steps=1).eval()
    mols = [Chem.MolFromSmiles("CCO")] * 2
    out = run(net, mols, torch.tensor([[0.0, 0.0], [1.0, -1.0]]))
    assert out[0, 0] != out[1, 0]


def test_different_molecules_differ(net):
    out = run(net, [Chem.MolFromSmiles(s) for s in ("CCO", "CCN", "CC=O", "C/C=C/C", "C/C=C\\C", "C[C@H](O)N", "C[C@@H](O)N")])
    assert len(np.unique(out[:, 0].round(5))) == 7
