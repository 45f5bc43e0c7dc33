import csv
import gzip

import pandas as pd
import pytest
from rdkit import Chem

import molgen
from molgen.errors import InputError


@pytest.fixture(scope="module")
def library(tmp_path_factory, nci_smiles):
    path = tmp_path_factory.mktemp("library") / "lib.csv"
    rows = [[smiles, f"NCI {at}" if at % 7 else "", "two\nlines"] for at, smiles in enumerate(nci_smiles[:60])]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["smiles", "id", "remark"], *rows, ["junk", "bad", ""]])
    return path


@pytest.fixture(scope="module")
def hits(library, small_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hits")
    names = ["hits.csv", "hits.csv.gz", "hits.sdf", "hits.sdf.gz", "hits.smi", "hits.parquet"]
    for name in names:
        molgen.screen(library, small_bundle, folder / f"of-{name}.csv", hits=folder / name, top=10, rank_by="activity")
    return folder


def test_packed_table_is_the_same_table(hits):
    assert gzip.decompress((hits / "hits.csv.gz").read_bytes()) == (hits / "hits.csv").read_bytes()
    columns = pd.read_parquet(hits / "hits.parquet").replace("", None)
    pd.testing.assert_frame_equal(pd.read_csv(hits / "hits.csv"), columns, check_dtype=False)


def test_rdkit_reads_structures_with_all_columns_in_the_order_of_rank(hits):
    table = pd.read_csv(hits / "hits.csv", dtype=str)
    records = list(Chem.SDMolSupplier(str(hits / "hits.sdf")))
    assert len(records) == len(table) == 10
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        there = row.dropna()
        assert set(record.GetPropNames()) == set(there.index)
        for name, value in there.items():
            assert record.GetProp(name) == value or float(record.GetProp(name)) == float(value)
        assert record.GetProp("_Name") == (row["id"] if isinstance(row["id"], str) else row["row"])
        assert Chem.MolToSmiles(record) == Chem.CanonSmiles(row["canonical_smiles"])
    assert [record.GetIntProp("rank") for record in records] == list(range(1, 11))


def test_packed_structures_are_the_same(hits):
    assert gzip.decompress((hits / "hits.sdf.gz").read_bytes()) == (hits / "hits.sdf").read_bytes()


def test_smiles_with_names(hits):
    table = pd.read_csv(hits / "hits.csv", dtype=str)
    supplier = Chem.SmilesMolSupplier(str(hits / "hits.smi"), delimiter="\t", titleLine=False)
    found = [(Chem.MolToSmiles(mol), mol.GetProp("_Name")) for mol in supplier]
    names = table["id"].fillna(table["row"])
    assert found == list(zip(map(Chem.CanonSmiles, table["canonical_smiles"]), names, strict=True))


def test_a_column_that_names_partners_in_pairs_is_no_name_of_a_molecule(tmp_path, small_bundle):
    (tmp_path / "lib.csv").write_text("smiles,id,sample,protein\nCCO,a,vial 7,CA2\n")
    molgen.screen(tmp_path / "lib.csv", small_bundle, tmp_path / "o.csv", hits=tmp_path / "hits.smi", rank_by="activity")
    assert (tmp_path / "hits.smi").read_text() == "CCO\ta\n"


def test_library_without_a_molecule_gives_an_empty_file(tmp_path, small_bundle):
    (tmp_path / "lib.smi").write_text("junk a\n")
    molgen.screen(tmp_path / "lib.smi", small_bundle, tmp_path / "out.csv", hits=tmp_path / "hits.sdf", rank_by="activity")
    assert (tmp_path / "hits.sdf").read_text() == ""


def test_full_disk_leaves_no_file(tmp_path, small_bundle, library, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("molgen.screening.hits.gzip.GzipFile.write", full)
    with pytest.raises(InputError, match="No space left"):
        molgen.screen(library, small_bundle, tmp_path / "o.csv", hits=tmp_path / "hits.sdf.gz", rank_by="activity", top=2)
    # The scores are kept, so that the same call goes on when there is room.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.csv", "o.csv.parts"]
