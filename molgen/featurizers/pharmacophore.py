"""Two-dimensional pharmacophore fingerprints as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import ClassVar

from molgen.chem.parse import Mol
from molgen.chem.pharmacophore import N_PHARMACOPHORES, pharmacophore_csr
from molgen.featurizers.base import Features, register
from molgen.featurizers.fingerprint import Fingerprint
from molgen.featurizers.parameters import integer, parameters

__all__ = ["PharmacophoreFingerprint"]


@register
@parameters
class PharmacophoreFingerprint(Fingerprint):
    """Pairs and triples of pharmacophoric features by distance (Gobbi), equal to RDKit's 2D pharmacophore signature.

    There are 39,972 columns, nearly all of them empty: keep the output sparse.

    Parameters
    ----------
    max_features
        A molecule with more features fails, since triples grow with the third power of the number; drug-like molecules have 10 to
        60. A molecule of more than 4,000 atoms fails too.
    counts
        How often each pair and triple occurs, instead of 1 for "at all".
    output, errors, n_jobs
        See :class:`~molgen.featurizers.fingerprint.Fingerprint`.

    References
    ----------
    A. Gobbi, D. Poppinger, Genetic Optimization of Combinatorial Libraries, Biotechnol. Bioeng. 61 (1998) 47-54.
    """

    _max_atoms: ClassVar[int] = 4000

    max_features: int = integer(default=200, low=1, high=400)
    counts: bool = field(default=False, kw_only=True)

    def _csr(self, mols: Sequence[Mol | None]) -> Features:
        return Features(*pharmacophore_csr(mols, counts=bool(self.counts), max_features=int(self.max_features)))

    def _width(self) -> int:
        return N_PHARMACOPHORES

    @classmethod
    def examples(cls) -> list[PharmacophoreFingerprint]:
        """Return bits and counts, and a dense output."""
        return [cls(), cls(counts=True), cls(output="packed")]
