"""SMARTS matched a batch at a time, beside RDKit's own matching."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, RDConfig
from rdkit.Chem import QED

from molgen.chem.mol_batch import pack_plain
from molgen.chem.smarts import TooManyMatchesError, atoms_matched, count_matches, has_match


def _fragments() -> list[str]:
    lines = Path(RDConfig.RDDataDir, "FragmentDescriptors.csv").read_text().splitlines()
    return [line.split("\t")[2] for line in lines if line.count("\t") >= 2 and not line.startswith("#")]


@pytest.fixture(scope="module")
def batch(data_dir, nci_smiles):
    with gzip.open(data_dir / "molecules/chembl_smiles/chembl_validation.csv.gz", "rt") as lines:
        smiles = lines.read().split()[1:601] + nci_smiles[:600]
    return pack_plain([Chem.MolFromSmiles(one) for one in smiles])[0]


def test_sets_of_atoms_are_counted_as_by_rdkit(batch):
    for smarts in _fragments() + QED.AcceptorSmarts:
        query = Chem.MolFromSmarts(smarts)
        expected = [len(mol.GetSubstructMatches(query)) for mol in batch.mols]
        assert count_matches(batch, smarts).tolist() == expected, smarts


def test_molecules_match_as_by_rdkit(batch):
    for smarts in QED.StructuralAlertSmarts:
        query = Chem.MolFromSmarts(smarts)
        assert has_match(batch, smarts).tolist() == [mol.HasSubstructMatch(query) for mol in batch.mols], smarts


@pytest.mark.parametrize(
    "smarts",
    [
        "[#6]",
        "*~*",
        "[!#6;R]",
        "[r5]",
        "[!r6;R]",
        "[x3]",
        "C=!@C",
        "[v4;a]",
        "[D{2-3}]",
        "[^2]~[^2]",
        "[C;h2]",
        "[0C]=[!1#8]",
        "[!$(C=O);$(C-N)]",
        "[$([$(CO)]C)]",
        "c1ccc2ccccc2c1",
        "C1CC1.N",
        "[#7+,#8-]",
        "[c,n]:[c,n]:[c,n]",
        "[Se,Cl]",
    ],
)
def test_other_patterns_match_as_by_rdkit(batch, smarts):
    query = Chem.MolFromSmarts(smarts)
    assert has_match(batch, smarts).tolist() == [mol.HasSubstructMatch(query) for mol in batch.mols]
    assert count_matches(batch, smarts).tolist() == [len(mol.GetSubstructMatches(query)) for mol in batch.mols]


def test_first_atoms_are_those_of_all_matches(batch):
    smarts = "[#6]C(=O)[#7,#8]"
    query = Chem.MolFromSmarts(smarts)
    found = atoms_matched(batch, smarts)
    for mol, first, size in zip(batch.mols, batch.graphs.atom_ptr, batch.sizes, strict=False):
        matches = mol.GetSubstructMatches(query, uniquify=False, maxMatches=10_000)
        assert set(np.flatnonzero(found[first : first + size]).tolist()) == {match[0] for match in matches}


def test_a_pattern_that_would_fill_the_memory_is_left_to_rdkit(monkeypatch):
    monkeypatch.setattr("molgen.chem.smarts_match._MAX_ROWS", 100)
    cubane = Chem.MolFromSmiles("C12C3C4C1C5C2C3C45")
    batch, _ = pack_plain([cubane] * 10)
    with pytest.raises(TooManyMatchesError):
        atoms_matched(batch, "CCCCCC")
    expected = len(cubane.GetSubstructMatches(Chem.MolFromSmarts("CCCCCC")))
    assert count_matches(batch, "CCCCCC").tolist() == [expected] * 10


def test_only_plain_molecules_are_packed():
    smiles = ["CCO", "[2H]CO", "[H][H]", "C", "*CC", "[13CH3]C", "CCC", "[Fe]<-N", "C" * 513]
    mols = [None, *(Chem.MolFromSmiles(one) for one in smiles)]
    kekulized = Chem.MolFromSmiles("c1ccccc1")
    Chem.Kekulize(kekulized)
    batch, places = pack_plain([*mols, kekulized])
    assert [Chem.MolToSmiles(mol) for mol in batch.mols] == ["CCO", "CCC"]
    assert places.tolist() == [1, 7]
    assert len(pack_plain([])[0]) == 0


def test_what_is_not_smarts_is_refused(batch):
    with pytest.raises(ValueError, match="not SMARTS"):
        count_matches(batch, "C(")
