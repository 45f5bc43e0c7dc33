"""Rows at random, with the labels spread evenly over the parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits.base import Fractions, Split, SplitRows, Splitter, register
from molgen.errors import ConfigError

__all__ = ["StratifiedSplit"]


@register
@dataclass(frozen=True)
class StratifiedSplit(Splitter):
    """Rows at random, but each class (or range of values) in every part by its share; for data with few positives.

    Rows are ordered by their labels, equal ones at random, and dealt out along that order, so that any stretch of it is shared
    out by the fractions. With several targets the first counts most. As optimistic as ``random``.
    """

    name: ClassVar[str] = "stratified"

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:
        """Deal the rows out by the fractions."""
        rng = np.random.default_rng(seed)
        parts: tuple[list[int], list[int], list[int]] = ([], [], [])
        # Parts start apart by less than a row, at random, so that no part always gets the first of a class.
        wanted = np.array(fractions) > 0
        lack = np.where(wanted, rng.random(3), 0.0)
        lack[wanted] -= lack[wanted].mean()
        for row in _by_label(rows, rng):
            lack += fractions
            at = int(lack.argmax())
            lack[at] -= 1
            parts[at].append(int(row))
        return Split.of(*map(sorted, parts))

    def folds(self, rows: SplitRows, k: int, seed: int) -> list[NDArray[np.int64]]:
        """Deal the rows out, ``k`` at a time."""
        rng = np.random.default_rng(seed)
        order = _by_label(rows, rng)
        number = np.concatenate([rng.permutation(k) for _ in range(0, len(order), k)] or [np.zeros(0, np.int64)])[: len(order)]
        return [np.sort(order[number == fold]) for fold in range(k)]


def _by_label(rows: SplitRows, rng: np.random.Generator) -> NDArray[np.int64]:
    """Order the rows by their labels, missing ones last, equal ones at random."""
    if rows.targets is None:
        raise ConfigError("split 'stratified' needs labels", remedy="name a column with --target COLUMN")
    keys = [rng.random(len(rows)), *reversed(rows.targets.T)]
    return np.lexsort(keys).astype(np.int64)
