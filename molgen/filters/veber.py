"""Veber's rule of oral bioavailability."""

from __future__ import annotations

from dataclasses import dataclass

from molgen.filters.base import register
from molgen.filters.rules import Limit, RuleFilter

__all__ = ["Veber"]


@register
@dataclass(frozen=True)
class Veber(RuleFilter):
    """Few rotatable bonds and a small polar surface."""

    name = "veber"
    source = "Veber et al., J. Med. Chem. 45 (2002) 2615"
    limits = (
        Limit("NumRotatableBonds", high=10),
        Limit("TPSA", high=140),
    )
