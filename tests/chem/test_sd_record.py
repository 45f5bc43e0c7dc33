import pytest
from rdkit import Chem

from molgen.chem.sd_record import sd_record


def read(text):
    supplier = Chem.SDMolSupplier()
    supplier.SetData(text)
    return list(supplier)


def test_rdkit_reads_the_structures_titles_and_items_again(nci_smiles):
    mols = [mol for mol in map(Chem.MolFromSmiles, nci_smiles[:150]) if mol is not None]
    text = "".join(sd_record(mol, f"NCI {at}", {"at": at, "smiles": Chem.MolToSmiles(mol)}) for at, mol in enumerate(mols))
    again = read(text)
    assert len(again) == len(mols)
    for at, (mol, found) in enumerate(zip(mols, again, strict=True)):
        assert found.GetProp("_Name") == f"NCI {at}"
        assert found.GetPropsAsDict()["at"] == at
        # Double bonds that were not drawn either way come back as such; all else is the same.
        assert Chem.MolToSmiles(found) == Chem.MolToSmiles(Chem.MolFromSmiles(found.GetProp("smiles")))
        assert not found.GetConformer().Is3D()
        assert mol.GetNumConformers() == 0


def test_stereo_survives():
    mol = Chem.MolFromSmiles("C[C@H](N)C(=O)N/C=C/[C@@H]1CCCO1")
    assert Chem.MolToSmiles(read(sd_record(mol, "", {}))[0]) == Chem.MolToSmiles(mol)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("two\nlines", "two\nlines"),
        ("an empty\n\nline", "an empty\n \nline"),
        ("end\n$$$$\nnot yet", "end\n $$$$\nnot yet"),
        (">  <fake>\nvalue", " >  <fake>\nvalue"),
        ("\r\nblank first", " \nblank first"),
        ("Gr\u00fc\u00dfe \u03bcM", "Gr\u00fc\u00dfe \u03bcM"),
        ("\u2028odd line end", " \nodd line end"),
    ],
)
def test_odd_values_stay_in_their_item(value, found):
    mol = Chem.MolFromSmiles("CCO")
    records = read(sd_record(mol, "x", {"first": value, "second": "after"}) + sd_record(mol, "y", {"third": 1}))
    assert len(records) == 2
    assert records[0].GetProp("first") == found
    assert records[0].GetProp("second") == "after"
    assert set(records[0].GetPropNames()) == {"first", "second"}


@pytest.mark.parametrize("title", ["$$$$", "", "a\nb\nc\nd", "M  END", "x" * 500])
def test_odd_titles_stay_one_line(title):
    records = read(sd_record(Chem.MolFromSmiles("c1ccccc1"), title, {"id": title or None}))
    assert [record.GetNumAtoms() for record in records] == [6]


def test_what_is_missing_is_left_out_and_names_hold():
    record = read(sd_record(Chem.MolFromSmiles("C"), "x", {"none": None, "empty": "", "blank": "  ", "a<b>\n": 1, "_Name": 2}))[0]
    assert record.GetPropsAsDict() == {"a_b__": 1, "column_Name": 2}


def test_more_than_999_atoms_are_v3000():
    text = sd_record(Chem.MolFromSmiles("C" * 1001), "long", {})
    assert "V3000" in text and read(text)[0].GetNumAtoms() == 1001
