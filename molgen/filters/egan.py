"""Egan's egg of absorption."""

from __future__ import annotations

from dataclasses import dataclass

from molgen.filters.base import register
from molgen.filters.rules import Limit, RuleFilter

__all__ = ["Egan"]


@register
@dataclass(frozen=True)
class Egan(RuleFilter):
    """The box around Egan's ellipse of well absorbed compounds."""

    name = "egan"
    source = "Egan, Merz & Baldwin, J. Med. Chem. 43 (2000) 3867"
    limits = (
        Limit("TPSA", 0, 131.6),
        Limit("MolLogP", -1, 5.88),
    )
