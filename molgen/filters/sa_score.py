"""Synthetic accessibility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from molgen.chem.parse import Mol
from molgen.chem.properties import property_cost
from molgen.chem.sa_score import sa_scores
from molgen.filters.base import Filter, register

__all__ = ["SaScore"]


@register
@dataclass(frozen=True)
class SaScore(Filter):
    """Rejects molecules that look hard to make: 1 is easy, 10 hard.

    Parameters
    ----------
    max
        The highest score that passes.
    """

    name = "sa-score"
    source = "Ertl & Schuffenhauer, J. Cheminform. 1 (2009) 8"
    cost = property_cost("sa_score")
    column_type = "number"

    max: float = 6.0

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Compare with the maximum."""
        return [
            None if mol is None or value <= self.max else f"{value:.2f} > {self.max:g}"
            for mol, value in zip(mols, self.annotate(mols), strict=True)
        ]

    def annotate(self, mols: Sequence[Mol | None]) -> list[Any]:
        """Return the score."""
        values: list[Any] = sa_scores(mols).tolist()
        return values
