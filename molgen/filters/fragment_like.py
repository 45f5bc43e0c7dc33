"""The rule of three for fragments."""

from __future__ import annotations

from dataclasses import dataclass

from molgen.filters.base import register
from molgen.filters.rules import Limit, RuleFilter

__all__ = ["FragmentLike"]


@register
@dataclass(frozen=True)
class FragmentLike(RuleFilter):
    """The rule of three, with its two limits that may be useful."""

    name = "fragment-like"
    source = "Congreve et al., Drug Discov. Today 8 (2003) 876"
    limits = (
        Limit("MolWt", high=300),
        Limit("MolLogP", high=3),
        Limit("NumHDonors", high=3),
        Limit("NumHAcceptors", high=3),
        Limit("NumRotatableBonds", high=3),
        Limit("TPSA", high=60),
    )
