"""How like compounds that are known already."""

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

import molgen
from molgen.errors import ConfigError, InputError
from molgen.filters import from_spec, from_text
from molgen.filters.novelty import Novelty


@pytest.fixture
def known(tmp_path, nci_smiles):
    path = tmp_path / "known.smi"
    path.write_text("".join(f"{smiles} K{n}\n" for n, smiles in enumerate(nci_smiles[:200])))
    return path


def test_similarities_are_rdkits_and_the_near_are_named(known, nci_smiles):
    mols = [Chem.MolFromSmiles(smiles) for smiles in nci_smiles[150:400] if Chem.MolFromSmiles(smiles)]
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprint
    references = [make(mol) for smiles in nci_smiles[:200] if "." not in smiles and (mol := Chem.MolFromSmiles(smiles))]
    novelty = from_text(f"novelty:known={known},max=0.5")
    assert from_spec(novelty.spec()) == novelty
    found = novelty.annotate(mols)
    expected = [max(DataStructs.BulkTanimotoSimilarity(make(mol), references)) for mol in mols]
    # A few of the known are salts, whose parent is compared.
    assert np.isclose(found, expected, atol=1e-6).mean() > 0.95
    assert (np.array(found) >= np.array(expected) - 1e-6).all()
    reasons = novelty.check(mols)
    assert [reason is not None for reason in reasons] == [value > 0.5 for value in found]
    assert reasons[0].startswith("K")
    assert reasons[0].endswith(" is 1.00 similar")


def test_a_file_that_changes_is_read_anew(known):
    benzene = [Chem.MolFromSmiles("c1ccccc1")]
    novelty = Novelty(str(known))
    before = novelty.annotate(benzene)
    known.write_text("c1ccccc1 benzene\n" * 2)
    assert before != novelty.annotate(benzene) == [1.0]


def test_a_screen_does_not_go_on_with_other_known_compounds(known, nci_smiles, small_bundle, tmp_path):
    library = tmp_path / "library.smi"
    library.write_text("".join(f"{smiles}\n" for smiles in nci_smiles[:50]))
    call = {"filters": [f"novelty:known={known}"], "shard": "1/2"}
    molgen.screen(library, small_bundle, tmp_path / "s.csv", **call)
    molgen.screen(library, small_bundle, tmp_path / "s.csv", **call)
    known.write_text("CCO\n")
    with pytest.raises(ConfigError, match=r"files.*differs"):
        molgen.screen(library, small_bundle, tmp_path / "s.csv", **call)


@pytest.mark.parametrize(("text", "words"), [("max=1", "below 1"), ("max=-1", "from 0"), ("max=nan", "cannot be")])
def test_settings_out_of_range_are_refused(known, text, words):
    with pytest.raises(ConfigError, match=words):
        from_text(f"novelty:known={known},{text}")


def test_a_file_without_molecules_is_refused(tmp_path):
    with pytest.raises(InputError):
        Novelty(str(tmp_path / "none.smi"))
    empty = tmp_path / "words.csv"
    empty.write_text("smiles\nnot-one\n")
    with pytest.raises(ConfigError, match="no molecule"):
        Novelty(str(empty))
