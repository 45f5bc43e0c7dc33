"""Morgan fingerprints as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator

from molgen.chem.fingerprints import morgan_packed
from molgen.chem.parse import Mol
from molgen.featurizers.base import register
from molgen.featurizers.fingerprint import FoldedFingerprint
from molgen.featurizers.parameters import MAX_COLUMNS, MAX_RADIUS, integer, parameters

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Morgan"]


@register
@parameters
class Morgan(FoldedFingerprint):
    """Folded Morgan fingerprints, equal to those of RDKit's generator.

    Parameters
    ----------
    radius
        Bonds from the central atom that an environment reaches; 2 is known as ECFP4.
    size
        Columns that environments are folded into.
    counts
        How often each environment occurs, instead of 1 for "at all".
    chirality
        Let environments differ by the tetrahedral configuration of their atoms.
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    References
    ----------
    D. Rogers, M. Hahn, Extended-Connectivity Fingerprints, J. Chem. Inf. Model. 50 (2010) 742-754.
    """

    _counts_tell_bits: ClassVar[bool] = True

    radius: int = integer(default=2, low=0, high=MAX_RADIUS)
    size: int = integer(default=2048, low=1, high=MAX_COLUMNS)
    chirality: bool = field(default=False, kw_only=True)

    def pack(self, mols: Sequence[Mol | None]) -> NDArray[np.uint8]:
        """Return the bits of molecules, packed, ``[n, size / 8]``, whatever the output; zeros for a ``None``."""
        return morgan_packed(mols, radius=self.radius, size=self.size, chirality=self.chirality)

    def folded(self, wider: Morgan, counts: csr_matrix) -> csr_matrix | None:
        """Return what :meth:`featurize` gives from the counts of a wider fingerprint of the same molecules.

        RDKit puts a hash into the column that is left when it is divided by their number, so columns of a multiple of it fold.

        Parameters
        ----------
        wider, counts
            Another fingerprint, and its values.

        Returns
        -------
        The same matrix; ``None`` if the other fingerprint does not tell.
        """
        from scipy.sparse import csr_matrix

        same = (self.radius, self.chirality, self.output, "csr") == (wider.radius, wider.chirality, wider.output, self.output)
        if not (same and wider.counts and wider.size % self.size == 0):
            return None
        # Copies: columns that meet become one in place.
        arrays = counts.data.copy(), counts.indices % self.size, counts.indptr.copy()
        folded = csr_matrix(arrays, shape=(counts.shape[0], self.size))
        folded.sum_duplicates()
        if not self.counts:
            folded.data[:] = 1
        return folded

    def _generator(self) -> Any:
        return rdFingerprintGenerator.GetMorganGenerator(
            radius=int(self.radius), fpSize=int(self.size), includeChirality=bool(self.chirality)
        )
