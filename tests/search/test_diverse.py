"""Diverse picks from files."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

import molgen
from molgen.chem.diversity import max_min, nearest_before, sphere_exclusion
from molgen.chem.fingerprints import morgan_packed
from molgen.chem.standardize import read_compounds
from molgen.errors import ConfigError, InputError


@pytest.fixture(scope="module")
def readable(nci_library):
    """The rows that can be read, with their fingerprints."""
    table = pd.read_csv(nci_library, keep_default_na=False)
    mols = read_compounds(table["smiles"].tolist()).items
    there = [at for at, mol in enumerate(mols) if mol is not None]
    return table.iloc[there].reset_index(drop=True), morgan_packed([mols[at] for at in there]), [mols[at] for at in there]


def pick(library, tmp_path, n, **settings):
    result = molgen.diverse(library, tmp_path / "picks.csv", n, overwrite=True, **settings)
    return result, pd.read_csv(tmp_path / "picks.csv", keep_default_na=False)


def test_max_min_over_a_file_keeps_every_column(nci_library, readable, tmp_path):
    table, packed, _ = readable
    result, found = pick(nci_library, tmp_path, 40)
    rows = max_min(packed, 40)
    expected = table.iloc[rows]
    added = ["order", "cluster", "cluster_size", "nearest"]
    assert found.columns.tolist() == [*added, "row", "source", "id", "smiles", "score", "rank"]
    for ours, theirs in (("id", "name"), ("smiles", "smiles"), ("score", "score"), ("rank", "rank")):
        assert found[ours].tolist() == expected[theirs].tolist()
    assert found["order"].tolist() == list(range(1, 41))
    assert found["cluster_size"].sum() == result.available == len(table)
    assert found["nearest"].iloc[0] == ""
    np.testing.assert_allclose(found["nearest"].iloc[1:].astype(float), nearest_before(packed[rows])[1:], rtol=1e-5)
    assert (result.picked, result.tally.rows, result.notes) == (40, 1503, [])
    assert {"not SMILES", "empty"} <= set(result.tally.reasons)


def test_the_best_rows_come_first(nci_library, readable, tmp_path):
    table, packed, _ = readable
    for lowest_first in (False, True):
        order = np.argsort(table["score"] * (1 if lowest_first else -1), kind="stable").to_numpy()
        _, found = pick(nci_library, tmp_path, 25, method="sphere", similarity=0.4, by="Score", lowest_first=lowest_first)
        assert found["id"].tolist() == table["name"].iloc[order[sphere_exclusion(packed[order], 0.4, 25)]].tolist()


def test_one_of_each_scaffold_is_the_best_of_it(nci_library, readable, tmp_path):
    table, _, mols = readable
    scaffolds = pd.Series([MurckoScaffoldSmiles(mol=mol, includeChirality=True) for mol in mols])
    best = table["score"].groupby(scaffolds).max().sort_values(ascending=False)
    result, found = pick(nci_library, tmp_path, 30, method="scaffold", by="score")
    assert found["score"].tolist() == best.head(30).tolist()
    sizes = scaffolds.value_counts()
    names = dict(zip(table["name"], scaffolds, strict=True))
    assert found["cluster_size"].tolist() == [sizes[names[each]] for each in found["id"]]
    _, found = pick(nci_library, tmp_path, 5, method="scaffold")
    assert found["cluster_size"].tolist() == sizes.head(5).tolist()
    result, found = pick(nci_library, tmp_path, 10_000, method="scaffold")
    assert len(found) == result.picked == len(sizes)
    assert result.notes == [f"10,000 wanted, {len(sizes):,} picked of {len(table):,}: there are no more scaffolds"]


def test_butina_gives_centres_or_the_best_of_clusters(nci_library, readable, tmp_path):
    _, packed, _ = readable
    _, centres = pick(nci_library, tmp_path, 20, method="butina", similarity=0.5)
    assert (centres["cluster_size"].diff().dropna() <= 0).all()
    assert centres["cluster_size"].iloc[0] > 3
    _, best = pick(nci_library, tmp_path, 20, method="butina", similarity=0.5, by="score")
    assert (best["score"].diff().dropna() < 0).all()
    result, every = pick(nci_library, tmp_path, 5000, method="butina", similarity=0.5)
    assert every["cluster_size"].sum() == len(packed)
    assert "no more clusters at a similarity of 0.5" in result.notes[0]


@pytest.mark.parametrize("method", ["maxmin", "sphere", "butina", "scaffold"])
def test_picks_differ_from_what_is_there_already(nci_library, readable, tmp_path, method):
    table, packed, mols = readable
    lines = [f"{smiles} {name}" for smiles, name in zip(table["smiles"].iloc[:300], table["name"].iloc[:300], strict=True)]
    (tmp_path / "bought.smi").write_text("\n".join([*lines, "C( broken"]) + "\n")
    result, found = pick(nci_library, tmp_path, 30, method=method, similarity=0.5, already=tmp_path / "bought.smi")
    assert result.notes == ["1 of 301 compounds there already cannot be read: not SMILES"]
    rows = [table["name"].tolist().index(each) for each in found["id"]]
    np.testing.assert_allclose(found["nearest"].astype(float), nearest_before(packed[rows], packed[:300]), rtol=1e-5)
    assert min(rows) >= 300
    if method == "scaffold":
        known = {MurckoScaffoldSmiles(mol=mol, includeChirality=True) for mol in mols[:300]}
        assert not known & {MurckoScaffoldSmiles(mol=mols[row], includeChirality=True) for row in rows}
    elif method != "maxmin":
        assert found["nearest"].astype(float).max() < 0.5


def test_structures_bear_the_columns(nci_library, tmp_path):
    molgen.diverse(nci_library, tmp_path / "picks.sdf", 6, by="score")
    records = list(Chem.SDMolSupplier(str(tmp_path / "picks.sdf")))
    assert [record.GetIntProp("order") for record in records] == list(range(1, 7))
    assert all(record.HasProp("score") for record in records)


def test_rows_without_a_number_are_counted(tmp_path):
    (tmp_path / "hits.csv").write_text("smiles,dock\nCCO,-3\nCCN,\nCCC,n/a\nCCCCO,-5\n")
    result, found = pick(tmp_path / "hits.csv", tmp_path, 3, by="dock", lowest_first=True)
    assert found["dock"].tolist() == [-5, -3]
    assert result.tally.statuses == {"ok": 2, "invalid": 2}
    assert result.notes == ["3 wanted, 2 picked of 2: no more rows can be read"]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n": 0}, ConfigError, "at least one row"),
        ({"method": "random"}, ConfigError, "one of maxmin, sphere, butina, scaffold"),
        ({"similarity": 0}, ConfigError, "not a similarity"),
        ({"lowest_first": True}, ConfigError, "--by COLUMN"),
        ({"by": "scor"}, InputError, "did you mean --by score"),
        ({"already": "missing.smi"}, InputError, "missing.smi"),
    ],
)
def test_wrong_calls(nci_library, tmp_path, settings, error, message):
    with pytest.raises(error, match=message):
        molgen.diverse(nci_library, tmp_path / "out.csv", **{"n": 5, **settings})


def test_nothing_to_pick_from(tmp_path):
    (tmp_path / "bad.smi").write_text("C( one\n")
    with pytest.raises(InputError, match=r"no row to pick.*1 rows, none usable"):
        molgen.diverse(tmp_path / "bad.smi", tmp_path / "out.csv", 5)
    (tmp_path / "bad.smi").write_text("CC one\n")
    with pytest.raises(InputError, match="without further columns"):
        molgen.diverse(tmp_path / "bad.smi", tmp_path / "out.csv", 5, by="x")
