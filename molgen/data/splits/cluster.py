"""Clusters of similar sequences whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.bio.clusters import cluster_sequences
from molgen.bio.profiles import Profile
from molgen.data.splits.base import GroupSplitter, SplitRows, register
from molgen.data.splits.fill import number_groups
from molgen.errors import ConfigError
from molgen.subjects.sequence import find_alphabet

__all__ = ["ClusterSplit"]


@register
@dataclass(frozen=True)
class ClusterSplit(GroupSplitter):
    """Sequences that share words, directly or through others, in one part, large clusters in training, others by the seed.

    Of responses each sample is a cluster of its own.

    Parameters
    ----------
    share
        Share of the shorter sequence's words (11 letters of nucleic acids, 5 of proteins) from which on two are in one cluster. No
        two sequences in different parts share as many. 0.2 is some 85 % identity of nucleic acids, 70 % of proteins, where
        differences are spread evenly.
    both_strands
        Whether the other strand of a nucleic acid counts as the same.
    """

    name: ClassVar[str] = "cluster"
    share: float = 0.2
    both_strands: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ConfigError("unusable share of split 'cluster'", expected="above 0, up to 1", got=repr(self.share))

    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Number the clusters."""
        sequences = rows.sequences()
        if all(isinstance(each, Profile) for each in sequences):
            return number_groups(str(each) for each in sequences)
        alphabet = find_alphabet(list(dict.fromkeys(sequences)))
        if self.both_strands and alphabet == "protein":
            raise ConfigError("proteins have no other strand", where="split 'cluster'", got="both_strands true")
        return cluster_sequences(sequences, alphabet, self.share, both_strands=self.both_strands)
