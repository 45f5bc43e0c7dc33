"""Similarity against RDKit's own, and diverse subsets."""

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molgen.chem.fingerprints import morgan_csr, morgan_packed
from molgen.chem.similarity import diverse_subset, highest_tanimoto, nearest_tanimoto


@pytest.fixture(scope="module")
def mols(nci_smiles):
    return [mol for mol in map(Chem.MolFromSmiles, nci_smiles[:400]) if mol is not None]


def test_highest_tanimoto_is_rdkits(mols):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = [generator.GetFingerprint(mol) for mol in mols]
    references, queries = prints[:100], prints[100:]
    expected = [max(DataStructs.BulkTanimotoSimilarity(query, references)) for query in queries]
    found = highest_tanimoto(morgan_csr(mols[100:], size=1024, counts=False), morgan_packed(mols[:100], size=1024))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_nearest_names_the_reference(mols):
    packed = morgan_packed(mols[:50], size=1024)
    similarity, index = nearest_tanimoto(morgan_csr(mols[:50], size=1024, counts=False), packed)
    assert (similarity == 1).all()
    assert (packed[index] == packed).all()


def test_a_query_without_bits_has_no_similarity(mols):
    found = highest_tanimoto(morgan_csr([None, mols[0]], size=1024, counts=False), morgan_packed(mols[:5], size=1024))
    assert np.isnan(found[0])
    assert found[1] == 1


def test_molecules_with_many_bits_do_not_overflow():
    rng = np.random.default_rng(0)
    dense = (rng.random((3, 4096)) < 0.5).astype(np.uint8)
    from scipy.sparse import csr_matrix

    found = highest_tanimoto(csr_matrix(dense.astype(bool)), np.packbits(dense, axis=1))
    np.testing.assert_allclose(found, 1)


def test_diverse_subset_spreads(mols):
    packed = morgan_packed(mols, size=1024)
    picked = diverse_subset(packed, 40, seed=1)
    assert len(set(picked)) == 40

    def closest_pair(rows):
        bits = np.unpackbits(packed[rows], axis=1).astype(int)
        common = bits @ bits.T
        sizes = bits.sum(axis=1)
        similarity = common / (sizes[:, None] + sizes[None, :] - common)
        np.fill_diagonal(similarity, 0)
        return similarity.max()

    assert closest_pair(picked) < closest_pair(np.arange(40))
    assert (diverse_subset(packed, 40, seed=1) == picked).all()
    assert (diverse_subset(packed[:7], 40) == np.arange(7)).all()
