"""Molecules in space, beside RDKit's own calls."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors3D as RDKitDescriptors3D
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolDescriptors

from molgen.chem import conformers
from molgen.chem.descriptors_3d import FAMILIES_3D
from molgen.errors import ConfigError
from molgen.featurizers import Conformers3D, Descriptors3D

SMILES = ["CCO", "C[C@H](N)C(=O)[O-]", "c1ccccc1C(=O)N", "[Na+].[Cl-]", "OC1CCCCC1", "F/C=C/Cl", "CS(=O)(=O)N"]


def by_rdkit(smiles: str, n: int = 1, seed: int = 0) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    settings = rdDistGeom.ETKDGv3()
    settings.randomSeed, settings.maxIterations = seed, 100
    rdDistGeom.EmbedMultipleConfs(mol, n, settings)
    return mol


@pytest.mark.parametrize("seed", [0, 7])
def test_coordinates_are_those_of_rdkit(seed):
    batch = Conformers3D(3, seed=seed).transform(SMILES)
    for row, smiles in enumerate(SMILES):
        elements, positions, energies = batch[row]
        expected = by_rdkit(smiles, 3, seed)
        assert elements.tolist() == [atom.GetAtomicNum() for atom in expected.GetAtoms()]
        np.testing.assert_array_equal(positions, np.array([each.GetPositions() for each in expected.GetConformers()], np.float32))
        assert np.isnan(energies).all()


def test_real_molecules_embed_and_keep_their_configuration(nci_smiles):
    with rdBase.BlockLogs():
        rows = [smiles for smiles in nci_smiles[::25] if (mol := Chem.MolFromSmiles(smiles)) and mol.GetNumAtoms() < 25]
    features = Conformers3D(attempts=20).featurize(rows)
    assert len(features.errors) < 0.03 * len(rows)
    for row in range(len(rows)):
        elements, positions, _ = features.values[row]
        assert (len(elements) == 0) == (row in features.errors)
        if len(elements) > 1:
            distances = np.linalg.norm(positions[0][:, None] - positions[0], axis=-1)[np.triu_indices(len(elements), 1)]
            assert distances.min() > 0.4


def test_force_fields_lower_the_energy():
    plain = Conformers3D(2).transform(["CC(=O)Oc1ccccc1C(=O)O"])
    calls = {"mmff": rdForceFieldHelpers.MMFFOptimizeMoleculeConfs, "uff": rdForceFieldHelpers.UFFOptimizeMoleculeConfs}
    for name, energy in calls.items():
        batch = Conformers3D(2, force_field=name).transform(["CC(=O)Oc1ccccc1C(=O)O"])
        mol = by_rdkit("CC(=O)Oc1ccccc1C(=O)O", 2)
        np.testing.assert_allclose(batch.energies, [value for _, value in energy(mol)], rtol=1e-5)
        assert (batch.positions != plain.positions).any()


def test_what_has_no_conformer_has_a_reason(monkeypatch):
    features = Conformers3D(force_field="mmff").featurize(["CCO", "*C", "C" * 501])
    assert features.errors[1].startswith("no conformer: MMFF94 has no parameters")
    assert features.errors[2].startswith("too large: 501 atoms")
    assert [len(features.values[row][0]) for row in range(3)] == [9, 0, 0]
    monkeypatch.setattr(conformers.rdDistGeom, "EmbedMultipleConfs", lambda *arguments: [])
    assert Conformers3D(attempts=3).featurize(["CCO"]).errors[0].startswith("no conformer: 3 attempts failed")
    clock = iter([0.0, 30.0])
    monkeypatch.setattr(conformers.time, "monotonic", lambda: next(clock))
    assert Descriptors3D().featurize(["CCO"]).errors[0] == "timeout: no conformer within 30 s"

    def fail(*arguments):
        raise RuntimeError("Pre-condition\nviolation")

    monkeypatch.setattr(conformers.rdDistGeom, "EmbedMultipleConfs", fail)
    monkeypatch.undo()
    monkeypatch.setattr(conformers.rdDistGeom, "EmbedMultipleConfs", fail)
    assert Conformers3D().featurize(["CCO"]).errors[0] == "no conformer: Pre-condition violation"


def test_rows_can_be_chosen_and_joined():
    batch = Conformers3D(2).transform(["CO", "CC", "C"])
    part = batch.select([2, 0])
    for found, expected in zip(part[1], batch[0], strict=True):
        np.testing.assert_array_equal(found, expected)
    again = type(batch).concatenate([batch.select([0]), batch.select([1, 2])])
    for name in batch.members():
        np.testing.assert_array_equal(getattr(again, name), getattr(batch, name))
    with pytest.raises(IndexError):
        batch[3]


def test_descriptors_are_those_of_rdkit():
    calls = {
        "shape": lambda mol: list(RDKitDescriptors3D.CalcMolDescriptors3D(mol).values()),
        "usr": rdMolDescriptors.GetUSR,
        "usrcat": rdMolDescriptors.GetUSRCAT,
        "whim": rdMolDescriptors.CalcWHIM,
        "autocorr3d": rdMolDescriptors.CalcAUTOCORR3D,
        "rdf": rdMolDescriptors.CalcRDF,
        "morse": rdMolDescriptors.CalcMORSE,
    }
    rows = [smiles for smiles in SMILES if smiles != "[Na+].[Cl-]"]
    values = Descriptors3D(list(calls)).transform(rows)
    expected = [np.concatenate([call(by_rdkit(smiles)) for call in calls.values()]) for smiles in rows]
    np.testing.assert_allclose(values, expected)
    assert Descriptors3D().get_feature_names_out()[:2].tolist() == ["PMI1", "PMI2"]
    assert Descriptors3D(["getaway"]).transform(["CCO"]).shape == (1, 273)
    assert sum(FAMILIES_3D.values()) == len(set(Descriptors3D(list(FAMILIES_3D)).get_feature_names_out()))


def test_a_gap_is_not_a_failure():
    features = Descriptors3D(["usr", "shape"]).featurize(["[Na+].[Cl-]"])
    assert not features.errors
    assert np.isnan(features.values[0, :12]).all()
    assert np.isfinite(features.values[0, 12:]).any()


@pytest.mark.parametrize("families", ["usr", [], ["volume"], 3])
def test_unknown_families_are_refused(families):
    with pytest.raises(ConfigError, match="a list of some of shape"):
        Descriptors3D(families).featurize(["C"])


@pytest.mark.parametrize(
    "arguments", [{"conformers": 0}, {"seed": -1}, {"force_field": "mmff99"}, {"timeout": 0}, {"attempts": 1.5}]
)
def test_bad_arguments_are_refused_when_used(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        Conformers3D(**arguments).featurize(["C"])
