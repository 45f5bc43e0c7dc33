"""Scaffolds whole, as DeepChem has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from molgen.data.splits.base import register
from molgen.data.splits.scaffold import ScaffoldSplit

__all__ = ["DeepChemScaffoldSplit"]


@register
@dataclass(frozen=True)
class DeepChemScaffoldSplit(ScaffoldSplit):
    """As ``scaffold``, but blind to chirality: the rules of DeepChem's ``ScaffoldSplitter``.

    The one difference from ``scaffold`` is ``includeChirality=False`` when the scaffold's SMILES is made: scaffolds that differ in
    the configuration of their stereocentres or double bonds alone are one group here and several there. The order (size, first
    row, both descending), the cut-offs and the greedy filling are the same. No seed in either.

    Two things outside the rule make DeepChem's own parts differ from these: it takes the scaffold of the SMILES as written, where
    molgen takes that of the parent (counter-ions stripped, charges settled), and it leaves out rows that its featurizer could not
    read before it numbers the rest.

    Source: https://github.com/deepchem/deepchem, ``deepchem/splits/splitters.py``; Wu et al., Chem. Sci. 2018, 9, 513.
    """

    name: ClassVar[str] = "scaffold-deepchem"
    chirality: ClassVar[bool] = False
