"""QED: the quantitative estimate of drug-likeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from molgen.chem.parse import Mol
from molgen.chem.properties import compute_properties, property_cost
from molgen.filters.base import Filter, register

__all__ = ["Qed"]


@register
@dataclass(frozen=True)
class Qed(Filter):
    """Rejects molecules whose QED, 0 to 1, is below a minimum.

    Parameters
    ----------
    min
        The lowest QED that passes.
    """

    name = "qed"
    source = "Bickerton et al., Nat. Chem. 4 (2012) 90"
    cost = property_cost("qed")
    column_type = "number"

    min: float = 0.5

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Compare with the minimum; what has no QED does not pass."""
        return [
            None if mol is None or value >= self.min else f"{value:.3f} < {self.min:g}"
            for mol, value in zip(mols, self.annotate(mols), strict=True)
        ]

    def annotate(self, mols: Sequence[Mol | None]) -> list[Any]:
        """Return the QED."""
        values: list[Any] = compute_properties(mols, ["qed"])[:, 0].tolist()
        return values
