"""What holds of every split whatever the rows: each in one part, groups whole, sizes within a group, the same again."""

from __future__ import annotations

from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molgen.chem.clusters import butina_clusters
from molgen.chem.scaffold import murcko_scaffolds
from molgen.data.splits import SplitRows, make_folds, make_split
from molgen.data.splits.fill import balance_folds, fill_greedily, fill_shuffled, group_rows
from molgen.errors import InputError

SMILES = """C CC CCO CCN CC(C)O C1CC1 C1CCCCC1 OC1CCCCC1 C[C@H]1CCCC[C@@H]1O c1ccccc1 Cc1ccccc1 Clc1ccccc1 c1ccc2ccccc2c1 c1ccncc1
Cc1ccncc1 c1ccc(cc1)c1ccccc1 O=C1CC[C@@H](C1)c1ccccc1 O=C1CC[C@H](C1)c1ccccc1 c1ccc(cc1)/C=C/c1ccccc1 c1ccc(cc1)/C=C\\c1ccccc1
O=C(Nc1ccccc1)c1ccccc1 c1c[nH]cn1 Cc1c[nH]cn1 C1CCNCC1 CN1CCNCC1 c1ccc(cc1)CN1CCNCC1 c1ccsc1""".split()
POOL = [Chem.MolFromSmiles(text) for text in SMILES]
SCAFFOLDS = {chirality: murcko_scaffolds(POOL, chirality=chirality) for chirality in (True, False)}

picks = st.lists(st.integers(0, len(POOL) - 1), min_size=1, max_size=60)
seeds = st.integers(0, 2**31)
shares = st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(0, 10)).filter(any)
fractions = shares.map(lambda parts: tuple(part / sum(parts) for part in parts))
groups = st.lists(st.integers(0, 12), min_size=1, max_size=80).map(lambda found: np.array(found, np.int64))
NAMES = ["random", "stratified", "scaffold", "scaffold-deepchem", "scaffold-balanced", "butina", "group", "time"]


def rows_of(chosen):
    """Rows that every splitter can read."""
    cells = [str(2000 + number % 7) for number in chosen]
    return SplitRows([POOL[number] for number in chosen], np.array([[float(number % 2)] for number in chosen]), cells)


def parts_of(split):
    return [split.train.tolist(), split.valid.tolist(), split.test.tolist()]


def try_split(chosen, name, **settings):
    """Split, or end the example where one value cannot be divided, which is refused in words."""
    rows = rows_of(chosen)
    try:
        return make_split(rows, name, **settings)
    except InputError as error:
        assert name in ("group", "time")
        assert "fewer than two" in str(error)
        assert len(set(rows.cells)) == 1
        return None


def keys(name, chosen):
    """What may not be divided, a key each row."""
    if name in ("group", "time"):
        return [number % 7 for number in chosen]
    if name == "butina":
        from molgen.chem.fingerprints import morgan_packed

        return butina_clusters(morgan_packed([POOL[number] for number in chosen], size=1024), 0.6).tolist()
    if name.startswith("scaffold"):
        return [SCAFFOLDS[name == "scaffold"][number] for number in chosen]
    return list(range(len(chosen)))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(chosen=picks, fractions=fractions, seed=seeds)
def test_every_row_is_in_one_part_and_no_group_in_two(name, chosen, fractions, seed):
    split = try_split(chosen, name, fractions=fractions, seed=seed)
    if split is None:
        return
    parts = parts_of(split)
    assert sorted(chain(*parts)) == list(range(len(chosen)))
    key = keys(name, chosen)
    homes = {(key[row], at) for at, part in enumerate(parts) for row in part}
    assert len(homes) == len(set(key))
    again = try_split(chosen, name, fractions=fractions, seed=seed)
    assert parts_of(again) == parts


@pytest.mark.parametrize("name", [name for name in NAMES if name != "time"])
@settings(max_examples=20, deadline=None)
@given(chosen=picks, seed=seeds, k=st.integers(3, 6))
def test_folds_test_every_row_once_and_divide_no_group(name, chosen, seed, k):
    try:
        folds = make_folds(rows_of(chosen), name, k, seed)
    except InputError:
        assert len(set(keys(name, chosen))) < k
        return
    assert len(folds) == k
    assert sorted(chain(*(fold.test.tolist() for fold in folds))) == list(range(len(chosen)))
    key = keys(name, chosen)
    assert sum(len({key[row] for row in fold.test}) for fold in folds) == len(set(key))
    for fold in folds:
        assert sorted(chain(*parts_of(fold))) == list(range(len(chosen)))


