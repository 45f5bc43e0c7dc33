"""Substructure search in files, against RDKit molecule by molecule."""

import pandas as pd
import pytest
from rdkit import Chem

import molgen
from molgen.chem.parse import parse_batch
from molgen.errors import ConfigError

PATTERNS = {
    "acid": "C(=O)[OH]",
    "ring": "c1ccccc1",
    "charge": "[+,-]",
    "two pieces": "[#7].C=O",
    "wide": "[#6]~[#6]",
}


@pytest.fixture(scope="module")
def molecules(nci_library):
    table = pd.read_csv(nci_library, keep_default_na=False)
    return table, parse_batch(table["smiles"].tolist()).mols


@pytest.fixture(scope="module")
def expected(molecules):
    """Matches of each pattern in each row, as RDKit finds them."""
    queries = {name: Chem.MolFromSmarts(smarts) for name, smarts in PATTERNS.items()}
    return [None if mol is None else {n: mol.GetSubstructMatches(q) for n, q in queries.items()} for mol in molecules[1]]


@pytest.mark.parametrize("mode", ["any", "all", "none"])
def test_rows_are_those_that_rdkit_matches(nci_library, expected, tmp_path, mode):
    names = ["acid", "ring"]
    result = molgen.match(nci_library, {name: PATTERNS[name] for name in names}, tmp_path / "out.csv", mode=mode)
    test = {"any": any, "all": all, "none": lambda found: not any(found)}[mode]
    rows = [at + 1 for at, found in enumerate(expected) if found is not None and test([bool(found[name]) for name in names])]
    assert pd.read_csv(tmp_path / "out.csv")["row"].tolist() == rows
    assert result.found == len(rows) > 10
    there = [found for found in expected if found is not None]
    assert result.matched == {name: sum(bool(found[name]) for found in there) for name in names}
    assert result.tally.rows == 1503
    assert result.tally.statuses["ok"] == len(there)
    assert sum(result.tally.reasons.values()) == 1503 - len(there) >= 3


def test_counts_and_atoms_are_rdkits(nci_library, molecules, expected, tmp_path):
    table, _ = molecules
    molgen.match(nci_library, PATTERNS, tmp_path / "out.parquet", counts=True, atoms=True)
    found = pd.read_parquet(tmp_path / "out.parquet")
    for row in found.to_dict("records"):
        matches = expected[row["row"] - 1]
        assert row["matched"] == "; ".join(name for name in PATTERNS if matches[name])
        assert row["id"] == table["name"].iloc[row["row"] - 1]
        for name in PATTERNS:
            assert row[f"count_{name}"] == len(matches[name])
            assert row[f"atoms_{name}"] == "; ".join(" ".join(map(str, atoms)) for atoms in matches[name])
    assert found["count_wide"].max() > 20
    assert (found["count_charge"] > 0).sum() > 5
    assert list(found.columns[-2:]) == ["score", "rank"]


def test_structures_keep_the_order_of_atoms_and_the_salt(tmp_path):
    (tmp_path / "lib.smi").write_text("[Na+].[O-]C(=O)c1ccccc1N salt\nCC ethane\n")
    molgen.match(tmp_path / "lib.smi", ["[NH2]"], tmp_path / "out.sdf", atoms=True)
    (record,) = Chem.SDMolSupplier(str(tmp_path / "out.sdf"))
    assert record.GetNumAtoms() == 11
    assert record.GetAtomWithIdx(int(record.GetProp("atoms_[NH2]"))).GetSymbol() == "N"


def test_stops_after_so_many_rows(nci_library, tmp_path):
    molgen.match(nci_library, ["c1ccccc1"], tmp_path / "all.csv")
    result = molgen.match(nci_library, ["c1ccccc1"], tmp_path / "some.csv", limit=7)
    assert result.found == 7
    assert result.tally.rows == 1024
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "some.csv"), pd.read_csv(tmp_path / "all.csv").head(7), check_dtype=False)


def test_an_empty_library_gives_an_empty_table(tmp_path):
    (tmp_path / "empty.csv").write_text("smiles,name,matched\n")
    result = molgen.match(tmp_path / "empty.csv", ["C"], tmp_path / "out.csv")
    assert (result.found, result.tally.rows) == (0, 0)
    assert (tmp_path / "out.csv").read_text().split() == ['"row","source","id","smiles","matched","input_matched"']


@pytest.mark.parametrize(
    ("patterns", "settings", "message"),
    [
        (["C("], {}, r"pattern 'C\(': not SMARTS"),
        ({"x": ""}, {}, "pattern 'x': not SMARTS"),
        ([], {}, "no pattern"),
        (["C"], {"mode": "some"}, "any, all or none"),
        (["C"], {"mode": "none", "atoms": True}, "neither counts nor atoms"),
        (["C"], {"limit": 0}, "at least 1"),
    ],
)
def test_wrong_calls_are_refused(tmp_path, patterns, settings, message):
    with pytest.raises(ConfigError, match=message):
        molgen.match(tmp_path / "missing.csv", patterns, tmp_path / "out.csv", **settings)
