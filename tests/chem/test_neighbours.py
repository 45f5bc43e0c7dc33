"""The nearest rows of a stream against RDKit's similarities of all of them."""

import gzip

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import MACCSkeys, rdFingerprintGenerator
from rdkit.DataStructs import BitVectToBinaryText, CreateFromBinaryText

from molgen.chem.neighbours import NearestRows, tversky


@pytest.fixture(scope="module")
def mols(data_dir, nci_smiles):
    with gzip.open(data_dir / "molecules" / "chembl_smiles" / "chembl_samples_2000.csv.gz", "rt") as file:
        smiles = file.read().split()[1:] + nci_smiles[:1000]
    return [mol for mol in map(Chem.MolFromSmiles, smiles) if mol is not None]


def packed(prints):
    bits = np.frombuffer(b"".join(map(BitVectToBinaryText, prints)), np.uint8).reshape(len(prints), -1)
    return np.packbits(np.unpackbits(bits, axis=1, bitorder="little"), axis=1)


def expected(similarities, top, threshold=0.0):
    scores = np.array(similarities)
    order = [at for at in np.argsort(-scores, kind="stable") if scores[at] >= threshold]
    return order[:top], scores[order[:top]]


def search(queries, library, block, **settings):
    nearest = NearestRows(queries, **settings)
    for start in range(0, len(library), block):
        rows = np.arange(start, min(start + block, len(library)))
        entered = nearest.add(library[start : start + block], rows)
        assert (np.diff(entered) > 0).all()
    return nearest


MAKERS = {
    "Morgan": lambda mols: list(rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprints(mols)),
    "MACCS, 167 bits": lambda mols: [MACCSkeys.GenMACCSKeys(mol) for mol in mols],
    "paths, dense": lambda mols: list(rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=2048).GetFingerprints(mols)),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_nearest_are_those_that_rdkit_finds(mols, kind):
    prints = MAKERS[kind](mols if kind == "Morgan" else mols[-1200:-200])
    library = packed(prints)
    chosen = [17, 90, 500, 900]
    nearest = search(library[chosen], library, 1000, top=50)
    for at, query in enumerate(chosen):
        rows, scores = expected(DataStructs.BulkTanimotoSimilarity(prints[query], prints), 50)
        found_scores, found_rows = nearest.found(at)
        assert found_rows.tolist() == rows
        np.testing.assert_allclose(found_scores, scores, rtol=1e-12)
    kept = np.unique(np.concatenate([nearest.found(at)[1] for at in range(4)]))
    assert nearest.rows().tolist() == kept.tolist()


@pytest.mark.parametrize(("alpha", "beta"), [(1, 0), (0, 1), (0.5, 0.5), (0.9, 0.1)])
def test_weights_are_rdkits(mols, alpha, beta):
    prints = MAKERS["Morgan"](mols[2000:])
    library = packed(prints)
    nearest = search(library[[5, 600]], library, 512, top=40, alpha=alpha, beta=beta)
    for at, query in enumerate([5, 600]):
        scores = DataStructs.BulkTverskySimilarity(prints[query], prints, alpha, beta)
        rows, scores = expected(scores, 40)
        found_scores, found_rows = nearest.found(at)
        np.testing.assert_allclose(found_scores, scores, rtol=1e-12)
        assert found_rows.tolist() == rows


def test_threshold_is_reached_by_all_that_are_found_and_by_no_other(mols):
    prints = MAKERS["Morgan"](mols)
    library = packed(prints)
    for top in (None, 7):
        nearest = search(library[[17, 18]], library, 4096, top=top, threshold=0.2)
        for at in (0, 1):
            rows, _ = expected(DataStructs.BulkTanimotoSimilarity(prints[17 + at], prints), top, 0.2)
            assert nearest.found(at)[1].tolist() == rows
            assert len(rows) > 4


def test_equal_rows_come_in_their_order_and_the_first_of_them_stay(mols):
    library = np.tile(packed(MAKERS["Morgan"](mols[:50])), (200, 1))
    nearest = search(library[[3]], library, 777, top=120)
    scores, rows = nearest.found(0)
    assert (scores == 1).all()
    assert rows.tolist() == [3 + 50 * at for at in range(120)]


def test_fewer_rows_than_wanted_are_all_found_those_without_a_bit_last(mols):
    library = packed(MAKERS["Morgan"](mols[:30]))
    library[0] = 0
    nearest = search(library[[9]], library, 8, top=100)
    scores, rows = nearest.found(0)
    assert sorted(rows) == list(range(30))
    assert scores[rows.tolist().index(0)] == 0
    assert search(library[[9]], library[:0], 8, top=3).found(0)[0].shape == (0,)


def test_fingerprints_with_every_bit_do_not_overflow():
    full = np.full((2, 256), 255, np.uint8)
    half = full.copy()
    half[:, ::2] = 0
    scores, rows = search(full[:1], np.concatenate([half, full]), 4, top=3).found(0)
    assert rows.tolist() == [2, 3, 0]
    np.testing.assert_allclose(scores, [1, 1, 0.5])
    sparse = np.zeros((1, 256), np.uint8)
    sparse[0, 0] = 128
    assert search(sparse, full, 2, top=1).found(0)[0].tolist() == [1 / 2048]


def test_tversky_of_nothing_in_common_is_none():
    zero = np.zeros(1)
    assert tversky(zero, zero, zero).tolist() == [0]
    assert tversky(zero, zero + 3, zero + 2, 0, 0).tolist() == [0]
    one = CreateFromBinaryText(b"\x03"), CreateFromBinaryText(b"\x01")
    assert tversky(zero + 1, zero + 2, zero + 1, 0.7, 0.2).tolist() == [DataStructs.TverskySimilarity(*one, 0.7, 0.2)]
