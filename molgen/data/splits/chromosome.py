"""Chromosomes whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits.base import Fractions, GroupSplitter, Split, SplitRows, register
from molgen.data.splits.fill import fill_shuffled, number_groups
from molgen.errors import ConfigError, InputError

__all__ = ["ChromosomeSplit"]


@register
@dataclass(frozen=True)
class ChromosomeSplit(GroupSplitter):
    """Each chromosome, or contig, in one part: those that are named, or large ones in training and others by the seed.

    Parameters
    ----------
    valid, test
        Contigs of these parts, by comma, such as ``"chr8,chr9"``. With one of them alone, or none, what is left is divided by the
        fractions.
    """

    name: ClassVar[str] = "chromosome"
    valid: str = ""
    test: str = ""

    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Number the contigs.

        Raises
        ------
        ConfigError
            If nobody knows where rows are from.
        """
        return number_groups(self._contigs(rows))

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:
        """Hold out the contigs that are named, and divide the others.

        Raises
        ------
        ConfigError
            If a contig is named for two parts.
        InputError
            If there is no row of a contig that is named.
        """
        contigs = np.array(self._contigs(rows), dtype=object)
        valid, test = (self._named(each, contigs) for each in (self.valid, self.test))
        if twice := sorted(set(valid) & set(test)):
            raise ConfigError("a contig is in two parts", where="split 'chromosome'", got=twice[0])
        held = [np.flatnonzero(np.isin(contigs, each)) for each in (valid, test)]
        rest = np.flatnonzero(~np.isin(contigs, [*valid, *test]))
        if valid and test:
            return Split.of(rest, *held)
        # What is named has its part already: its share of the rest goes to training.
        shares = (fractions[0] + (fractions[1] if valid else 0) + (fractions[2] if test else 0),)
        left = (0.0 if valid else fractions[1], 0.0 if test else fractions[2])
        parts = fill_shuffled(number_groups(contigs[rest]), (*shares, *left), seed)
        train, others = rest[parts[0]], [rest[part] for part in parts[1:]]
        if valid or test:
            # Training takes what does not fit into a part without a share.
            spare = others[0] if valid else others[1]
            train = np.sort(np.concatenate([train, spare]))
            others = [held[0], others[1]] if valid else [others[0], held[1]]
        return Split.of(train, *others)

    @staticmethod
    def _contigs(rows: SplitRows) -> list[str]:
        if rows.contigs is None:
            expected = "a BED file over a genome, or ids such as chr1:100-200"
            raise ConfigError("no contigs to split by", where="split 'chromosome'", expected=expected)
        return list(rows.contigs)

    def _named(self, text: str, contigs: NDArray[np.object_]) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        there = set(contigs.tolist())
        for name in names:
            if name not in there:
                listed = ", ".join(sorted(there)[:8])
                raise InputError(f"no row of contig {name!r}", where="split 'chromosome'", expected=f"some of {listed}")
        return names
