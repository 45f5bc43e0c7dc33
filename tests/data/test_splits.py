"""Splits: protocol P1 and its kin as their authors wrote them, clusters as RDKit's, and columns read or refused."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold
from rdkit.ML.Cluster import Butina

from molgen.chem.clusters import butina_clusters
from molgen.chem.fingerprints import morgan_packed
from molgen.data.dataset import load_dataset
from molgen.data.splits import SplitRows, Splitter, available, get_splitter, make_folds, make_split, register
from molgen.errors import ConfigError, InputError
from molgen.training.config import TrainConfig


def column(cells, **more):
    return SplitRows([None] * len(cells), cells=cells, column="data.csv, column 'when'", **more)


def lists(split):
    return split.train.tolist(), split.valid.tolist(), split.test.tolist()


# --- scaffolds ----------------------------------------------------------------------------------------------------


def reference_greedy(smiles, fractions=(0.8, 0.1, 0.1), *, chirality):
    """The algorithm as published with pretrain-gnns and PaddleHelix (and, blind to chirality, DeepChem), from its description."""
    scaffolds = {}
    for row, text in enumerate(smiles):
        scaffolds.setdefault(MurckoScaffold.MurckoScaffoldSmiles(smiles=text, includeChirality=chirality), []).append(row)
    ordered = [rows for _, rows in sorted(scaffolds.items(), key=lambda item: (len(item[1]), item[1][0]), reverse=True)]
    train_cutoff, valid_cutoff = fractions[0] * len(smiles), (fractions[0] + fractions[1]) * len(smiles)
    train, valid, test = [], [], []
    for rows in ordered:
        if len(train) + len(rows) > train_cutoff:
            if len(train) + len(valid) + len(rows) > valid_cutoff:
                test.extend(rows)
            else:
                valid.extend(rows)
        else:
            train.extend(rows)
    return train, valid, test


@pytest.fixture(scope="module")
def molecules(data_dir):
    """SMILES and molecules of three real tables."""
    found = {}
    for file, name in (("delaney-processed", "smiles"), ("bace", "mol"), ("BBBP", "smiles")):
        with gzip.open(data_dir / "molecules" / "moleculenet" / f"{file}.csv.gz", "rt") as table:
            texts = pd.read_csv(table, usecols=[name])[name].str.strip()
        with rdBase.BlockLogs():
            found[file] = [(text, mol) for text in texts if (mol := Chem.MolFromSmiles(text)) is not None]
    return found


@pytest.mark.parametrize("file", ["delaney-processed", "bace", "BBBP"])
@pytest.mark.parametrize(("name", "chirality"), [("scaffold", True), ("scaffold-deepchem", False)])
def test_scaffold_splits_are_the_published_ones(molecules, file, name, chirality):
    texts, mols = zip(*molecules[file], strict=True)
    assert lists(make_split(mols, name)) == tuple(reference_greedy(texts, chirality=chirality))


def test_chirality_is_the_difference_between_the_two(molecules):
    _, mols = zip(*molecules["BBBP"], strict=True)
    assert lists(make_split(mols, "scaffold")) != lists(make_split(mols, "scaffold-deepchem"))
    flat = [Chem.MolFromSmiles(Chem.MolToSmiles(mol, isomericSmiles=False)) for mol in mols]
    assert lists(make_split(flat, "scaffold")) == lists(make_split(flat, "scaffold-deepchem"))


def test_balanced_scaffolds_follow_the_seed_and_keep_large_ones_in_training(molecules):
    _, mols = zip(*molecules["delaney-processed"], strict=True)
    splits = [make_split(mols, "scaffold-balanced", seed=seed) for seed in (0, 1, 0)]
    assert lists(splits[0]) == lists(splits[2])
    assert lists(splits[0]) != lists(splits[1])
    acyclic = [row for row, mol in enumerate(mols) if mol.GetRingInfo().NumRings() == 0]
    assert all(set(acyclic) <= set(split.train.tolist()) for split in splits)


# --- clusters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("similarity", [0.35, 0.6, 0.8])
def test_clusters_are_rdkits(molecules, similarity):
    mols = [mol for _, mol in molecules["bace"]][:600]
    prints = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024).GetFingerprints(mols)
    distances = [1 - s for row in range(1, len(prints)) for s in DataStructs.BulkTanimotoSimilarity(prints[row], prints[:row])]
    expected = np.empty(len(mols), int)
    for number, rows in enumerate(Butina.ClusterData(distances, len(mols), 1 - similarity, isDistData=True)):
        expected[list(rows)] = number
    assert (butina_clusters(morgan_packed(mols, size=1024), similarity) == expected).all()


def test_clusters_of_nothing_and_of_empty_fingerprints():
    assert butina_clusters(np.zeros((0, 16), np.uint8), 0.6).tolist() == []
    assert sorted(butina_clusters(np.zeros((3, 16), np.uint8), 0.6).tolist()) == [0, 1, 2]


def test_butina_keeps_series_whole(molecules):
    mols = [mol for _, mol in molecules["bace"]][:600]
    split = make_split(mols, "butina", similarity=0.5)
    clusters = butina_clusters(morgan_packed(mols, size=1024), 0.5)
    parts = [set(clusters[rows].tolist()) for rows in (split.train, split.valid, split.test)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


# --- random and stratified ----------------------------------------------------------------------------------------


def test_random_split_covers_every_row_once_and_follows_the_seed():
    mols = [None] * 103
    split = make_split(mols, "random", seed=1)
    assert sorted(np.concatenate([split.train, split.valid, split.test])) == list(range(103))
    assert split.sizes() == {"train": 82, "valid": 11, "test": 10}
    assert (make_split(mols, "random", seed=1).train == split.train).all()
    assert (make_split(mols, "random", seed=2).train != split.train).any()


def test_a_random_split_is_what_it_was():
    """The rows of a seed are part of what a bundle's card promises."""
    assert make_split([None] * 20, "random", seed=0).test.tolist() == [1, 15]


