"""Text to molecules: whatever stands in a SMILES column keeps its row, and says why it is no molecule."""

import pytest
from rdkit import Chem

from molgen.chem.parse import parse_batch


def parse_one(text):
    batch = parse_batch([text])
    return batch.mols[0], batch.errors.get(0), batch.notes.get(0, [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (None, "missing"),
        (float("nan"), "missing"),
        (7, "not text"),
        ("CCC\n3,CCN\n4,CO", "line break"),
        ("not_a_smiles", "not SMILES"),
        ("aspirin", "not SMILES"),
        ("C1CC", "not SMILES"),
        ("C(C)(C)(C)(C)C", "not a possible molecule"),
        ("c1cccc1", "not a possible molecule"),
        ("InChI=1S/CH4/h1H4", "InChI"),
        ("LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "InChIKey"),
        ("CCO>>CC=O", "reaction"),
        ("CC[O\u2212]", "not SMILES"),
        ("C" * 30_000, "too long"),
    ],
)
def test_what_is_no_molecule_says_why(text, kind):
    mol, reason, _ = parse_one(text)
    assert mol is None
    assert reason.split(":")[0] == kind


@pytest.mark.parametrize(
    ("text", "smiles", "note"),
    [
        (" CCO ", "CCO", None),
        ("N->[Pt](<-N)(Cl)Cl", "N->[Pt](<-N)(Cl)Cl", None),
        ("\u200bCC\ufeffO", "CCO", "invisible characters removed"),
        ("CCO\u00a0", "CCO", "invisible characters removed"),
        ('"CCO"', "CCO", "quotes removed"),
        ("'CCO", "CCO", "quotes removed"),
        ("CCO |$;;R1$|", "CCO", "CXSMILES extension ignored"),
        ("CCO ethanol", "CCO", "text after the SMILES ignored"),
        ("CCO\tethanol", "CCO", "text after the SMILES ignored"),
    ],
)
def test_what_surrounds_a_smiles_is_removed_and_noted(text, smiles, note):
    mol, reason, notes = parse_one(text)
    assert reason is None
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(smiles)
    assert notes == ([note] if note else [])


def test_rows_keep_their_place(nci_smiles):
    rows = nci_smiles[:300]
    broken = [*rows[:100], "bad_one", *rows[100:], ""]
    clean, mixed = parse_batch(rows), parse_batch(broken)
    assert [i for i, mol in enumerate(mixed.mols) if mol is None and i not in (100, 301)] == [
        i + (i >= 100) for i, mol in enumerate(clean.mols) if mol is None
    ]
    assert set(mixed.errors) == {i for i, mol in enumerate(mixed.mols) if mol is None}


def test_parsed_molecules_pass_through_and_are_not_changed():
    raw = Chem.MolFromSmiles("c1ccccc1O", sanitize=False)
    mol, reason, _ = parse_one(raw)
    assert reason is None
    assert mol is not raw
    assert mol.GetAtomWithIdx(0).IsInRing()
    assert raw.NeedsUpdatePropertyCache()
    sane = Chem.MolFromSmiles("CCO")
    assert parse_one(sane)[0] is sane
    assert parse_one(Chem.Mol())[1].startswith("empty")
    assert parse_one(Chem.MolFromSmiles("C(C)(C)(C)(C)C", sanitize=False))[1].startswith("not a possible molecule")


def test_rdkits_own_log_is_left_alone(capfd):
    parse_batch(["C(C"])
    assert capfd.readouterr().err == ""
    Chem.MolFromSmiles("C(C")
    assert "SMILES Parse Error" in capfd.readouterr().err
