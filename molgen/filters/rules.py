"""Drug-likeness rules: limits on a few properties, of which so many may be broken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from molgen.chem.parse import Mol
from molgen.chem.properties import compute_properties, property_cost
from molgen.filters.base import ColumnType, Filter

__all__ = ["Limit", "RuleFilter", "show_number"]


class Limit(NamedTuple):
    """A property and the ends of its allowed range, themselves allowed."""

    name: str
    low: float = -math.inf
    high: float = math.inf

    def broken_by(self, value: float) -> str | None:
        """Say how a value breaks the limit."""
        if math.isnan(value):
            return f"{self.name} has no value"
        if value > self.high:
            return f"{self.name} {show_number(value)} > {self.high:g}"
        return f"{self.name} {show_number(value)} < {self.low:g}" if value < self.low else None


@dataclass(frozen=True)
class RuleFilter(Filter):
    """Base of rules; a subclass lists its ``limits``.

    Parameters
    ----------
    violations
        How many limits may be broken. As an annotation, a rule gives the number that are.
    """

    limits: ClassVar[tuple[Limit, ...]]
    column_type: ClassVar[ColumnType] = "count"

    violations: int = 0

    @property
    def cost(self) -> float:
        """The costs of the properties."""
        return property_cost(*(limit.name for limit in self.limits))

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Name the limits that are broken, if they are too many."""
        return [", ".join(each) if len(each) > self.violations else None for each in self._broken(mols)]

    def annotate(self, mols: Sequence[Mol | None]) -> list[int | None]:
        """Count the limits that are broken."""
        return [None if mol is None else len(each) for mol, each in zip(mols, self._broken(mols), strict=True)]

    def _broken(self, mols: Sequence[Mol | None]) -> list[list[str]]:
        values = compute_properties(mols, [limit.name for limit in self.limits])
        low, high = np.array([(limit.low, limit.high) for limit in self.limits]).T
        broken: list[list[str]] = [[] for _ in mols]
        for row, column in np.argwhere(~((values >= low) & (values <= high))).tolist():
            reason = self.limits[column].broken_by(float(values[row, column]))
            if reason and mols[row] is not None:
                broken[row].append(reason)
        return broken


def show_number(value: float) -> str:
    """Write a number as short as can be read: whole numbers bare, others with four digits or one decimal."""
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}" if abs(value) >= 100 else f"{value:.4g}"
