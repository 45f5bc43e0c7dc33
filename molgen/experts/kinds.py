"""The kinds of experts that a file can hold."""

from __future__ import annotations

from molgen.experts.base import Expert
from molgen.experts.graph import GraphExpert
from molgen.experts.kronecker import KernelExpert
from molgen.experts.linear import LinearExpert
from molgen.experts.pair import PairExpert
from molgen.experts.response import ResponseExpert
from molgen.experts.sequence import SequenceExpert
from molgen.experts.similarity import SimilarityExpert
from molgen.experts.tabular import TabularExpert

__all__ = ["EXPERT_KINDS"]

#: What files call an expert -> its class.
EXPERT_KINDS: dict[str, type[Expert]] = {
    cls.kind: cls
    for cls in (
        *(GraphExpert, SequenceExpert, PairExpert, ResponseExpert),
        *(TabularExpert, LinearExpert, KernelExpert, SimilarityExpert),
    )
}