def test_rare_positives_are_in_every_part():
    labels = np.zeros((1000, 1))
    labels[::50] = 1
    for seed in range(5):
        split = make_split(SplitRows([None] * 1000, labels), "stratified", seed=seed)
        assert [labels[part].sum() for part in (split.train, split.valid, split.test)] == [16, 2, 2]


def test_stratified_needs_labels():
    with pytest.raises(ConfigError, match="needs labels"):
        make_split([None] * 10, "stratified")


# --- columns ------------------------------------------------------------------------------------------------------


def test_column_split_reads_words_and_leaves_out_empty_cells():
    split = make_split(column(["Train", "val", " test ", "", "training"]), "column")
    assert lists(split) == ([0, 4], [1], [2])
    assert split.parts(5) == ["train", "valid", "test", "", "train"]
    with pytest.raises(InputError, match=r"row 2.*'holdout'"):
        make_split(column(["train", "holdout"]), "column")
    with pytest.raises(InputError, match="no row in training"):
        make_split(column(["test", "valid"]), "column")


@pytest.mark.parametrize(
    "cells",
    [
        [
            "2020-05-01",
            "2011-01-02",
            "2015-07-30T10:00:00",
            "2015-07-30",
            "2012",
            "",
            "2018/02/03",
            "2019-02",
            "2013-1-5",
            "2014",
            "2016",
        ],
        ["9", "1", "5.5", "5", "2", "", "7e0", "+8", "3", "4", "6"],
    ],
)
def test_old_rows_train_and_new_rows_test(cells):
    split = make_split(column(cells), "time")
    assert lists(split) == ([1, 2, 3, 4, 6, 8, 9, 10], [7], [0])


def test_one_time_is_never_on_both_sides():
    years = ["2001"] * 7 + ["2002"] * 2 + ["2003"]
    split = make_split(column(years), "time")
    assert lists(split) == (list(range(7)), [7, 8], [9])


