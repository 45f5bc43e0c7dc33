"""Structural alerts: a filter for each catalogue that RDKit ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from molgen.chem.alerts import CATALOGUES, find_alerts, load_alerts
from molgen.chem.parse import Mol
from molgen.filters.base import Filter, register

__all__ = ["AlertFilter"]

# Microseconds of CPU time a molecule, about as benchmarks/filters.py measures them.
_COSTS = {
    "pains": 220.0,
    "nih": 165.0,
    "chembl-bms": 165.0,
    "chembl-inpharmatica": 180.0,
    "chembl-mlsmr": 180.0,
    "chembl-surechembl": 130.0,
    "zinc": 70.0,
    "chembl-glaxo": 70.0,
    "chembl-lint": 80.0,
}


@dataclass(frozen=True)
class AlertFilter(Filter):
    """Rejects molecules with an alert of a catalogue; as an annotation, it names the alerts.

    Parameters
    ----------
    max
        How many alerts may be there.
    """

    catalogue: ClassVar[str]

    max: int = 0

    @property
    def patterns(self) -> int:
        """Entries of the catalogue."""
        return len(load_alerts(self.catalogue).names)

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Name the alerts, if they are too many."""
        return [", ".join(names) if len(names) > self.max else None for names in find_alerts(mols, self.catalogue)]

    def annotate(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Name the alerts."""
        found = find_alerts(mols, self.catalogue)
        return [None if mol is None else "; ".join(names) for mol, names in zip(mols, found, strict=True)]


for _name, _catalogue in CATALOGUES.items():
    _members = {
        "__doc__": f"Rejects molecules with an alert of the catalogue {_name}.",
        "name": _name,
        "source": _catalogue.source,
        "cost": _COSTS.get(_name, 95.0),
        "catalogue": _name,
    }
    register(dataclass(frozen=True)(type(f"{_catalogue.rdkit}Alerts", (AlertFilter,), _members)))
