"""MACCS keys as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence

from molgen.chem.fingerprints import packed_to_csr
from molgen.chem.maccs import N_KEYS, maccs_packed
from molgen.chem.parse import Mol
from molgen.featurizers.base import Features, register
from molgen.featurizers.fingerprint import Fingerprint
from molgen.featurizers.parameters import parameters

__all__ = ["MACCS"]


@register
@parameters
class MACCS(Fingerprint):
    """The 166 public MACCS keys: bits for substructures that have names, equal to RDKit's.

    Column ``k`` is key ``k`` of the published list, so that there are 167 columns: column 0 is always zero and keeps the numbers in
    step. RDKit leaves key 1 (isotopes) undefined: always zero too.

    Parameters
    ----------
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    References
    ----------
    J. L. Durant, B. A. Leland, D. R. Henry, J. G. Nourse, Reoptimization of MDL Keys for Use in Drug Discovery, J. Chem. Inf.
    Comput. Sci. 42 (2002) 1273-1280.
    """

    def _width(self) -> int:
        return N_KEYS

    def _csr(self, mols: Sequence[Mol | None]) -> Features:
        return Features(packed_to_csr(maccs_packed(mols), N_KEYS))

    def _packed(self, mols: Sequence[Mol | None]) -> Features:
        return Features(maccs_packed(mols))

    @classmethod
    def examples(cls) -> list[MACCS]:
        """Return each output."""
        return [cls(), cls(output="dense"), cls(output="packed")]
