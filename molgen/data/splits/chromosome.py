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
        return number_groups(contig or None for contig in self._contigs(rows))

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
        shares = [0.0 if valid else fractions[1], 0.0 if test else fractions[2]]
        groups = number_groups(contig or None for contig in contigs[rest])
        parts = [rest[part] for part in fill_shuffled(groups, (1 - sum(shares), shares[0], shares[1]), seed)]
        for at, share in enumerate(shares, start=1):
            if share == 0:  # what did not fit elsewhere
                parts[0], parts[at] = np.sort(np.concatenate([parts[0], parts[at]])), held[at - 1]
        for at, share in enumerate(shares, start=1):
            if share and not len(parts[at]):
                parts[0], parts[at] = self._smallest_moved(contigs, parts[0])
        return Split.of(*parts)

    @staticmethod
    def _smallest_moved(contigs: NDArray[np.object_], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Part the contig with the fewest rows from others; of few contigs each may be larger than the part it is needed in."""
        names, counts = np.unique(contigs[rows].astype(str), return_counts=True)
        if len(names) < 2:
            return rows, np.zeros(0, np.int64)
        moved = contigs[rows] == names[counts.argmin()]
        return rows[~moved], rows[moved]

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
