"""Crippen's contributions: RDKit's sums, however much is remembered of what was seen before."""

import gzip

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.Crippen import MolLogP, MolMR

from molgen.chem import crippen
from molgen.chem.mol_batch import pack_plain
from molgen.chem.smarts_query import asks_rings, compile_smarts, is_recursive


def contributions(smiles):
    mols = [Chem.MolFromSmiles(each) for each in smiles]
    batch, places = pack_plain(mols)
    return [mols[place] for place in places], np.stack(crippen.log_p(batch), axis=1)


@pytest.fixture
def forgetful(monkeypatch):
    """Rules that remember nothing beyond the first few surroundings."""
    monkeypatch.setattr(crippen, "_MAX_REMEMBERED", 200)
    crippen.heavy_rules.cache_clear()
    crippen.hydrogen_rules.cache_clear()
    yield
    crippen.heavy_rules.cache_clear()
    crippen.hydrogen_rules.cache_clear()


def check(smiles):
    for start in range(0, len(smiles), 256):
        mols, found = contributions(smiles[start : start + 256])
        np.testing.assert_allclose(found, [(MolLogP(mol), MolMR(mol)) for mol in mols], rtol=0, atol=1e-9)


def test_real_molecules(data_dir):
    with gzip.open(data_dir / "molecules" / "chembl_smiles" / "chembl_validation.csv.gz", "rt") as file:
        check(file.read().split("\n")[1:1500])


@pytest.mark.usefixtures("forgetful")
def test_nothing_depends_on_what_is_remembered(nci_smiles):
    check(nci_smiles[:600])
    assert len(crippen.heavy_rules()._known[0]) <= 200


def test_small_rings_and_other_odd_neighbourhoods():
    check(
        ["C1CC1", "C1OC1=O", "O=C1CC1", "O=C1OC1C", "O=C1C=C1", "C1CN1", "O=C1NC1", "O", "OO", "O=C=O", "CO[SiH3]", "O=CC=O", "FOF"]
    )


def test_the_rules_look_along_chains_alone():
    for rules in (crippen.heavy_rules(), crippen.hydrogen_rules()):
        assert rules.radius == 2
        for smarts, *_ in rules.rules:
            pattern = compile_smarts(smarts)
            assert len(pattern.ends) == len(pattern.atoms) - 1
            assert not asks_rings(pattern)
            assert not any(is_recursive(atom.test) for atom in pattern.atoms)
