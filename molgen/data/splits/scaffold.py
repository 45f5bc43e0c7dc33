"""Scaffolds whole, as most published MoleculeNet tables have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.chem.scaffold import murcko_scaffolds
from molgen.data.splits.base import Fractions, GroupSplitter, Split, SplitRows, register
from molgen.data.splits.fill import fill_greedily, group_rows, number_groups

__all__ = ["ScaffoldSplit"]


@register
@dataclass(frozen=True)
class ScaffoldSplit(GroupSplitter):
    """Each Bemis-Murcko scaffold (with chirality) in one part, the most common ones in training.

    Groups are sorted by (size, first row) descending and filled greedily into training, validation and test. Deterministic:
    the seed is not used, but for the order of scaffolds of one size in folds. Acyclic molecules share the empty scaffold. Source:
    the splitter of pretrain-gnns (Hu et al., ICLR 2020) and PaddleHelix, under which MoleculeNet results are most often published.
    """

    name: ClassVar[str] = "scaffold"
    chirality: ClassVar[bool] = True

    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Number the scaffolds."""
        return number_groups(murcko_scaffolds(rows.molecules(), chirality=self.chirality))

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:  # noqa: ARG002 - the published rule has no seed
        """Fill the largest scaffolds first."""
        groups = sorted(group_rows(self.groups(rows)), key=lambda each: (len(each), int(each[0])), reverse=True)
        return Split.of(*fill_greedily(groups, fractions))
