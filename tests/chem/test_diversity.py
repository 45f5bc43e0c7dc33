"""Diverse picks against RDKit's pickers."""

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.ML.Cluster import Butina
from rdkit.SimDivFilters.rdSimDivPickers import LeaderPicker, MaxMinPicker

from molgen.chem.clusters import butina
from molgen.chem.diversity import max_min, nearest_before, sphere_exclusion
from molgen.chem.fingerprints import morgan_packed


@pytest.fixture(scope="module")
def both(nci_smiles):
    """RDKit's fingerprints and ours of the same molecules."""
    mols = [mol for mol in map(Chem.MolFromSmiles, nci_smiles[:1500]) if mol is not None]
    return list(rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024).GetFingerprints(mols)), morgan_packed(
        mols, size=1024
    )


def test_max_min_is_rdkits(both):
    prints, packed = both
    expected = list(MaxMinPicker().LazyBitVectorPick(prints, len(prints), 60, [0]))
    picked = max_min(packed, 60)
    distances = [nearest_before(packed[np.array(rows)]) for rows in (expected, picked)]
    np.testing.assert_allclose(*distances, rtol=1e-6)
    assert picked[0] == 0


def test_max_min_keeps_away_from_what_is_taken(both):
    prints, packed = both
    picked = max_min(packed[5:], 20, taken=packed[:5])
    expected = list(MaxMinPicker().LazyBitVectorPick(prints, len(prints), 25, [0, 1, 2, 3, 4]))
    ours = nearest_before(packed[5:][picked], packed[:5])
    np.testing.assert_allclose(ours, nearest_before(packed[np.array(expected)])[5:], rtol=1e-6)


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.65])
def test_sphere_exclusion_is_rdkits(both, similarity):
    prints, packed = both
    # A hair less: RDKit keeps what is exactly as far as the threshold.
    expected = list(LeaderPicker().LazyBitVectorPick(prints, len(prints), 1 - similarity + 1e-9))
    assert sphere_exclusion(packed, similarity, len(prints)).tolist() == expected
    assert sphere_exclusion(packed, similarity, 7).tolist() == expected[:7]
    taken = sphere_exclusion(packed, similarity, 10**6, taken=packed[:3])
    highest = [max(DataStructs.BulkTanimotoSimilarity(prints[at], prints[:3])) for at in taken]
    assert max(highest) < similarity


def test_centres_are_rdkits(both):
    prints, packed = both
    distances = [1 - s for at in range(1, 600) for s in DataStructs.BulkTanimotoSimilarity(prints[at], prints[:at])]
    expected = Butina.ClusterData(distances, 600, 0.5, isDistData=True)
    found = butina(packed[:600], 0.5)
    assert found.centres.tolist() == [cluster[0] for cluster in expected]
    assert [set(np.flatnonzero(found.labels == at)) for at in range(len(expected))] == [set(each) for each in expected]


def test_fewer_rows_than_wanted(both):
    _, packed = both
    assert sorted(max_min(packed[:4], 9)) == [0, 1, 2, 3]
    assert sphere_exclusion(packed[:0], 0.5, 3).tolist() == []
    assert max_min(packed[:0], 3).tolist() == []
    same = np.repeat(packed[:1], 4, axis=0)
    assert sphere_exclusion(same, 1.0, 4).tolist() == [0]
    assert max_min(same, 4).tolist() == [0, 1, 2, 3]
    assert np.isnan(nearest_before(packed[:1])).all()
