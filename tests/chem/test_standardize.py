"""What is scored of a row: its parent, neutral where a proton can do it, with notes."""

import pytest
from rdkit import Chem

from molgen.chem.standardize import canonical_smiles, read_compounds


def read_one(text, **options):
    compounds = read_compounds([text], **options)
    return canonical_smiles(compounds.items)[0], compounds.statuses[0], compounds.reasons.get(0), compounds.notes.get(0, [])


@pytest.mark.parametrize(
    ("text", "parent", "notes"),
    [
        ("CCN(CC)CC(=O)Nc1c(C)cccc1C.Cl", "CCN(CC)CC(=O)Nc1c(C)cccc1C", ["salt stripped: Cl"]),
        ("CC(=O)[O-].[Na+]", "CC(=O)O", ["salt stripped: [Na+]", "charge neutralised"]),
        ("OC(=O)C(F)(F)F.NCCc1ccccc1", "NCCc1ccccc1", ["salt stripped: O=C(O)C(F)(F)F"]),
        ("[O-]C(=O)C(F)(F)F.[NH3+]CCc1ccccc1", "NCCc1ccccc1", ["salt stripped: O=C([O-])C(F)(F)F", "charge neutralised"]),
        ("OC(=O)/C=C/C(=O)O.CNCCc1ccccn1", "CNCCc1ccccn1", ["salt stripped: O=C(O)/C=C/C(=O)O"]),
        ("CCCCCCCCO.c1ccc2ccccc2c1", "c1ccc2ccccc2c1", ["mixture: largest fragment scored, without CCCCCCCCO"]),
        ("CCO.CCO", "CCO", ["2 copies of the molecule: one scored"]),
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O", ["charge neutralised"]),
        ("C[N+](C)(C)CCO", "C[N+](C)(C)CCO", []),
        ("O=[N+]([O-])c1ccccc1", "O=[N+]([O-])c1ccccc1", []),
        ("C[Hg]Cl", "C[Hg]Cl", ["metal: Hg"]),
        ("C[As](C)C", "C[As](C)C", ["unusual element: As"]),
        ("C1CC.C1", "CCCC", []),
        ("C[C@H](N)C(=O)O", "C[C@H](N)C(=O)O", []),
    ],
)
def test_parent_and_notes(text, parent, notes):
    smiles, status, reason, found = read_one(text)
    assert (status, reason) == ("ok", None)
    assert smiles == Chem.CanonSmiles(parent)
    assert found == notes


@pytest.mark.parametrize("text", ["*CCO", "[*:1]CCO", "CC[1*]"])
def test_attachment_points_are_refused(text):
    smiles, status, reason, _ = read_one(text)
    assert smiles is None
    assert status == "invalid"
    assert reason.startswith("attachment point")


@pytest.mark.parametrize("text", ["c1ccccc1~CCO", "[#6]CC", "CC[#7].Cl", "[13#6]C"])
def test_queries_are_refused(text):
    smiles, status, reason, _ = read_one(text)
    assert (smiles, status) == (None, "invalid")
    assert reason.startswith("query")


@pytest.mark.parametrize("text", ["CCO my~name", "CCO |a~b|", "[13CH3]C x[#1]"])
def test_names_are_no_queries(text):
    assert read_one(text)[1] == "ok"


@pytest.mark.parametrize("text", ["C" * 400, "C" * 10_000, "C" * 100_000])
def test_monsters_are_too_large(text):
    smiles, status, reason, _ = read_one(text)
    assert smiles is None
    assert status == "too_large"
    assert "limit" in reason


def test_the_size_limit_is_the_callers():
    assert read_one("C" * 400, max_atoms=400)[1] == "ok"
    assert read_one("CCCC", max_atoms=3)[1] == "too_large"


def test_a_large_counter_ion_does_not_make_a_row_too_large():
    assert read_one("CCO." + "C" * 12, max_atoms=12)[1] == "ok"


def test_neutral_molecules_equal_their_own_reparse(nci_smiles):
    """Hydrogens that moved must leave a molecule that RDKit would read from its SMILES."""
    compounds = read_compounds(nci_smiles)
    changed = [row for row, notes in compounds.notes.items() if any("charge" in n or "salt" in n for n in notes)]
    assert len(changed) > 50
    for row in changed:
        mol = compounds.items[row]
        again = Chem.MolFromSmiles(Chem.MolToSmiles(mol))
        assert Chem.MolToSmiles(again) == Chem.MolToSmiles(mol)
        assert sorted(map(_atom, again.GetAtoms())) == sorted(map(_atom, mol.GetAtoms()))


def test_charges_are_left_as_drawn_where_that_is_wanted():
    assert read_one("C[NH2+]C", neutralize=False)[0] == "C[NH2+]C"
    assert read_one("CC(=O)[O-].[Na+]", neutralize=False)[0] == "CC(=O)[O-]"
    assert read_one("C[NH2+]C", neutralize=True) == ("CNC", "ok", None, ["charge neutralised"])


def test_every_row_has_a_molecule_or_a_reason(nci_smiles):
    compounds = read_compounds([*nci_smiles, "", None, "C*", "C" * 500])
    for row, (mol, status) in enumerate(zip(compounds.items, compounds.statuses, strict=True)):
        assert (mol is not None) == (status == "ok") == (row not in compounds.reasons)


def _atom(atom):
    return atom.GetSymbol(), atom.GetTotalNumHs(), atom.GetFormalCharge(), atom.GetIsAromatic(), str(atom.GetHybridization())


def test_a_metal_that_cannot_take_hydrogens_for_its_charge_stays_as_drawn():
    compounds = read_compounds(["[SbH6+3]", "CC(=O)[O-]"])  # the first is a row of Tox21
    assert compounds.statuses == ["ok", "ok"]
    assert canonical_smiles(compounds.items) == ["[SbH6+3]", "CC(=O)O"]
