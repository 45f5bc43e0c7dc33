"""A property as a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from molgen.chem.parse import Mol
from molgen.chem.properties import check_property, compute_properties, property_cost
from molgen.errors import ConfigError
from molgen.filters.base import Filter, register

__all__ = ["Property"]


@register
@dataclass(frozen=True)
class Property(Filter):
    """Rejects a molecule whose property has no value; as an annotation, it gives the property.

    Parameters
    ----------
    of
        One of RDKit's 2D descriptors by its name, ``sa_score`` or ``NumAtoms``.

    Raises
    ------
    ConfigError
        If there is no such property.
    """

    name = "property"
    source = "any of RDKit's 217 descriptors"
    column_type = "number"

    of: str

    def __post_init__(self) -> None:
        if not isinstance(self.of, str):
            expected = "a descriptor's name"
            raise ConfigError(f"the setting 'of' cannot be {self.of!r:.80}", where="filter property", expected=expected)
        check_property(self.of)

    @property
    def cost(self) -> float:
        """That of the property."""
        return property_cost(self.of)

    @property
    def column(self) -> str:
        """The property."""
        return self.of

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Say which molecules have no value."""
        values = self.annotate(mols)
        return [
            None if mol is None or value is not None else f"{self.of} has no value" for mol, value in zip(mols, values, strict=True)
        ]

    def annotate(self, mols: Sequence[Mol | None]) -> list[float | None]:
        """Return the property."""
        values = compute_properties(mols, [self.of])[:, 0]
        return [float(value) if np.isfinite(value) else None for value in values]
