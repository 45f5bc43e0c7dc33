"""Lipinski's rule of five."""

from __future__ import annotations

from dataclasses import dataclass

from molgen.filters.base import register
from molgen.filters.rules import Limit, RuleFilter

__all__ = ["Lipinski"]


@register
@dataclass(frozen=True)
class Lipinski(RuleFilter):
    """The rule of five: one violation is allowed, as in the paper. Acceptors are all N and O, donors NH and OH."""

    name = "lipinski"
    source = "Lipinski et al., Adv. Drug Deliv. Rev. 23 (1997) 3"
    limits = (
        Limit("MolWt", high=500),
        Limit("MolLogP", high=5),
        Limit("NHOHCount", high=5),
        Limit("NOCount", high=10),
    )

    violations: int = 1