@settings(max_examples=100, deadline=None)
@given(groups=groups, fractions=fractions, seed=seeds)
def test_sizes_are_within_the_largest_group(groups, fractions, seed):
    n, largest = len(groups), int(np.bincount(groups).max())
    slack = 1e-6
    ordered = sorted(group_rows(groups), key=lambda rows: (len(rows), rows[0]), reverse=True)
    train, valid, test = map(len, fill_greedily(ordered, fractions))
    assert train <= fractions[0] * n + slack
    assert train > fractions[0] * n - largest - slack
    assert valid <= (fractions[0] + fractions[1]) * n + slack
    assert test < fractions[2] * n + largest + slack
    train, valid, test = map(len, fill_shuffled(groups, fractions, seed))
    assert fractions[0] * n - largest - slack < train <= fractions[0] * n + slack or test == 0
    assert valid <= fractions[1] * n + slack
    assert test < fractions[2] * n + 2 * largest + slack


@settings(max_examples=100, deadline=None)
@given(groups=groups, seed=seeds, k=st.integers(1, 8))
def test_folds_differ_by_no_more_than_the_largest_group(groups, seed, k):
    folds = balance_folds(groups, k, seed)
    sizes = [len(fold) for fold in folds]
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(groups)))
    assert max(sizes) - min(sizes) <= np.bincount(groups).max()


@settings(max_examples=100, deadline=None)
@given(groups=groups, seed=seeds, labels=st.permutations(range(13)))
def test_the_names_of_groups_do_not_matter(groups, seed, labels):
    renamed = np.array(labels)[groups]
    for first, second in zip(
        fill_shuffled(groups, (0.6, 0.2, 0.2), seed), fill_shuffled(renamed, (0.6, 0.2, 0.2), seed), strict=True
    ):
        assert first.tolist() == second.tolist()


@settings(max_examples=70, deadline=None)
@given(chosen=picks, data=st.data())
def test_time_knows_no_order_of_rows(chosen, data):
    """The same compounds in another order get the same parts."""
    order = data.draw(st.permutations(range(len(chosen))))
    split, shuffled = (try_split(each, "time") for each in (chosen, [chosen[at] for at in order]))
    if split is None:
        return
    moved = [sorted(order[row] for row in part) for part in parts_of(shuffled)]
    assert moved == parts_of(split)


@settings(max_examples=100, deadline=None)
@given(years=st.lists(st.integers(1990, 2020), min_size=2, max_size=60), fractions=fractions)
def test_nothing_in_training_is_newer_than_anything_in_test(years, fractions):
    rows = SplitRows([None] * len(years), cells=[str(year) for year in years])
    try:
        split = make_split(rows, "time", fractions=fractions)
    except InputError:
        assert len(set(years)) == 1
        return
    spans = [[years[row] for row in part] for part in parts_of(split) if part]
    assert all(max(first) < min(second) for first, second in pairwise(spans))
    assert abs(len(split.train) - fractions[0] * len(years)) <= max(np.unique(years, return_counts=True)[1])


@settings(max_examples=70, deadline=None)
@given(positives=st.integers(0, 40), negatives=st.integers(0, 40), fractions=fractions, seed=seeds)
def test_each_class_is_shared_out_by_the_fractions(positives, negatives, fractions, seed):
    labels = np.repeat([[1.0], [0.0]], [positives, negatives], axis=0)
    if not len(labels):
        return
    split = make_split(SplitRows([None] * len(labels), labels), "stratified", fractions=fractions, seed=seed)
    for part, share in zip((split.train, split.valid, split.test), fractions, strict=True):
        assert abs(labels[part].sum() - share * positives) < 3
        assert abs(len(part) - share * len(labels)) < 2


@settings(max_examples=70, deadline=None)
@given(
    bits=st.lists(st.lists(st.integers(0, 15), max_size=6), min_size=1, max_size=40),
    similarity=st.sampled_from([0.3, 0.5, 0.75, 1.0]),
)
def test_clusters_hold_their_centres_neighbours(bits, similarity):
    """Against the definition, pair by pair."""
    dense = np.zeros((len(bits), 16), bool)
    for row, on in enumerate(bits):
        dense[row, on] = True
    common = (dense[:, None] & dense[None]).sum(2)
    union = (dense[:, None] | dense[None]).sum(2)
    near = (common >= similarity * union - 1e-9) & (common > 0)
    # A row without bits is nobody's neighbour, not even its own.
    left = sorted(range(len(bits)), key=lambda row: (near[row].sum() - near[row, row], row), reverse=True)
    expected = np.full(len(bits), -1)
    for number in range(len(bits)):
        if not left:
            break
        members = [row for row in left if near[left[0], row]] or [left[0]]
        expected[members] = number
        left = [row for row in left if row not in members]
    assert butina_clusters(np.packbits(dense, axis=1), similarity).tolist() == expected.tolist()
