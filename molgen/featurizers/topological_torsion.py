"""Topological torsion fingerprints as a featurizer."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from rdkit.Chem import rdFingerprintGenerator

from molgen.featurizers.base import register
from molgen.featurizers.fingerprint import FoldedFingerprint
from molgen.featurizers.parameters import MAX_COLUMNS, integer, parameters

__all__ = ["TopologicalTorsion"]


@register
@parameters
class TopologicalTorsion(FoldedFingerprint):
    """Folded topological torsions: chains of bonded atoms, equal to those of RDKit's generator.

    Parameters
    ----------
    size
        Columns that torsions are folded into.
    length
        Atoms of a chain.
    count_simulation
        Let four bits a torsion stand for "once", "twice", "four times" and "eight times", as RDKit does by default; bits only.
    counts
        How often each torsion occurs, instead of 1 for "at all".
    chirality
        Let atoms differ by their configuration.
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    References
    ----------
    R. Nilakantan, N. Bauman, J. S. Dixon, R. Venkataraghavan, Topological Torsion, J. Chem. Inf. Comput. Sci. 27 (1987) 82-85.
    """

    size: int = integer(default=2048, low=4, high=MAX_COLUMNS)
    length: int = integer(default=4, low=2, high=7)
    count_simulation: bool = field(default=True, kw_only=True)
    chirality: bool = field(default=False, kw_only=True)

    def _generator(self) -> Any:
        return rdFingerprintGenerator.GetTopologicalTorsionGenerator(
            includeChirality=bool(self.chirality),
            torsionAtomCount=int(self.length),
            countSimulation=bool(self.count_simulation),
            fpSize=int(self.size),
        )
