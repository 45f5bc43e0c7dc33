"""Scaffolds whole, in an order that the seed decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.chem.scaffold import murcko_scaffolds
from molgen.data.splits.base import GroupSplitter, SplitRows, register
from molgen.data.splits.fill import number_groups

__all__ = ["BalancedScaffoldSplit"]


@register
@dataclass(frozen=True)
class BalancedScaffoldSplit(GroupSplitter):
    """Each scaffold in one part, large ones in training, the others by the seed: several seeds give several test sets.

    Scaffolds are blind to chirality. The rule is chemprop's ``scaffold_balanced``; the parts differ from its own for the same seed,
    for it draws from another random number generator. Source: Yang et al., J. Chem. Inf. Model. 2019, 59, 3370.
    """

    name: ClassVar[str] = "scaffold-balanced"

    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Number the scaffolds."""
        return number_groups(murcko_scaffolds(rows.molecules(), chirality=False))
