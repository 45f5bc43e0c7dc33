"""Parts as keys: what they are, what they give back, and the keys of the splits of Davis and KIBA that the benchmarks divide by."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.curation import split_table
from molgen.data.splits import make_split
from molgen.data.splits.base import SplitRows
from molgen.data.splits.keys import find_keys, keys_of
from molgen.errors import ConfigError, InputError
from molgen.subjects import PairSubject

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@pytest.fixture(scope="module")
def tables(nci_smiles, tmp_path_factory) -> Path:
    """Forty molecules and twenty proteins in three tables; most of the pairs, in no order."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    rows = [(f"d{i}", f"t{j}", i * j / 100) for i in range(40) for j in range(20) if rng.random() < 0.8]
    pd.DataFrame(rows, columns=["drug", "target", "y"]).sample(frac=1, random_state=0).to_csv(folder / "y.csv", index=False)
    pd.DataFrame({"drug": [f"d{i}" for i in range(40)], "smiles": nci_smiles[:40]}).to_csv(folder / "drugs.csv", index=False)
    letters = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 60)) for _ in range(20)]
    (folder / "targets.fasta").write_text("".join(f">t{j}\n{each}\n" for j, each in enumerate(letters)))
    return folder


def columns(tables: Path) -> dict:
    joins = [str(tables / "drugs.csv"), f"target={tables / 'targets.fasta'}"]
    return {"joins": joins, "smiles": "smiles", "sequence": "sequence"}


def test_keys_are_hashes_of_canonical_smiles_of_parents_and_of_letters():
    read = PairSubject().read([("[Na+].OC(C)=O", "mktaY"), ("CC(=O)[O-]", "MKTAY")])
    rows = SplitRows(read.items)
    assert keys_of(rows, "smiles") == [hashed("CC(=O)O")] * 2
    assert keys_of(rows, "sequence") == [hashed("MKTAY")] * 2
    assert keys_of(rows, "pair") == [hashed("CC(=O)O MKTAY")] * 2
    drawn = PairSubject(molecules=molgen.subjects.MoleculeSubject(neutralize=False)).read([("CC(=O)[O-]", "MKTAY")])
    assert keys_of(SplitRows(drawn.items), "smiles") == [hashed("CC(=O)O")]
    with pytest.raises(ConfigError, match="rows are no pairs"):
        keys_of(SplitRows(["MKTAY"]), "pair")


@pytest.mark.parametrize(
    ("split", "sides"),
    [
        ("scaffold-balanced", {"smiles"}),
        ("cluster", {"sequence"}),
        ("both", {"smiles", "sequence"}),
        ("random", {"pair"}),
    ],
)
def test_another_copy_of_a_table_is_divided_the_same_way(tables, tmp_path, split, sides):
    keys = tmp_path / "keys.csv.gz"
    settings = columns(tables)
    first = split_table(tables / "y.csv", tmp_path / "y.csv", split=split, seed=3, keys=keys, **settings)
    written = pd.read_csv(keys)
    assert list(written) == ["side", "key", "part"]
    assert set(written["side"]) == sides
    assert written[["side", "key"]].apply(tuple, axis=1).is_monotonic_increasing
    own = pd.read_csv(tables / "y.csv")
    assert list(pd.read_csv(tmp_path / "y.csv")) == [*own, "split"]

    other = own.assign(parts=first.parts).sample(frac=1, random_state=1)
    other.to_csv(tmp_path / "other.csv", index=False)
    again = split_table(tmp_path / "other.csv", split="keys", split_options={"file": str(keys)}, seed=9, **settings)
    assert again.parts == other["parts"].tolist()
    assert again.sizes == first.sizes
    assert min(again.sizes.values()) > 0