@pytest.mark.parametrize("bad", ["03/04/2019", "yesterday", "2019-13-01", "2019-02-30", "nan", "1e999", "20190331", "99-01-01"])
def test_a_date_that_cannot_be_read_names_its_row(bad):
    with pytest.raises(InputError, match=r"line 7.*no date or number") as caught:
        make_split(column(["2011-01-01", bad], names=["line 4", "line 7"]), "time")
    assert repr(bad) in str(caught.value)


def test_one_date_alone_cannot_be_split():
    with pytest.raises(InputError, match="fewer than two different times"):
        make_split(column(["2011"] * 5), "time")


def test_groups_stay_together_and_unknown_ones_are_left_out():
    cells = ["a", "b ", "", "a", "c", "b", "d", "e", "e", "f"]
    split = make_split(column(cells), "group", fractions=(0.6, 0.2, 0.2))
    parts = split.parts(10)
    assert parts[2] == ""
    assert parts[0] == parts[3]
    assert parts[1] == parts[5]
    assert parts[7] == parts[8]
    with pytest.raises(InputError, match="fewer than two groups"):
        make_split(column(["a", "a"]), "group")


@pytest.mark.parametrize("name", ["column", "time", "group"])
def test_a_splitter_without_its_column_says_so(name):
    with pytest.raises(ConfigError, match="--split-column"):
        make_split([None] * 4, name)


# --- folds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scaffold", "scaffold-deepchem", "scaffold-balanced", "butina", "random"])
def test_every_row_is_tested_once(molecules, name):
    mols = [mol for _, mol in molecules["bace"]][:300]
    folds = make_folds(mols, name, 4, seed=3)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(300))
    for number, fold in enumerate(folds):
        assert sorted(np.concatenate([fold.train, fold.valid, fold.test])) == list(range(300))
        assert fold.valid.tolist() == folds[(number + 1) % 4].test.tolist()


def test_a_scaffold_is_in_one_fold(molecules):
    mols = [mol for _, mol in molecules["delaney-processed"]]
    scaffolds = np.array([MurckoScaffold.MurckoScaffoldSmiles(mol=mol, includeChirality=True) for mol in mols])
    tested = [set(scaffolds[fold.test]) for fold in make_folds(mols, "scaffold", 5)]
    assert sum(map(len, tested)) == len(set(scaffolds))


def test_folds_by_time_never_look_ahead():
    years = np.random.default_rng(0).integers(2000, 2020, 200)
    folds = make_folds(column([str(year) for year in years]), "time", 3)
    assert len(folds) == 3
    for fold in folds:
        assert years[fold.train].max() < years[fold.valid].min() <= years[fold.valid].max() < years[fold.test].min()
    assert folds[-1].test.size + folds[-1].valid.size + folds[-1].train.size == 200


def test_classes_are_even_over_stratified_folds():
    labels = np.repeat([[0.0], [1.0]], [90, 10], axis=0)
    folds = make_folds(SplitRows([None] * 100, labels), "stratified", 5)
    assert [labels[fold.test].sum() for fold in folds] == [2] * 5


@pytest.mark.parametrize(
    ("name", "k", "error", "words"),
    [
        ("random", 2, ConfigError, "too few folds"),
        ("random", 11, InputError, "cannot make 11 parts"),
        ("group", 5, InputError, "rows or groups for 3 only"),
        ("time", 9, InputError, "too few different times"),
        ("column", 3, ConfigError, "has no folds"),
    ],
)
def test_folds_that_cannot_be_made(name, k, error, words):
    with pytest.raises(error, match=words):
        make_folds(column(["1", "2", "3", "1", "2", "3", "1", "2", "3", "1"]), name, k)


# --- configuration ------------------------------------------------------------------------------------------------


