"""How often a coding sequence uses each codon."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.batch import SequenceBatch
from molgen.bio.strands import CODONS, amino_acids, codon_numbers
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import choice, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["Codon"]


@register
@parameters
class Codon(SequenceFeaturizer):
    """Codon usage of coding sequences, read from their first letter.

    Parameters
    ----------
    kind
        ``"frequency"``: the share of each codon among all; ``"rscu"``: relative synonymous codon usage, a codon's count over the
        mean of those for the same amino acid, 0 where that does not turn up (Sharp and Li, Nucleic Acids Res. 1987, 15, 1281).
    table
        Number of the genetic code as NCBI counts them; it decides which codons are synonymous.
    strict
        Refuse sequences whose length is no multiple of three; else the letters after the last whole codon are left out.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`; proteins have no codons.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    Values are float64 ``[n, 64]``, codons in the order of ACGT. Codons with a letter that may stand for several are not counted.

    Examples
    --------
    >>> usage = Codon().transform(["ATGAAAAAG"])
    >>> dict(zip(Codon().get_feature_names_out()[usage[0] > 0].tolist(), usage[usage > 0].round(2).tolist()))
    {'AAA': 0.33, 'AAG': 0.33, 'ATG': 0.33}
    """

    kind: str = choice(default="frequency", options=("frequency", "rscu"))
    table: int = integer(default=1, low=1, high=100, kw_only=True)
    strict: bool = field(default=False, kw_only=True)
    alphabet: str = choice(default="dna", options=("dna", "rna"), kw_only=True)

    def _encode(self, batch: SequenceBatch) -> Features:
        acids = np.array(list(amino_acids(self.table)))
        values, reasons = np.full((len(batch), len(CODONS)), np.nan), {}
        for row, letters in enumerate(batch):
            if not letters:
                continue
            if len(letters) < 3:
                reasons[row] = f"too short: {len(letters)} letters, and a codon has 3"
                continue
            if self.strict and len(letters) % 3:
                reasons[row] = f"no whole codons: {len(letters):,} letters"
                continue
            counts = np.bincount(codon_numbers(letters), minlength=256)[: len(CODONS)].astype(np.float64)
            if not counts.any():
                reasons[row] = "no codon of plain letters"
            else:
                values[row] = counts / counts.sum() if self.kind == "frequency" else _relative(counts, acids)
        return Features(values, reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the codons."""
        return np.array([codon.replace("T", "U") if self.alphabet == "rna" else codon for codon in CODONS], dtype=object)

    @classmethod
    def examples(cls) -> list[Codon]:
        """Return both kinds."""
        return [cls(), cls("rscu", table=11)]


def _relative(counts: NDArray[np.float64], acids: NDArray[np.str_]) -> NDArray[np.float64]:
    _, which, n_codons = np.unique(acids, return_inverse=True, return_counts=True)
    means = (np.bincount(which, weights=counts) / n_codons)[which]
    return np.divide(counts, means, out=np.zeros(len(counts)), where=means > 0)
