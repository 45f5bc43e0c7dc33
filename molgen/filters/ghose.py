"""Ghose's ranges of drug-likeness."""

from __future__ import annotations

from dataclasses import dataclass

from molgen.filters.base import register
from molgen.filters.rules import Limit, RuleFilter

__all__ = ["Ghose"]


@register
@dataclass(frozen=True)
class Ghose(RuleFilter):
    """The qualifying ranges that hold 80 % of drugs; atoms count with their hydrogens."""

    name = "ghose"
    source = "Ghose, Viswanadhan & Wendoloski, J. Comb. Chem. 1 (1999) 55"
    limits = (
        Limit("MolWt", 160, 480),
        Limit("MolLogP", -0.4, 5.6),
        Limit("MolMR", 40, 130),
        Limit("NumAtoms", 20, 70),
    )
