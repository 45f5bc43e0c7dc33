"""What the families of descriptors share: how one is declared, and how they share what they have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from numpy.typing import NDArray

from molgen.chem.mol_batch import MolBatch

__all__ = ["Family", "once_per_batch"]

R = TypeVar("R")


class Family(NamedTuple):
    """Descriptors that are computed together.

    Attributes
    ----------
    names
        RDKit's names.
    compute
        From a batch to one array ``[n_mols]`` a name.
    """

    names: tuple[str, ...]
    compute: Callable[[MolBatch], tuple[NDArray[Any], ...]]


def once_per_batch(function: Callable[[MolBatch], R]) -> Callable[[MolBatch], R]:
    """Keep what a function of a batch returned for as long as the batch lives."""

    @functools.wraps(function)
    def remembering(batch: MolBatch) -> R:
        if function not in batch.memory:
            batch.memory[function] = function(batch)
        kept: R = batch.memory[function]
        return kept

    return remembering
