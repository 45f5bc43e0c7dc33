"""Clusters of similar compounds whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.chem.clusters import butina_clusters
from molgen.chem.fingerprints import morgan_packed
from molgen.data.splits.base import GroupSplitter, SplitRows, register
from molgen.errors import ConfigError

__all__ = ["ButinaSplit"]


@register
@dataclass(frozen=True)
class ButinaSplit(GroupSplitter):
    """Each Butina cluster of Morgan fingerprints (radius 2, 1,024 bits) in one part, large ones in training, others by the seed.

    Parameters
    ----------
    similarity
        Tanimoto similarity to the centre of a cluster from which on a compound belongs to it; 0.6 is a *distance* of 0.4.

    Compounds of two clusters may still be more similar to each other than this: only the centres are compared.
    """

    name: ClassVar[str] = "butina"
    similarity: float = 0.6

    def __post_init__(self) -> None:
        if not 0 < self.similarity <= 1:
            raise ConfigError("unusable similarity of split 'butina'", expected="above 0, up to 1", got=repr(self.similarity))

    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Number the clusters."""
        return butina_clusters(morgan_packed(rows.molecules(), size=1024), self.similarity)
