"""RDKit's path fingerprints as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from rdkit.Chem import rdFingerprintGenerator

from molgen.chem.parse import Mol
from molgen.errors import ConfigError
from molgen.featurizers.base import register
from molgen.featurizers.fingerprint import FoldedFingerprint
from molgen.featurizers.parameters import MAX_COLUMNS, integer, parameters

__all__ = ["RDKitFingerprint"]


@register
@parameters
class RDKitFingerprint(FoldedFingerprint):
    """Folded paths and branched subgraphs of bonds, as Daylight's; equal to those of RDKit's generator.

    Parameters
    ----------
    size
        Columns that paths are folded into.
    min_path, max_path
        Fewest and most bonds of a path.
    bits_per_path
        Columns that each path sets.
    branched
        Take branched subgraphs too, not paths alone.
    bond_order
        Let paths differ by the types of their bonds.
    counts
        How often each path occurs, instead of 1 for "at all".
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    Notes
    -----
    The number of paths, and so the time, grows steeply with ``max_path``.
    """

    size: int = integer(default=2048, low=1, high=MAX_COLUMNS)
    min_path: int = integer(default=1, low=1, high=12)
    max_path: int = integer(default=7, low=1, high=12)
    bits_per_path: int = integer(default=2, low=1, high=16)
    branched: bool = field(default=True, kw_only=True)
    bond_order: bool = field(default=True, kw_only=True)

    def _generator(self) -> Any:
        return rdFingerprintGenerator.GetRDKitFPGenerator(
            minPath=int(self.min_path),
            maxPath=int(self.max_path),
            branchedPaths=bool(self.branched),
            useBondOrder=bool(self.bond_order),
            fpSize=int(self.size),
            numBitsPerFeature=int(self.bits_per_path),
        )

    def _counts(self, mols: list[Mol]) -> Sequence[Any]:
        # Most columns are filled: an array is quicker than a sparse vector, which RDKit would build entry by entry.
        count = self._generator().GetCountFingerprintAsNumPy
        return [count(mol) for mol in mols]

    def _check(self) -> None:
        super()._check()
        if self.min_path > self.max_path:
            raise ConfigError(
                "unusable lengths",
                where="RDKitFingerprint",
                expected="min_path <= max_path",
                got=f"{self.min_path} and {self.max_path}",
            )