def test_rows_that_the_file_does_not_know_are_left_out_and_training_takes_it(tables, tmp_path):
    keys = tmp_path / "keys.csv"
    settings = columns(tables)
    split_table(tables / "y.csv", tmp_path / "y.csv", split="scaffold-balanced", keys=keys, **settings)
    lines = keys.read_text().splitlines()
    keys.write_text("\n".join([lines[0].replace("part", "draw"), *lines[1:-1], lines[-1].rpartition(",")[0] + ","]) + "\n")
    options = {"file": str(keys), "parts": "draw"}
    found = split_table(tables / "y.csv", split="keys", split_options=options, **settings)
    assert {reason for _, reason in found.left_out} == {"split 'keys' puts it in no part"}
    result = molgen.train(
        tables / "y.csv", target="y", experts="tabular", split="keys", split_options=options, tabular={"rounds": 5}, **settings
    )
    assert result.bundle.card["split"]["sizes"] == found.sizes


def test_molecules_and_sequences_alone_have_keys(tables, tmp_path):
    for name, table, settings in (
        ("smiles", tables / "drugs.csv", {"split": "random"}),
        ("sequence", tables / "targets.fasta", {}),
    ):
        first = split_table(table, tmp_path / f"{name}.csv", keys=tmp_path / "keys.csv", overwrite=True, **settings)
        assert set(pd.read_csv(tmp_path / "keys.csv")["side"]) == {name}
        again = split_table(table, split="keys", split_options={"file": str(tmp_path / "keys.csv")})
        assert (first.split, again.parts) == (settings.get("split", "cluster"), first.parts)


def test_no_keys_where_rows_of_one_key_are_apart():
    rows = SplitRows(PairSubject().read([("CCO", "MKTAY"), ("OCC", "MKTAY"), ("CCN", "MKTAY")]).items)
    assert {each.side for each in find_keys(rows, ["train", "train", "test"])} == {"smiles"}
    with pytest.raises(InputError, match="no keys tell these parts apart"):
        find_keys(rows, ["train", "test", "test"])
    assert find_keys(SplitRows([]), []) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("side,key\nsmiles,00000000000000000000\n", "no column 'part'"),
        ("side,key,part\nsmiles,CCO,train\n", "no line of keys"),
        ("side,key,part\nsmiles,00000000000000000000,holdout\n", "no line of keys"),
        ("side,key,part\nsmiles,00000000000000000000,train\nsmiles,00000000000000000000,test\n", "a key is in two parts"),
        ("side,key,part\nsmiles,00000000000000000000,train\n", "no row has a key of the training part"),
    ],
)
def test_files_that_are_no_keys(tables, tmp_path, text, words):
    (tmp_path / "keys.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        split_table(tables / "y.csv", split="keys", split_options={"file": str(tmp_path / "keys.csv")}, **columns(tables))


def test_keys_need_a_file_and_one_split(tables, tmp_path):
    with pytest.raises(ConfigError, match="needs a file"):
        split_table(tables / "drugs.csv", split="keys")
    with pytest.raises(ConfigError, match="keys are of one split"):
        split_table(tables / "drugs.csv", split="random", folds=3, keys=tmp_path / "keys.csv")


@pytest.mark.parametrize("name", ["davis", pytest.param("kiba", marks=pytest.mark.slow)])
def test_the_keys_beside_the_benchmarks_are_those_of_their_splits(data_dir, monkeypatch, name):
    """The file equals what is drawn today, and gives every draw back."""
    monkeypatch.setenv("MOLGEN_DATA", str(data_dir))
    monkeypatch.syspath_prepend(BENCHMARKS)
    pairs = importlib.import_module("pairs")
    path = BENCHMARKS / "splits" / f"{name}.csv.gz"
    dataset = pairs.load(name)
    with gzip.open(path, "rt", newline="") as file:
        assert list(csv.reader(file)) == pairs.keys_of_draws(dataset)
    for unseen, splitter in pairs.COLD.items():
        drawn = make_split(dataset, splitter, seed=2)
        found = make_split(dataset, "keys", file=str(path), parts=f"{unseen}-2")
        assert found.parts(len(dataset)) == drawn.parts(len(dataset))
