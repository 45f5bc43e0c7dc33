"""Splits: every row in one part, scaffolds whole, and protocol P1 as its authors wrote it."""

import gzip

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem.Scaffolds import MurckoScaffold

from molgen.data.splits import column_split, random_split, scaffold_split
from molgen.errors import InputError


def reference_p1(smiles, fractions=(0.8, 0.1, 0.1)):
    """The algorithm as published with pretrain-gnns and PaddleHelix, restated from its description."""
    scaffolds = {}
    for row, text in enumerate(smiles):
        scaffolds.setdefault(MurckoScaffold.MurckoScaffoldSmiles(smiles=text, includeChirality=True), []).append(row)
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


@pytest.mark.parametrize(("file", "column"), [("delaney-processed", "smiles"), ("bace", "mol"), ("BBBP", "smiles")])
def test_scaffold_split_is_protocol_p1(data_dir, file, column):
    with gzip.open(data_dir / "molecules" / "moleculenet" / f"{file}.csv.gz", "rt") as table:
        texts = pd.read_csv(table)[column].str.strip()
    with rdBase.BlockLogs():
        pairs = [(text, mol) for text in texts if (mol := Chem.MolFromSmiles(text)) is not None]
    split = scaffold_split([mol for _, mol in pairs])
    for found, expected in zip((split.train, split.valid, split.test), reference_p1([t for t, _ in pairs]), strict=True):
        assert found.tolist() == expected


def test_random_split_covers_every_row_once_and_follows_the_seed():
    mols = [None] * 103
    split = random_split(mols, seed=1)
    assert sorted(np.concatenate([split.train, split.valid, split.test])) == list(range(103))
    assert split.sizes() == {"train": 82, "valid": 11, "test": 10}
    assert (random_split(mols, seed=1).train == split.train).all()
    assert (random_split(mols, seed=2).train != split.train).any()


def test_column_split_reads_words_and_leaves_out_empty_cells():
    split = column_split(["Train", "val", " test ", "", "training"])
    assert (split.train.tolist(), split.valid.tolist(), split.test.tolist()) == ([0, 4], [1], [2])
    with pytest.raises(InputError, match=r"row 2.*'holdout'"):
        column_split(["train", "holdout"])
    with pytest.raises(InputError, match="no row in training"):
        column_split(["test", "valid"])
