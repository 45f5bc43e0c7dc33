"""Avalon fingerprints as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from molgen.chem.fingerprints import check_whole_bytes
from molgen.chem.parse import Mol
from molgen.featurizers.base import register
from molgen.featurizers.fingerprint import FoldedFingerprint
from molgen.featurizers.parameters import MAX_COLUMNS, integer, parameters

__all__ = ["Avalon"]


@register
@parameters
class Avalon(FoldedFingerprint):
    """Folded Avalon fingerprints: paths, rings, atom pairs and more, equal to those of RDKit's Avalon toolkit.

    A molecule of more than 4,000 atoms fails: the toolkit's time grows with the square of their number and beyond.

    Parameters
    ----------
    size
        Columns that features are folded into.
    counts
        How often each feature occurs, instead of 1 for "at all".
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    References
    ----------
    P. Gedeck, B. Rohde, C. Bartels, QSAR - How Good Is It in Practice?, J. Chem. Inf. Model. 46 (2006) 1924-1936.
    """

    _max_atoms: ClassVar[int] = 4000

    size: int = integer(default=512, low=8, high=MAX_COLUMNS)

    def _check(self) -> None:
        super()._check()
        # RDKit rounds other sizes down: the columns beyond would never be set, and of fewer than 8 it divides by zero.
        check_whole_bytes(int(self.size))

    def _bits(self, mols: list[Mol]) -> Sequence[Any]:
        from rdkit.Avalon.pyAvalonTools import GetAvalonFP

        return [GetAvalonFP(mol, nBits=int(self.size)) for mol in mols]

    def _counts(self, mols: list[Mol]) -> Sequence[Any]:
        from rdkit.Avalon.pyAvalonTools import GetAvalonCountFP

        return [GetAvalonCountFP(mol, nBits=int(self.size)) for mol in mols]
