"""Fingerprints beside RDKit's own, on real molecules: charges, metals, salts and stereo included."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rdkit import Chem, DataStructs, rdBase
from rdkit.Avalon import pyAvalonTools
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors, rdReducedGraphs
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D
from rdkit.Chem.Pharm2D.SigFactory import SigFactory

from molgen.chem.smarts import TooManyMatchesError
from molgen.errors import ConfigError
from molgen.featurizers import (
    MACCS,
    AtomPair,
    Avalon,
    ErG,
    FeatureMorgan,
    PharmacophoreFingerprint,
    RDKitFingerprint,
    TopologicalTorsion,
)
from molgen.featurizers.fingerprint import FoldedFingerprint

ODD = ["[Na+].[Cl-]", "C", "[2H]C([2H])([2H])O", "F/C=C/F", "C[C@H](N)C(=O)O", "*c1ccccc1", "[Fe+2]", "C" * 300, "[H][H]"]
RINGS = ["C1CCC2CCCCC2C1", "C1CC2CCC1C2", "C12C3C4C1C5C2C3C45", "C1CCCCCCCCCCCCCC1", "C1CCC2(CC1)CCCCC2", "C1CC2CC1CCC2"]


def read(path: Any, n: int) -> list[str]:
    with gzip.open(path, "rt") as lines:
        rows = [row["smiles"] for row in csv.DictReader(lines)]
    return rows[:: max(1, len(rows) // n)]


def parse(smiles: list[str]) -> list[Chem.Mol]:
    with rdBase.BlockLogs():
        return [mol for mol in map(Chem.MolFromSmiles, smiles) if mol is not None]


@pytest.fixture(scope="module")
def mols(data_dir, nci_smiles) -> list[Chem.Mol]:
    molecules = data_dir / "molecules"
    smiles = [*ODD, *RINGS, *read(molecules / "chembl_smiles/chembl_validation.csv.gz", 600), *nci_smiles[:600:2]]
    return parse([*smiles, *read(molecules / "moleculenet/HIV.csv.gz", 300)])


def to_row(made: Any, size: int) -> Any:
    row = np.zeros(size, dtype=np.int64)
    if made is not None:
        DataStructs.ConvertToNumpyArray(made, row)
    return row


CASES: list[tuple[Any, Callable[[], Any]]] = [
    (
        FeatureMorgan(3, 1000, chirality=True),
        lambda: rdFingerprintGenerator.GetMorganGenerator(
            radius=3,
            fpSize=1000,
            includeChirality=True,
            atomInvariantsGenerator=rdFingerprintGenerator.GetMorganFeatureAtomInvGen(),
        ),
    ),
    (AtomPair(), lambda: rdFingerprintGenerator.GetAtomPairGenerator(fpSize=2048)),
    (
        AtomPair(512, 2, 9, chirality=True, count_simulation=False),
        lambda: rdFingerprintGenerator.GetAtomPairGenerator(
            minDistance=2, maxDistance=9, includeChirality=True, countSimulation=False, fpSize=512
        ),
    ),
    (TopologicalTorsion(), lambda: rdFingerprintGenerator.GetTopologicalTorsionGenerator(fpSize=2048)),
    (
        TopologicalTorsion(500, 5, chirality=True, count_simulation=False),
        lambda: rdFingerprintGenerator.GetTopologicalTorsionGenerator(
            torsionAtomCount=5, includeChirality=True, countSimulation=False, fpSize=500
        ),
    ),
    (
        RDKitFingerprint(1024, 2, 5, 1, branched=False, bond_order=False),
        lambda: rdFingerprintGenerator.GetRDKitFPGenerator(
            minPath=2, maxPath=5, branchedPaths=False, useBondOrder=False, fpSize=1024, numBitsPerFeature=1
        ),
    ),
]


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize(("featurizer", "make"), CASES, ids=lambda case: repr(case) if hasattr(case, "spec") else "")
def test_values_are_those_of_rdkits_generators(mols, featurizer, make, counts):
    generator = make()
    one = generator.GetCountFingerprintAsNumPy if counts else generator.GetFingerprintAsNumPy
    values = featurizer.__class__(**{**featurizer.get_params(), "counts": counts}).transform(mols)
    assert values.dtype == np.int32
    assert values.has_canonical_format
    np.testing.assert_array_equal(values.toarray(), np.array([one(mol) for mol in mols]))


def test_rdkit_path_fingerprints_by_default(mols):
    some, generator = mols[::8], rdFingerprintGenerator.GetRDKitFPGenerator()
    for counts, one in ((False, generator.GetFingerprintAsNumPy), (True, generator.GetCountFingerprintAsNumPy)):
        np.testing.assert_array_equal(RDKitFingerprint(counts=counts).transform(some).toarray(), np.array([one(m) for m in some]))


@pytest.mark.parametrize("counts", [False, True])
def test_avalon_values_are_those_of_rdkit(mols, counts):
    make = pyAvalonTools.GetAvalonCountFP if counts else pyAvalonTools.GetAvalonFP
    mols = mols if counts else mols[::3]
    expected = np.array([to_row(make(mol, 512), 512) for mol in mols])
    np.testing.assert_array_equal(Avalon(counts=counts).transform(mols).toarray(), expected)


def test_maccs_keys_are_those_of_rdkit(mols, data_dir):
    mols = [*mols, *parse(read(data_dir / "molecules/moleculenet/tox21.csv.gz", 800))]
    expected = np.array([to_row(rdMolDescriptors.GetMACCSKeysFingerprint(mol), 167) for mol in mols])
    np.testing.assert_array_equal(MACCS().transform(mols).toarray(), expected)
    np.testing.assert_array_equal(MACCS(output="dense").transform(mols), expected)
    packed = MACCS(output="packed").transform(mols)
    assert packed.shape == (len(mols), 21)
    np.testing.assert_array_equal(np.unpackbits(packed, axis=1)[:, :167], expected)
    assert not expected[:, :2].any()
    assert expected.any(axis=0).sum() > 150, "too few keys were tried"


def test_maccs_keys_of_too_many_matches_are_left_to_rdkit(monkeypatch):
    def refuse(*_, **__):
        raise TooManyMatchesError

    expected = MACCS().transform(["CCO", "c1ccccc1"]).toarray()
    monkeypatch.setattr("molgen.chem.smarts._search", refuse)
    np.testing.assert_array_equal(MACCS().transform(["CCO", "c1ccccc1"]).toarray(), expected)


def test_erg_values_are_those_of_rdkit(mols):
    np.testing.assert_array_equal(ErG().transform(mols), np.array([rdReducedGraphs.GetErGFingerprint(mol) for mol in mols]))
    expected = [rdReducedGraphs.GetErGFingerprint(mol, 0, 0.5, 2, 9) for mol in mols[:200]]
    np.testing.assert_array_equal(ErG(2, 9, fuzz=0.5).transform(mols[:200]), np.array(expected))


def test_pharmacophores_are_those_of_rdkit(mols):
    # Small ones: RDKit's own takes some 20 ms a molecule. benchmarks/featurizers.py compares larger ones too.
    some = [mol for mol in mols if mol.GetNumAtoms() < 28][::2][:200]
    counting = SigFactory(Gobbi_Pharm2D.factory.featFactory, useCounts=True, minPointCount=2, maxPointCount=3)
    counting.SetBins(Gobbi_Pharm2D.defaultBins)
    counting.Init()
    expected = [Generate.Gen2DFingerprint(mol, counting).GetNonzeroElements() for mol in some]
    counts = PharmacophoreFingerprint(counts=True).transform(some)
    bits = PharmacophoreFingerprint().transform(some)
    assert counts.shape == (len(some), Gobbi_Pharm2D.factory.GetSigSize())
    for row, want in enumerate(expected):
        assert dict(zip(counts[row].indices.tolist(), counts[row].data.tolist(), strict=True)) == want
        assert bits[row].indices.tolist() == sorted(want)
    assert len({column for want in expected for column in want}) > 1500


def test_what_is_too_large_has_a_reason():
    features = PharmacophoreFingerprint(max_features=5).featurize(["CCO", "NCC(=O)NCC(=O)NCC(=O)NCC(=O)NCC(=O)O"])
    assert features.errors[1].startswith("too large: ")
    assert "the limit is 5" in features.errors[1]
    dense = PharmacophoreFingerprint(max_features=5, output="dense").featurize(["CCO", "NCC(=O)NCC(=O)NCC(=O)O"]).values
    assert not np.isnan(dense[0]).any()
    assert np.isnan(dense[1]).all()
    assert AtomPair().featurize(["C" * 4001, "CC"]).errors == {0: "too large: 4,001 atoms, the limit is 4,000"}
    assert ErG().featurize(["C" * 1001, "CC"]).errors == {0: "too large: 1,001 atoms, the limit is 1,000"}


def test_a_molecule_that_breaks_rdkit_costs_its_own_row(monkeypatch):
    make = pyAvalonTools.GetAvalonFP

    def fragile(mol, **options):
        if mol.GetNumAtoms() == 3:
            raise RuntimeError("out of luck")
        return make(mol, **options)

    expected = Avalon().featurize(["CC", "CCC", "CCCC"]).values
    monkeypatch.setattr(pyAvalonTools, "GetAvalonFP", fragile)
    features = Avalon().featurize(["CC", "CCC", "CCCC"])
    assert features.errors == {1: "Avalon failed: RuntimeError: out of luck"}
    assert features.values[1].nnz == 0
    assert (features.values[[0, 2]] != expected[[0, 2]]).nnz == 0


@pytest.mark.parametrize(
    ("featurizer", "words"),
    [
        (AtomPair(min_distance=5, max_distance=2), "min_distance <= max_distance"),
        (AtomPair(max_distance=31), "an integer from 1 to 30"),
        (TopologicalTorsion(length=1), "an integer from 2 to 7"),
        (RDKitFingerprint(min_path=8), "min_path <= max_path"),
        (RDKitFingerprint(branched=1), "True or False"),
        (Avalon(size=0), "an integer from 8 to 1048576"),
        (Avalon(size=100, output="packed"), "8 divides"),
        (MACCS(output="sparse"), "one of csr, dense, packed"),
        (ErG(fuzz=-1.0), "a number from 0 to 1"),
        (ErG(9, 3), "min_path <= max_path"),
        (PharmacophoreFingerprint(max_features=0), "an integer from 1 to 400"),
        (PharmacophoreFingerprint(counts=True, output="packed"), "counts do not fit"),
    ],
    ids=repr,
)
def test_bad_arguments_are_refused_when_used(featurizer, words):
    with pytest.raises(ConfigError, match=words):
        featurizer.featurize(["CCO"])
    with pytest.raises(ConfigError, match=words):
        featurizer.get_feature_names_out()


def test_the_constructor_is_written_once():
    assert issubclass(Avalon, FoldedFingerprint)
    assert Avalon(256).spec() == {"type": "Avalon", "size": 256, "counts": False, "output": "csr"}
