"""Similarity search in files, against RDKit on the same molecules."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

import molgen
from molgen.chem.standardize import read_compounds
from molgen.errors import ConfigError, InputError
from molgen.search import similar as similar_module

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


@pytest.fixture(scope="module")
def parents(nci_library):
    table = pd.read_csv(nci_library, keep_default_na=False)
    return table, read_compounds(table["smiles"].tolist()).items


def ranked(query, mols, generator, top):
    there = [at for at, mol in enumerate(mols) if mol is not None]
    (mol,) = read_compounds([query]).items
    prints = [generator.GetFingerprint(mols[at]) for at in there]
    scores = np.array(DataStructs.BulkTanimotoSimilarity(generator.GetFingerprint(mol), prints))
    order = np.argsort(-scores, kind="stable")[:top]
    return np.array(there)[order], scores[order]


@pytest.mark.parametrize("fingerprint", ["Morgan", "AtomPair", {"type": "RDKitFingerprint", "size": 1024}])
def test_neighbours_are_rdkits_over_the_parents(nci_library, parents, tmp_path, fingerprint):
    table, mols = parents
    generator = {
        "Morgan": rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048),
        "AtomPair": rdFingerprintGenerator.GetAtomPairGenerator(fpSize=2048),
    }.get(str(fingerprint), rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=1024))
    queries = [ASPIRIN, "[Na+].[O-]C(=O)c1ccccc1"]
    result = molgen.similar(nci_library, queries, tmp_path / "out.csv", top=30, fingerprint=fingerprint)
    found = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert found.columns.tolist() == ["query", "rank", "similarity", "row", "source", "id", "smiles", "score", "input_rank"]
    assert result.found == [(query, 30) for query in queries]
    for query in queries:
        one = found[found["query"] == query]
        rows, scores = ranked(query, mols, generator, 30)
        assert one["rank"].tolist() == list(range(1, 31))
        assert (one["row"] - 1).tolist() == rows.tolist()
        np.testing.assert_allclose(one["similarity"], scores, atol=1e-6)
        assert one["id"].tolist() == table["name"].iloc[rows].tolist()
        assert one["score"].tolist() == table["score"].iloc[rows].tolist()
    assert result.tally.rows == 1503
    assert result.tally.statuses["ok"] == sum(mol is not None for mol in mols)
    assert {"not SMILES", "empty", "not a possible molecule"} <= set(result.tally.reasons)


def test_queries_from_a_file_have_its_names_and_several_libraries_are_one(nci_library, tmp_path):
    lines = "C1CCCCC1O cyclohexanol\nCCCCCCCC octane\n"
    (tmp_path / "queries.smi").write_text(lines)
    (tmp_path / "more.smi").write_text("CCCCCCCCC nonane\nC1CCCCC1O same\n")
    out = tmp_path / "out.parquet"
    molgen.similar([nci_library, tmp_path / "more.smi"], tmp_path / "queries.smi", out, top=4)
    found = pd.read_parquet(out)
    assert found["query"].tolist() == ["cyclohexanol"] * 4 + ["octane"] * 4
    assert (found["similarity"].iloc[0], found["similarity"].iloc[4]) == (1, 1)
    assert "same" in found["id"].tolist()
    assert "nonane" in found["id"].tolist()
    molgen.similar([nci_library, tmp_path / "more.smi"], [tmp_path / "queries.smi"], tmp_path / "out.sdf", top=4)
    records = list(Chem.SDMolSupplier(str(tmp_path / "out.sdf")))
    assert [record.GetProp("query") for record in records] == found["query"].tolist()
    assert [record.GetDoubleProp("similarity") for record in records] == found["similarity"].tolist()


def test_threshold_alone_gives_all_that_reach_it(nci_library, tmp_path):
    molgen.similar(nci_library, [ASPIRIN], tmp_path / "all.csv", top=1503)
    molgen.similar(nci_library, [ASPIRIN], tmp_path / "some.csv", threshold=0.3)
    everything, some = pd.read_csv(tmp_path / "all.csv"), pd.read_csv(tmp_path / "some.csv")
    assert len(everything) > 1400
    assert some["row"].tolist() == everything["row"][everything["similarity"] >= 0.3].tolist()
    assert len(some) > 3


def test_what_is_remembered_of_rows_that_left_the_lists_is_bounded(nci_library, tmp_path, monkeypatch):
    molgen.similar(nci_library, [ASPIRIN], tmp_path / "one.csv", top=2)
    monkeypatch.setattr(similar_module, "_SPARE", 0)
    molgen.similar(nci_library, [ASPIRIN], tmp_path / "other.csv", top=2)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_an_empty_library_has_no_neighbours(tmp_path):
    (tmp_path / "empty.csv").write_text("smiles,name\n")
    result = molgen.similar(tmp_path / "empty.csv", ["CCO"], tmp_path / "out.csv")
    assert (result.tally.rows, result.found) == (0, [("CCO", 0)])
    assert (tmp_path / "out.csv").read_text().splitlines() == ['"query","rank","similarity","row","source","id","smiles"']


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top": 0}, "top must be"),
        ({"threshold": 1.5}, "no similarity"),
        ({"threshold": 0}, "no similarity"),
        ({"alpha": -1}, "0 or more"),
        ({"beta": float("nan")}, "0 or more"),
        ({"alpha": 0, "beta": 0}, "not both 0"),
        ({"fingerprint": "Descriptors"}, "not a fingerprint of bits"),
        ({"fingerprint": {"type": "Morgan", "counts": True}}, "counts do not fit"),
        ({"fingerprint": {"type": "Morgan", "size": 2047}}, "whole bytes"),
        ({"fingerprint": {"type": "Morgan", "radios": 3}}, "no parameter 'radios'"),
    ],
)
def test_wrong_calls_are_refused_before_a_row_is_read(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        molgen.similar(tmp_path / "missing.csv", ["CCO"], tmp_path / "out.csv", **settings)


def test_queries_that_are_none_say_where(nci_library, tmp_path):
    (tmp_path / "bad.smi").write_text("CCO ethanol\nC( broken\nX worse\n")
    (tmp_path / "none.csv").write_text("smiles\n")
    for query, message in (
        ("C1CC", "query C1CC: not SMILES"),
        (tmp_path / "bad.smi", r"bad.smi, row 2: not SMILES.*1 more in this file"),
        (tmp_path / "none.csv", "no molecule to compare with"),
        ("missing.csv", "the name of a file that exists"),
    ):
        with pytest.raises(InputError, match=message):
            molgen.similar(nci_library, [query], tmp_path / "out.csv")
    with pytest.raises(InputError, match="no feature of AtomPair"):
        molgen.similar(nci_library, ["C"], tmp_path / "out.csv", fingerprint="AtomPair")
    with pytest.raises(InputError, match="read by the same command"):
        molgen.similar(nci_library, [tmp_path / "bad.smi"], tmp_path / "bad.smi", overwrite=True)
    assert not (tmp_path / "out.csv").exists()
