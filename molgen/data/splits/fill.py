"""How groups of rows are filled into parts and folds, no group broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["balance_folds", "fill_greedily", "fill_shuffled", "group_rows", "number_groups"]

Group = NDArray[np.int64]
Parts = tuple[Group, Group, Group]


def number_groups(keys: Iterable[str | None]) -> NDArray[np.int64]:
    """Number keys in the order they first occur; -1 for ``None``."""
    numbers: dict[str, int] = {}
    return np.array([-1 if key is None else numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def group_rows(groups: NDArray[np.int64]) -> list[Group]:
    """Return the rows of each group, ascending, groups in the order of their first row; rows of group -1 are in none."""
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    if not len(order):
        return []
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    return sorted(np.split(order, cuts), key=lambda rows: int(rows[0]))


def fill_greedily(groups: Sequence[Group], fractions: tuple[float, float, float]) -> Parts:
    """Fill groups, in their order, into training while they fit, else into validation while they fit, else into test.

    Validation may fill up to the *sum* of the first two shares, so what training leaves free is validation's.
    """
    n = sum(map(len, groups))
    train_cut, valid_cut = fractions[0] * n, (fractions[0] + fractions[1]) * n
    train: list[Group] = []
    valid: list[Group] = []
    test: list[Group] = []
    in_train = in_valid = 0
    for rows in groups:
        if in_train + len(rows) <= train_cut:
            train.append(rows)
            in_train += len(rows)
        elif in_train + in_valid + len(rows) <= valid_cut:
            valid.append(rows)
            in_valid += len(rows)
        else:
            test.append(rows)
    return _join(train), _join(valid), _join(test)


def fill_shuffled(groups: NDArray[np.int64], fractions: tuple[float, float, float], seed: int) -> Parts:
    """Fill groups in a random order, but those larger than half of the validation or test part first, which puts them in training.

    Each part takes groups while they fit into its own share; test takes the rest. Rows of each part ascend. This is the rule of
    chemprop's balanced scaffold split (Yang et al., J. Chem. Inf. Model. 2019, 59, 3370).
    """
    rows = group_rows(groups)
    n = sum(map(len, rows))
    train_size, valid_size, test_size = (share * n for share in fractions)
    # By size and first row before the shuffle: what is drawn then depends on the groups alone.
    rows.sort(key=lambda each: (-len(each), int(each[0])))
    order = np.random.default_rng(seed).permutation(len(rows))
    large = [len(each) > valid_size / 2 or len(each) > test_size / 2 for each in rows]
    ordered = [rows[at] for at in order if large[at]] + [rows[at] for at in order if not large[at]]
    train: list[Group] = []
    valid: list[Group] = []
    test: list[Group] = []
    in_train = in_valid = 0
    for each in ordered:
        if in_train + len(each) <= train_size:
            train.append(each)
            in_train += len(each)
        elif in_valid + len(each) <= valid_size:
            valid.append(each)
            in_valid += len(each)
        else:
            test.append(each)
    return np.sort(_join(train)), np.sort(_join(valid)), np.sort(_join(test))


def balance_folds(groups: NDArray[np.int64], k: int, seed: int) -> list[Group]:
    """Put groups, largest first and ties in random order, each into the fold that has the fewest rows so far.

    Folds then differ by no more than the largest group. Some are empty where there are fewer than ``k`` groups.
    """
    rows = group_rows(groups)
    order = np.random.default_rng(seed).permutation(len(rows))
    folds: list[list[Group]] = [[] for _ in range(k)]
    sizes = [0] * k
    for each in sorted((rows[at] for at in order), key=len, reverse=True):
        least = sizes.index(min(sizes))
        folds[least].append(each)
        sizes[least] += len(each)
    return [np.sort(_join(fold)) for fold in folds]


def _join(groups: list[Group]) -> Group:
    return np.concatenate(groups).astype(np.int64) if groups else np.zeros(0, np.int64)
