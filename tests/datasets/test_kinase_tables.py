"""Davis and KIBA from their published files: the tables of the cards, and no pickle that does anything."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from molgen.training.config import TrainConfig
from molgen.training.run_config import read_toml

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def kinase(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("kinase")


def publish(folder: Path, drugs: dict, targets: dict, matrix: np.ndarray, folds: list, test: list, protocol: int) -> Path:
    """Write the files as DeepDTA published them."""
    (folder / "folds").mkdir(parents=True)
    (folder / "ligands_can.txt").write_text(json.dumps(drugs))
    (folder / "proteins.txt").write_text(json.dumps(targets))
    (folder / "Y").write_bytes(pickle.dumps(matrix, protocol=protocol))
    (folder / "folds" / "train_fold_setting1.txt").write_text(json.dumps(folds))
    (folder / "folds" / "test_fold_setting1.txt").write_text(json.dumps(test))
    return folder


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_measured_pairs_are_rows_in_the_order_of_the_folds(kinase, tmp_path, protocol):
    drugs, targets = {"d1": "CCO", "d0": "CCN"}, {"t1": "MKT", "t0": "AYI", "t2": "GGG"}
    matrix = np.array([[43.0, np.nan, 10000.0], [np.nan, 0.5, np.nan]])
    folder = publish(tmp_path / "davis", drugs, targets, matrix, [[2], [0]], [1], protocol)
    kinase.convert(folder, tmp_path / "out")
    assert (tmp_path / "out" / "affinity.csv").read_text().splitlines() == [
        "drug_id,target_id,Kd_nM,pKd,fold",
        "d1,t1,43,7.36653,1",
        "d1,t2,10000,5,-1",
        "d0,t0,0.5,9.30103,0",
    ]
    assert (tmp_path / "out" / "drugs.csv").read_text() == "drug_id,smiles\nd1,CCO\nd0,CCN\n"
    assert (tmp_path / "out" / "targets.csv").read_text() == "target_id,sequence\nt1,MKT\nt0,AYI\nt2,GGG\n"


class Harm:
    """What a stranger's pickle may hold."""

    def __reduce__(self):
        return os.system, ("exit 1",)


def test_a_pickle_of_anything_but_numbers_is_refused(kinase, tmp_path):
    path = tmp_path / "Y"
    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(pickle.UnpicklingError, match=r"a matrix needs no posix\.system"):
        kinase.read_matrix(path)
    path.write_bytes(pickle.dumps(np.array([[Harm()]], dtype=object)))
    with pytest.raises(pickle.UnpicklingError, match="a matrix needs no"):
        kinase.read_matrix(path)
    path.write_bytes(pickle.dumps(np.arange(3)))
    with pytest.raises(SystemExit, match="no matrix of numbers"):
        kinase.read_matrix(path)


def test_the_tables_of_the_card_come_back(kinase, data_dir, tmp_path, monkeypatch, capsys):
    source = data_dir / "pairs" / "davis"
    drugs, targets, rows = (pd.read_csv(source / name) for name in ("drugs.csv", "targets.csv.gz", "affinity.csv.gz"))
    matrix = rows.pivot_table("Kd_nM", "drug_id", "target_id").loc[drugs["drug_id"], targets["target_id"]]
    folds = [np.flatnonzero(rows["fold"] == number).tolist() for number in range(-1, 5)]
    named = [dict(zip(table.iloc[:, 0].astype(str), table.iloc[:, 1], strict=True)) for table in (drugs, targets)]
    folder = publish(tmp_path / "davis", *named, matrix.to_numpy(float), folds[1:], folds[0], 2)
    monkeypatch.setattr("sys.argv", ["kinase.py", str(folder), "-o", str(tmp_path / "out")])
    kinase.main()
    assert capsys.readouterr().out.count(": what the card describes") == 3
    assert (tmp_path / "out" / "affinity.csv").read_bytes() == gzip.decompress((source / "affinity.csv.gz").read_bytes())


def test_the_recipe_is_a_configuration():
    config = TrainConfig.build(read_toml(BENCHMARKS / "kinase.toml"))
    assert (config.targets, config.split) == (("kiba_score",), "scaffold-balanced")
