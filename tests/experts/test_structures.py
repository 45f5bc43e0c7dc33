import numpy as np
import pytest
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molgen.archive import read_archive, write_archive
from molgen.bundle import Bundle
from molgen.chem.parse import parse_batch
from molgen.chem.standardize import canonical_smiles
from molgen.errors import BundleError
from molgen.experts import structures as module
from molgen.experts.structures import Structures, nearest_compounds
from molgen.featurizers import Morgan


def test_nearest_is_rdkits_bulk_tanimoto(nci_smiles, monkeypatch):
    monkeypatch.setattr(module, "_REFERENCES", 64)  # several passes
    mols = parse_batch(nci_smiles[:300]).mols
    queries, references = mols[:50], mols[50:]
    similarity, index = nearest_compounds(Morgan(2, 1024), queries, references)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = {at: generator.GetFingerprint(mol) for at, mol in enumerate(references) if mol is not None}
    for query, found, at in zip(queries, similarity, index, strict=True):
        if query is None:
            assert np.isnan(found)
            continue
        known = DataStructs.BulkTanimotoSimilarity(generator.GetFingerprint(query), list(prints.values()))
        assert found == pytest.approx(max(known), abs=1e-6)
        assert known[list(prints).index(at)] == pytest.approx(max(known), abs=1e-6)


@pytest.fixture(scope="module")
def stored(small_bundle):
    bundle = Bundle.load(small_bundle)
    mols = parse_batch(["CCO", "c1ccccc1", "C[C@H](N)C(=O)O"]).mols
    bundle.structures = Structures.of(
        canonical_smiles(mols), ["ethanol", "tab\tand\nline", ""], np.array([[1.0, np.nan], [2.0, 1.0], [3.0, 0.0]])
    )
    return bundle


def test_structures_come_back(stored, tmp_path):
    stored.save(tmp_path / "a.molgen")
    again = Bundle.load(tmp_path / "a.molgen")
    assert again.structures.texts == ["CCO", "c1ccccc1", "C[C@H](N)C(=O)O"]
    assert again.structures.ids == ["ethanol", "tab\\tand\\nline", ""]
    np.testing.assert_array_equal(again.structures.labels, stored.structures.labels)
    again.save(tmp_path / "b.molgen")
    assert (tmp_path / "a.molgen").read_bytes() == (tmp_path / "b.molgen").read_bytes()


def test_none_are_kept_unless_asked_for(small_bundle):
    assert Bundle.load(small_bundle).structures is None
    assert not [name for name in read_archive(small_bundle) if name.startswith("structures")]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("structures/structures.txt", lambda data: data + b"CCC\tone too many\n"),
        ("structures/structures.txt", lambda data: data.replace(b"CCO\tethanol", b"CCO ethanol")),
        ("structures/structures.txt", lambda data: data.replace(b"CCO\t", b"\t")),
        ("structures/structures.txt", lambda data: data[:-1]),
        ("structures/structures.txt", lambda data: b"\xff" + data),
        ("structures/structures.txt", lambda data: None),
        ("structures/structures.safetensors", lambda data: None),
        ("structures/structures.safetensors", lambda data: data[:-8]),
        ("structures/structures.safetensors", lambda data: data.replace(np.float64(3).tobytes(), np.float64(np.inf).tobytes())),
    ],
)
def test_what_does_not_hold_is_refused(stored, tmp_path, name, change):
    stored.save(tmp_path / "a.molgen")
    members = dict(read_archive(tmp_path / "a.molgen"))
    changed = change(members.pop(name))
    write_archive(tmp_path / "b.molgen", members | ({} if changed is None else {name: changed}))
    with pytest.raises(BundleError):
        Bundle.load(tmp_path / "b.molgen")


def test_too_many_are_refused(stored, tmp_path, monkeypatch):
    stored.save(tmp_path / "a.molgen")
    monkeypatch.setattr(module, "MAX_STRUCTURES", 2)
    with pytest.raises(BundleError, match="too many"):
        Bundle.load(tmp_path / "a.molgen")
