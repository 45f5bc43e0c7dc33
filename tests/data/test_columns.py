"""Finding the columns: by name, by content, and saying so when neither tells."""

from __future__ import annotations

import pytest

from molgen.data.columns import (
    find_column,
    find_id_column,
    find_smiles_column,
    find_target_columns,
    looks_like_smiles,
)
from molgen.errors import InputError

MOLECULES = ["CCO", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]"]


def rows(*columns: list[str]) -> list[list[str]]:
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        *MOLECULES,
        " CCO ",
        "C/C=C\\C",
        "N[C@@H](C)C(=O)O",
        "C%12CCCC%12",
        "C%(100)CC%(100)",
        "CCO |$;;$|",
        "*CC",
        "[O-][n+]1ccccc1",
        "[13CH4]",
        "OC$C",
        "[Cu-3]~O",
    ],
)
def test_smiles_look_like_smiles(text):
    assert looks_like_smiles(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "1", "0.5", "BBB-", "BBB+", "Propanolol", "CHEMBL25", "NSC123", "InChI=1S/CH4/h1H4", "C1CC", "CC(", "CC)"]
    + ["CC>>CO", "CC O", "ZINC0001", "(C)C", "C-", "[Na", "active", "N/A"],
)
def test_other_text_does_not(text):
    assert not looks_like_smiles(text)


@pytest.mark.parametrize("name", ["smiles", "SMILES", "Canonical_SMILES", "isomeric smiles", "mol", "Structure", "Drug"])
def test_smiles_by_name(name):
    assert find_smiles_column(["id", name, "y"], rows(["a", "b", "c", "d"], MOLECULES, ["1"] * 4)) == name
    assert find_smiles_column(["id", name, "y"], []) == name


def test_the_plainest_name_wins():
    columns = ["mol", "canonical_smiles", "smiles", "scaffold_smiles"]
    for count in (3, 2, 1):
        assert find_smiles_column(columns[:count], rows(*[MOLECULES] * count)) == columns[count - 1]


def test_a_name_whose_cells_are_something_else_is_passed_over():
    names = ["ethanol", "benzene", "aspirin", "salt"]
    assert find_smiles_column(["mol", "text"], rows(names, MOLECULES)) == "text"
    assert find_smiles_column(["molecule", "drug"], rows(names, MOLECULES)) == "drug"
    assert find_smiles_column(["smiles", "y"], rows(names, ["1"] * 4)) == "smiles"


def test_smiles_by_content():
    columns = ["foo", "bar", "grade"]
    assert find_smiles_column(columns, rows(["a1", "a2", "a3", "a4"], MOLECULES, ["C", "N", "O", "C"])) == "bar"


def test_cells_that_are_missing_do_not_count():
    assert find_smiles_column(["foo", "y"], [["", "1"], ["CCO", "2"], ["", "3"], ["CCN", "4"], ["CCC"]]) == "foo"


@pytest.mark.parametrize(
    "columns", [["foo", "bar"], ["smiles", "SMILES"], ["reactant_smiles", "product_smiles"], ["canonical_smiles", "smi"]]
)
def test_two_candidates(columns):
    with pytest.raises(InputError) as error:
        find_smiles_column(columns, rows(MOLECULES, MOLECULES), where="t.csv")
    assert all(repr(name) in str(error.value) for name in columns)
    assert "t.csv: more than one column" in str(error.value)
    assert f"--smiles {columns[0]}" in str(error.value)


def test_a_name_and_a_content_that_disagree_are_two_candidates():
    with pytest.raises(InputError, match="more than one column could hold the SMILES; got 'smiles', 'scaffold'"):
        find_smiles_column(["smiles", "scaffold"], rows(["ethanol", "benzene", "aspirin", "salt"], MOLECULES))


def test_no_candidate():
    with pytest.raises(InputError, match=r"no column with SMILES found; got the columns 'id', 'y'; .* --smiles COLUMN"):
        find_smiles_column(["id", "y"], [["a", "1"]])


def test_long_lists_of_columns_are_cut():
    with pytest.raises(InputError, match="and 588 more") as error:
        find_smiles_column([f"c{i}" for i in range(600)], [])
    assert len(str(error.value)) < 300


def test_wanted_column():
    columns = ["smiles", "SMILES_2", "Smi les", "Y", "y"]
    assert find_smiles_column(columns, [], "SMILES_2") == "SMILES_2"
    assert find_smiles_column(columns, [], "smiles_2 ") == "SMILES_2"
    assert find_column(columns, "y", flag="--id") == "y"
    with pytest.raises(InputError, match=r"t.csv: no column 'smile'; expected one of 'smiles'.*did you mean --smiles smiles"):
        find_smiles_column(columns, [], "smile", where="t.csv")
    with pytest.raises(InputError, match="did you mean --smiles 'Smi les'"):
        find_smiles_column(columns, [], "smi lez")
    with pytest.raises(InputError, match="name one of them with --id COLUMN"):
        find_id_column(columns, "zzzzzz")
    with pytest.raises(InputError, match="several columns are named 'Z'"):
        find_column(["z", " Z "], "Z", flag="--id")


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["smiles", "ID", "name"], "ID"),
        (["Name", "smiles"], "Name"),
        (["smiles", "CMPD_CHEMBLID"], "CMPD_CHEMBLID"),
        (["Compound ID", "smiles"], "Compound ID"),
        (["zinc-id", "smiles"], "zinc-id"),
        (["molecule_chembl_id", "pref_name"], "molecule_chembl_id"),
        (["smiles", "y"], None),
        ([], None),
    ],
)
def test_id_by_name(columns, found):
    assert find_id_column(columns, exclude=["smiles"]) == found


def test_id_is_not_what_serves_for_something_else():
    assert find_id_column(["id", "name"], exclude=["id"]) == "name"
    assert find_id_column(["id"], exclude=["id"]) is None


def test_targets():
    assert find_target_columns(["smiles", "A", "b"], ["B", "A"]) == ["b", "A"]
    with pytest.raises(InputError, match="no target column is named"):
        find_target_columns(["a"], [])
    with pytest.raises(InputError, match="target named twice: 'a'"):
        find_target_columns(["a"], ["a", "A"])
    with pytest.raises(InputError, match="did you mean --target p_np"):
        find_target_columns(["name", "p_np"], ["pnp"])
