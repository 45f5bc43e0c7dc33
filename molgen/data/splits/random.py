"""Rows at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits.base import Fractions, Split, SplitRows, Splitter, register

__all__ = ["RandomSplit"]


@register
@dataclass(frozen=True)
class RandomSplit(Splitter):
    """Rows at random: optimistic, because near copies of a test compound are trained on."""

    name: ClassVar[str] = "random"

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:
        """Shuffle the rows and cut them at the fractions."""
        n = len(rows)
        order = np.random.default_rng(seed).permutation(n)
        first, second = round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
        return Split.of(np.sort(order[:first]), np.sort(order[first:second]), np.sort(order[second:]))

    def folds(self, rows: SplitRows, k: int, seed: int) -> list[NDArray[np.int64]]:
        """Shuffle the rows and cut them into ``k`` parts that differ by one row at most."""
        order = np.random.default_rng(seed).permutation(len(rows))
        return [np.sort(part) for part in np.array_split(order, k)]
