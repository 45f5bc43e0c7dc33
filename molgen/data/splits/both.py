"""Pairs of which neither side was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from molgen.chem.scaffold import murcko_scaffolds
from molgen.data.splits.base import Fractions, Split, SplitRows, Splitter, register
from molgen.data.splits.cluster import ClusterSplit
from molgen.data.splits.fill import fill_shuffled, number_groups

__all__ = ["BothSplit"]


@register
@dataclass(frozen=True)
class BothSplit(Splitter):
    """Scaffolds of molecules and clusters of sequences in one part each, by the seed; a pair of different parts is left out.

    Parameters
    ----------
    share
        See ``cluster``.

    The fractions are those of either side: of the usual ones, a hundredth of all pairs is tested on.
    """

    name: ClassVar[str] = "both"
    share: float = 0.2

    def __post_init__(self) -> None:
        ClusterSplit(self.share)

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:
        """Divide scaffolds and clusters, and keep what is in the same part of both."""
        scaffolds = number_groups(murcko_scaffolds(rows.molecules(), chirality=False))
        clusters = ClusterSplit(self.share).groups(rows)
        first, second = (fill_shuffled(groups, fractions, seed) for groups in (scaffolds, clusters))
        return Split.of(*(np.intersect1d(one, other) for one, other in zip(first, second, strict=True)))
