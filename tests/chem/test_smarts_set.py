"""Patterns that are looked for together, beside RDKit's own matching."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, rdBase

from molgen.chem.mol_batch import pack_plain
from molgen.chem.parse import MolList
from molgen.chem.smarts import count_matches
from molgen.chem.smarts_set import CountedPattern, PatternSet

PATTERNS = [
    CountedPattern("c1ccccc1"),
    CountedPattern("C(=O)[N,O]", 2),
    CountedPattern("[OH]", 1, 2),
    CountedPattern("[#7]", 0, 1),
    CountedPattern("[N+](=O)[O-].[N+](=O)[O-]"),
    CountedPattern("[$(C=O);$(C-N)]"),
    CountedPattern("[!$(C=O);!$([C,c][N,n]);#6]"),
    CountedPattern("[R2]1[r6][r6][r6][r6][r6]1"),
    CountedPattern("[$([Li]),$([Na]),$([Cl])]"),
    CountedPattern("[!$([#6])]"),
    CountedPattern("[F,Cl,Br,I].[F,Cl,Br,I].[F,Cl,Br,I]"),
    CountedPattern("[h2]"),
]


@pytest.fixture(scope="module")
def mols(nci_smiles):
    with rdBase.BlockLogs():
        parsed = [Chem.MolFromSmiles(smiles) for smiles in nci_smiles[1500:2300]]
    return MolList(mol for mol in parsed if mol is not None)


def test_counted_matches_are_rdkits(mols):
    batch, _ = pack_plain(mols)
    found = PatternSet(PATTERNS).matches(batch)
    for at, (smarts, least, most) in enumerate(PATTERNS):
        query = Chem.MolFromSmarts(smarts)
        counts = [len(mol.GetSubstructMatches(query)) for mol in batch.mols]
        expected = [least <= count <= (np.inf if most is None else most) for count in counts]
        assert found[:, at].tolist() == expected, smarts
        assert any(expected), f"{smarts} is in no molecule: a test that cannot fail"


def test_what_is_impossible_never_matches_and_most_is_ruled_out(mols):
    batch, _ = pack_plain(mols)
    pattern = PatternSet([CountedPattern("O=[N+]([O-])c1ccccc1Cl")])
    possible, found = pattern.possible(batch)[:, 0], pattern.matches(batch)[:, 0]
    assert not (found & ~possible).any()
    assert found.any()
    assert possible.mean() < 0.1


def test_no_patterns_no_molecules_no_bonds():
    batch, _ = pack_plain([Chem.MolFromSmiles("CC")])
    assert PatternSet([]).matches(batch).shape == (1, 0)
    patterns = PatternSet([CountedPattern("[#6]"), CountedPattern("CO")])
    assert patterns.matches(pack_plain([])[0]).shape == (0, 2)
    assert patterns.matches(pack_plain([Chem.MolFromSmiles("[Na+].[Cl-]")])[0]).tolist() == [[False, False]]


def test_some_molecules_of_a_batch_are_matched_alike(mols):
    whole, places = pack_plain(mols)
    whole.ring_degree  # noqa: B018 - rings are carried over
    rows = places[::3].tolist()
    part, kept = pack_plain(mols.select(rows))
    assert kept.tolist() == list(range(len(rows)))
    for smarts in ("[r5]", "c1ccccc1", "[$(C=O)]N"):
        expected = count_matches(whole, smarts)[::3]
        assert count_matches(part, smarts).tolist() == expected.tolist()
        assert count_matches(whole, smarts, np.arange(0, len(whole), 3)).tolist() == expected.tolist()
