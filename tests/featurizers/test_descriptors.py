"""Descriptors beside ``rdkit.Chem.Descriptors.CalcMolDescriptors``."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors as RDKitDescriptors

from molgen.chem import descriptors
from molgen.chem.descriptors import DESCRIPTORS_2D, DESCRIPTORS_FAST, compute_descriptors, explain_gaps
from molgen.chem.mol_batch import pack_plain
from molgen.errors import ConfigError
from molgen.featurizers import Descriptors, from_spec

ODD = [
    "C",
    "[Na+]",
    "CC",
    "C=C",
    "[O-][O-]",
    "N#N",
    "[Na+].[Cl-]",
    "O",
    "O.CCO",
    "[OH3+].CC",
    "[H][H]",
    "[2H]C([2H])([2H])O",
    "[13CH3]C(=O)O",
    "*c1ccccc1",
    "[CH3]",
    "[CH2]C",
    "c1ccc[cH-]1.[Fe+2]",
    "[Cl-].[Cl-].N[Pt+2]N",
    "CC1=[O+][Mg]2([O+]=C(C)C1)[O+]=C(C)CC(C)=[O+]2",
    "O=[As]c1ccc(N)cc1",
    "C12C3C4C1C5C2C3C45",
    "C1CC1C1CC1",
    "C1CCC1C2CCC2",
    "c1ccc2c(c1)ccc1c2ccc2ccccc21",
    "FC(F)(F)C(F)(F)C(F)(F)F",
    "[O-][N+](=O)c1ccc(cc1)[N+](=O)[O-]",
    "CC(C)(C)OC(=O)OC.COC(=O)C.CCOC(C)=O",
    "CS(=O)(=O)N=S(C)(C)=O",
    "C[N+](C)(C)CC(=O)[O-]",
    "[N-]=[N+]=NCC1CO1",
    "F/C=C/C=C\\Cl",
    "C1=CC=CC=CC=C1",
    "OC1C(O)C(O)C(O)C(O)C1O",
    "B1OCCO1",
    "C[Si](C)(C)Cl",
    "[Se]1C=CC=C1",
    "N[C@@H](CS)C(=O)N[C@H](CO)C(=O)O",
    "C" * 270,
]


def _by_rdkit(mol: Chem.Mol) -> list[float]:
    with rdBase.BlockLogs(), np.errstate(all="ignore"):
        values = RDKitDescriptors.CalcMolDescriptors(mol)
    return [np.nan if values[name] is None else values[name] for name in DESCRIPTORS_2D]


def _read(path, n: int) -> list[str]:
    with gzip.open(path, "rt") as lines:
        rows = list(csv.DictReader(lines))
    return [row["smiles"] for row in rows[:: max(1, len(rows) // n)]]


def _compare(smiles: list[str]) -> None:
    with rdBase.BlockLogs():
        mols = [mol for mol in map(Chem.MolFromSmiles, smiles) if mol is not None]
        expected = np.array([_by_rdkit(Chem.MolFromSmiles(Chem.MolToSmiles(mol))) for mol in mols])
        got = compute_descriptors([Chem.MolFromSmiles(Chem.MolToSmiles(mol)) for mol in mols])
    for column, name in enumerate(DESCRIPTORS_2D):
        rows = np.ones(len(mols), dtype=np.bool_)
        if name in ("Ipc", "AvgIpc"):
            # RDKit's method has no digits left once its coefficients are too large for a double.
            rows = expected[:, DESCRIPTORS_2D.index("Ipc")] < 1e14
        np.testing.assert_allclose(got[rows, column], expected[rows, column], rtol=1e-9, atol=1e-12, err_msg=name)


def test_chembl_molecules_get_rdkits_values(data_dir):
    _compare(_read(data_dir / "molecules/chembl_smiles/chembl_validation.csv.gz", 500))


def test_metals_salts_and_charges_get_rdkits_values(data_dir, nci_smiles):
    moleculenet = data_dir / "molecules/moleculenet"
    smiles = _read(moleculenet / "HIV.csv.gz", 250) + _read(moleculenet / "tox21.csv.gz", 300) + nci_smiles[::20]
    unusual = ("[Na", "[K", "[Zn", "[Fe", "[Cu", "[Hg", "[Sn", "[Pt", "[As", "[Se", "[Si", "[B-", "[P+", "->", "[H]", "[2H]")
    with gzip.open(moleculenet / "HIV.csv.gz", "rt") as lines:
        smiles += [row["smiles"] for row in csv.DictReader(lines) if any(part in row["smiles"] for part in unusual)][::25]
    _compare(smiles)


def test_odd_molecules_get_rdkits_values():
    _compare(ODD)


def test_nearly_all_molecules_are_computed_in_batches(data_dir, monkeypatch):
    left: list[Chem.Mol] = []
    compute_descriptors([Chem.MolFromSmiles("CCO")])
    monkeypatch.setattr(descriptors, "_ask_rdkit_all", lambda mol, names: left.append(mol) or [np.nan] * len(names))
    smiles = _read(data_dir / "molecules/moleculenet/tox21.csv.gz", 2000)
    with rdBase.BlockLogs():
        compute_descriptors([Chem.MolFromSmiles(one) for one in smiles])
    assert len(left) < 0.01 * len(smiles)


def test_every_family_agrees_with_this_rdkit():
    assert all(descriptors._is_trusted(family) for family in descriptors._families())
    names = [name for family in descriptors._families() for name in family.names]
    assert sorted(names) == sorted(DESCRIPTORS_2D)


def test_a_family_that_fails_is_left_to_rdkit(monkeypatch):
    mols = [Chem.MolFromSmiles(smiles) for smiles in ("CCO", "c1ccccc1")]
    expected = compute_descriptors(mols, ["BertzCT", "MolWt"])

    def fail(batch):
        raise ZeroDivisionError("on purpose")

    families = [f._replace(compute=fail) if "BertzCT" in f.names else f for f in descriptors._families()]
    monkeypatch.setattr(descriptors, "_families", lambda: families)
    monkeypatch.setattr(descriptors, "_is_trusted", lambda family: True)
    with pytest.warns(RuntimeWarning, match="BalabanJ and 1 more: computed one molecule at a time; ZeroDivisionError"):
        got = compute_descriptors(mols, ["BertzCT", "MolWt"])
    np.testing.assert_allclose(got, expected)


def test_a_family_that_disagrees_with_rdkit_is_not_used():
    family = next(f for f in descriptors._families() if "RingCount" in f.names)
    wrong = family._replace(compute=lambda batch: tuple(values + 1 for values in family.compute(batch)))
    with pytest.warns(RuntimeWarning, match="defines it otherwise"):
        assert not descriptors._is_trusted(wrong)


def test_information_content_of_a_large_molecule_is_exact():
    # The characteristic polynomial of a path of n atoms has the coefficients (-1)^k C(n - k, k).
    from math import comb

    n = 200
    coefficients = np.array([float(comb(n - k, k)) for k in range(n // 2 + 1)])
    share = coefficients / coefficients.sum()
    entropy = -(share * np.log2(share)).sum()
    got = compute_descriptors([Chem.MolFromSmiles("C" * n)], ["AvgIpc", "Ipc"])[0]
    np.testing.assert_allclose(got, [entropy, entropy * coefficients.sum()], rtol=1e-10)


def test_only_what_is_asked_for_is_computed(monkeypatch):
    mols = [Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")]
    everything = compute_descriptors(mols)[0]
    used = []
    compute = descriptors._compute
    monkeypatch.setattr(descriptors, "_compute", lambda family, batch: used.append(family) or compute(family, batch))
    names = ["qed", "MolLogP", "fr_ester", "MolLogP"]
    np.testing.assert_array_equal(compute_descriptors(mols, names)[0], [everything[DESCRIPTORS_2D.index(name)] for name in names])
    assert {name for family in used for name in family.names} == {"qed", "MolLogP", "MolMR", "fr_ester"}
    assert compute_descriptors(mols, []).shape == (1, 0)


def test_values_do_not_depend_on_the_batch(nci_smiles, monkeypatch):
    mols = [Chem.MolFromSmiles(smiles) for smiles in nci_smiles[:60]]
    together = compute_descriptors(mols)
    monkeypatch.setattr(descriptors, "_CHUNK", 7)
    monkeypatch.setattr(descriptors, "_CHUNK_ATOMS", 100)
    assert [part.stop - part.start for part in descriptors._chunks([None] * 15)] == [7, 7, 1]
    assert sum(part.stop - part.start for part in descriptors._chunks(mols)) == 60
    np.testing.assert_allclose(compute_descriptors(mols[::-1])[::-1], together, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(compute_descriptors(mols[:1]), together[:1], rtol=1e-12, atol=1e-13)


def test_molecules_are_left_as_they_were():
    for smiles in ("CCO", "[Fe+2]", "F/C=C/C(Cl)Br", "C[13CH3]"):
        mol = Chem.MolFromSmiles(smiles)
        before = mol.ToBinary(int(Chem.PropertyPickleOptions.AtomProps | Chem.PropertyPickleOptions.BondProps))
        compute_descriptors([mol])
        assert mol.ToBinary(int(Chem.PropertyPickleOptions.AtomProps | Chem.PropertyPickleOptions.BondProps)) == before
        assert not vars(mol)
        # RDKit keeps distance matrices on a molecule, which adds up.
        assert not [name for name in mol.GetPropNames(True, True) if "Distance" in name]


def test_missing_molecules_are_rows_of_nan():
    values = compute_descriptors([None, Chem.MolFromSmiles("CCO"), None], ["MolWt", "TPSA"])
    assert np.isnan(values[[0, 2]]).all()
    assert not np.isnan(values[1]).any()
    assert compute_descriptors([], ["MolWt"]).shape == (0, 1)


def test_gaps_are_explained():
    mol = Chem.MolFromSmiles("CCO.[Fe+2]")
    gaps = explain_gaps(mol)
    assert set(gaps) == set(np.array(DESCRIPTORS_2D)[np.isnan(compute_descriptors([mol])[0])])
    assert "partial charge" in gaps["BCUT2D_MWHI"]
    assert explain_gaps(Chem.MolFromSmiles("CCO")) == {}


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="unknown descriptor 'MolWeight'"):
        compute_descriptors([], ["MolWt", "MolWeight"])
    for names in ("MolWt", [3]):
        with pytest.raises(ConfigError, match="a list of names"):
            Descriptors(names).featurize(["CCO"])


def test_names_are_frozen():
    assert len(DESCRIPTORS_2D) == len(set(DESCRIPTORS_2D)) == 217
    assert set(DESCRIPTORS_FAST) < set(DESCRIPTORS_2D)
    assert set(DESCRIPTORS_2D) <= {name for name, _ in RDKitDescriptors._descList}


def test_the_featurizer_has_one_column_a_name():
    featurizer = Descriptors()
    features = featurizer.featurize(["CCO", "no", "[Fe+2].CCO"])
    assert features.values.dtype == np.float64
    assert features.values.shape == (3, 217)
    assert list(features.errors) == [1]
    assert np.isnan(features.values[1]).all()
    # A gap is not a failure.
    assert np.isnan(features.values[2]).any()
    assert not np.isnan(features.values[2]).all()
    assert featurizer.get_feature_names_out().tolist() == list(DESCRIPTORS_2D)


def test_the_spec_spells_out_the_names():
    spec = json.loads(json.dumps(Descriptors().spec()))
    assert spec["names"] == list(DESCRIPTORS_2D)
    assert from_spec(spec) == Descriptors() == Descriptors(DESCRIPTORS_2D)
    assert Descriptors(["MolWt"]) != Descriptors(["TPSA"])


def test_a_group_keeps_its_members_together():
    batch, _ = pack_plain([Chem.MolFromSmiles(smiles) for smiles in ("CCO", "CC", "CCC", "CN")])
    assert [group.members.tolist() for group in batch.size_groups] == [[1, 3], [0, 2]]
    assert [group.atoms.tolist() for group in batch.size_groups] == [[[3, 4], [8, 9]], [[0, 1, 2], [5, 6, 7]]]
