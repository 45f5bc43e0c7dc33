"""Lead-likeness."""

from __future__ import annotations

from dataclasses import dataclass

from molgen.filters.base import register
from molgen.filters.rules import Limit, RuleFilter

__all__ = ["LeadLike"]


@register
@dataclass(frozen=True)
class LeadLike(RuleFilter):
    """Small enough to grow into a drug: the limits of ZINC's lead-like subset."""

    name = "lead-like"
    source = "Teague et al., Angew. Chem. Int. Ed. 38 (1999) 3743; ZINC, J. Chem. Inf. Model. 45 (2005) 177"
    limits = (
        Limit("MolWt", 250, 350),
        Limit("MolLogP", high=3.5),
        Limit("NumRotatableBonds", high=7),
    )
