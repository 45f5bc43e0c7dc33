"""Atom pair fingerprints as a featurizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any, ClassVar

from rdkit.Chem import rdFingerprintGenerator

from molgen.chem.parse import Mol
from molgen.errors import ConfigError
from molgen.featurizers.base import register
from molgen.featurizers.fingerprint import FoldedFingerprint
from molgen.featurizers.parameters import MAX_COLUMNS, integer, parameters

__all__ = ["AtomPair"]


@register
@parameters
class AtomPair(FoldedFingerprint):
    """Folded atom pairs: two atoms and the number of bonds between them, equal to those of RDKit's generator.

    A molecule of more than 4,000 atoms fails: its distances would fill the memory.

    Parameters
    ----------
    size
        Columns that pairs are folded into.
    min_distance, max_distance
        Fewest and most bonds between the two atoms.
    count_simulation
        Let four bits a pair stand for "once", "twice", "four times" and "eight times", as RDKit does by default; bits only.
    counts
        How often each pair occurs, instead of 1 for "at all".
    chirality
        Let atoms differ by their configuration.
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    References
    ----------
    R. E. Carhart, D. H. Smith, R. Venkataraghavan, Atom Pairs as Molecular Features in Structure-Activity Studies, J. Chem. Inf.
    Comput. Sci. 25 (1985) 64-73.
    """

    _max_atoms: ClassVar[int] = 4000

    size: int = integer(default=2048, low=4, high=MAX_COLUMNS)
    min_distance: int = integer(default=1, low=1, high=30)
    max_distance: int = integer(default=30, low=1, high=30)
    count_simulation: bool = field(default=True, kw_only=True)
    chirality: bool = field(default=False, kw_only=True)

    def _generator(self) -> Any:
        return rdFingerprintGenerator.GetAtomPairGenerator(
            minDistance=int(self.min_distance),
            maxDistance=int(self.max_distance),
            includeChirality=bool(self.chirality),
            countSimulation=bool(self.count_simulation),
            fpSize=int(self.size),
        )

    def _bits(self, mols: list[Mol]) -> Sequence[Any]:
        with _distances_forgotten(mols):
            return super()._bits(mols)

    def _counts(self, mols: list[Mol]) -> Sequence[Any]:
        with _distances_forgotten(mols):
            return super()._counts(mols)

    def _check(self) -> None:
        super()._check()
        if self.min_distance > self.max_distance:
            raise ConfigError(
                "unusable distances", where="AtomPair", expected="min_distance <= max_distance",
                got=f"{self.min_distance} and {self.max_distance}",
            )  # fmt: skip


@contextmanager
def _distances_forgotten(mols: list[Mol]) -> Iterator[None]:
    """Remove the matrices that RDKit leaves on each molecule, which add up; those that were there before stay."""
    fresh = [mol for mol in mols if not mol.HasProp("DistanceMatrix")]
    yield
    for mol in fresh:
        mol.ClearProp("DistanceMatrix")
        mol.ClearProp("DistanceMatrix_Paths")