def test_a_data_sets_column_is_found_by_its_name(tmp_path):
    path = tmp_path / "data.csv"
    rows = [f"{'C' * n}O,{n},20{n:02d}-01-01" for n in range(1, 11)]
    path.write_text("\n".join(["smiles,y,When", *rows]) + "\n")
    dataset = load_dataset(path, targets=["y"], extra_columns=["When"])
    assert make_split(dataset, "time", column="When").test.tolist() == [9]
    with pytest.raises(ConfigError, match="loaded without column 'date'"):
        make_split(dataset, "time", column="date")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"unknown split 'blocks'.*butina, chromosome, cluster, column, group, keys, random, scaffold"
    ):
        TrainConfig.build({"split": "blocks"})
    with pytest.raises(ConfigError, match="no option 'cutoff'; expected one of similarity"):
        TrainConfig.build({"split": "butina", "split_options": {"cutoff": 0.4}})
    with pytest.raises(ConfigError, match="no option 'cutoff'; expected none"):
        get_splitter("random", cutoff=0.4)
    with pytest.raises(ConfigError, match=r"wrong type.*float"):
        get_splitter("butina", similarity="high")
    with pytest.raises(ConfigError, match="above 0, up to 1"):
        get_splitter("butina", similarity=1.2)


def test_a_column_is_named_where_it_is_read_and_only_there():
    assert TrainConfig.build({"split_column": "part"}).split == "column"
    assert TrainConfig.build({"split": "time", "split_column": "date"}).split_column == "date"
    with pytest.raises(ConfigError, match="split 'time' needs split_column"):
        TrainConfig.build({"split": "time"})
    with pytest.raises(ConfigError, match="split 'random' reads no column"):
        TrainConfig.build({"split": "random", "split_column": "date"})


@pytest.mark.parametrize("fractions", [(0.8, 0.1), (0.8, 0.3, -0.1), (0.5, 0.1, 0.1), (np.nan, 0.5, 0.5)])
def test_fractions_that_are_none(fractions):
    with pytest.raises(ConfigError, match="fractions"):
        make_split([None] * 10, "random", fractions=fractions)


def test_structures_cannot_be_split_without_molecules():
    with pytest.raises(ConfigError, match="None in row 2"):
        make_split([Chem.MolFromSmiles("C"), None], "scaffold")


def test_two_splitters_of_one_name_are_refused():
    class Impostor(Splitter):
        """Not the real one."""

        name = "random"

    with pytest.raises(ConfigError, match="two splitters are named 'random'"):
        register(Impostor)


def test_every_splitter_says_what_it_does():
    for name, kind in available().items():
        assert kind.name == name
        assert len(kind.about()) > 20


DROPPED_IN = '''
"""Every third row."""
from dataclasses import dataclass
from typing import ClassVar
from molgen.data.splits import Split, Splitter, register

@register
@dataclass(frozen=True)
class Thirds(Splitter):
    """Every third row in validation, every third in test."""
    name: ClassVar[str] = "thirds"
    start: int = 0
    def split(self, rows, fractions, seed):
        return Split.of(*[range((self.start + part) % 3, len(rows), 3) for part in range(3)])
'''


def test_a_file_dropped_in_is_known_everywhere(tmp_path: Path, measured_table: Path):
    """To the configuration of a training, to the split command and to the list: no other file is touched."""
    (tmp_path / "thirds.py").write_text(DROPPED_IN)
    code = f"""
import molgen.data.splits as package
package.__path__.append({str(tmp_path)!r})
from molgen.training.config import TrainConfig
assert TrainConfig.build({{"split": "thirds", "split_options": {{"start": 1}}}}).split == "thirds"
from click.testing import CliRunner
from molgen.cli.main import main
done = CliRunner().invoke(main, ["data", "splitters"])
assert "thirds" in done.output, done.output
files = [{str(measured_table)!r}, "-o", {str(tmp_path / "o.csv")!r}]
done = CliRunner().invoke(main, ["data", "split", *files, "--split", "thirds", "--split-option", "start=1"])
assert done.exit_code == 0, done.output
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    written = pd.read_csv(tmp_path / "o.csv")["split"]
    assert written[:4].tolist() == ["test", "train", "valid", "test"]
