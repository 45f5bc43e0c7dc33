"""How open the reading frames of a sequence are: what tells coding stretches from others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.bio.kmers import too_short
from molgen.bio.strands import CODONS, amino_acids
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import choice, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["ReadingFrames"]

_STRANDS = ("forward", "reverse")


@register
@parameters
class ReadingFrames(SequenceFeaturizer):
    """Stops in each of the six reading frames, and the longest stretch of each without one.

    A stretch of a gene has a frame without stops wherever it is cut; elsewhere three of 64 codons stop by chance.

    Parameters
    ----------
    table
        Number of the genetic code as NCBI counts them; it decides which codons stop.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`; proteins have no frames.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    Values are float64 ``[n, 16]``, for each strand: stops among the codons of frames 1, 2 and 3, the fewest of them, the most
    codons in a row without a stop in frames 1, 2 and 3, and the most of them. Codons that may or may not stop do not.

    Examples
    --------
    >>> ReadingFrames().transform(["ATGTAAATGAAA"])[0, :8].tolist()
    [1.0, 1.0, 0.0, 0.0, 2.0, 2.0, 3.0, 3.0]
    """

    table: int = integer(default=1, low=1, high=100)
    alphabet: str = choice(default="dna", options=("dna", "rna"), kw_only=True)

    def _encode(self, batch: SequenceBatch) -> Features:
        strands = [batch, batch.other_strands(self.alphabet)]
        values = np.hstack([self._of_strand(each) for each in strands])
        reasons = too_short(batch, 3, "codon")
        values[(batch.lengths == 0) | np.isin(np.arange(len(batch)), list(reasons))] = np.nan
        return Features(values, reasons)

    def _of_strand(self, batch: SequenceBatch) -> NDArray[np.float64]:
        """Return stops and stretches of one strand, ``[n, 8]``."""
        stops = np.array([acid == "*" for acid in amino_acids(self.table)])[: len(CODONS)]
        row, place = _stops(batch, stops, self.alphabet)
        frame, codon = place % 3, place // 3
        groups = 3 * len(batch)
        group = 3 * row + frame
        counts = np.bincount(group, minlength=groups)
        # Each frame begins after a stop, and ends before one: the gaps between are the stretches.
        codons = np.maximum((np.repeat(batch.lengths, 3) - np.tile(np.arange(3), len(batch))) // 3, 0)
        every = np.arange(groups)
        groups_of_ends = np.concatenate([every, group, every])
        ends = np.concatenate([np.full(groups, -1), codon, codons])
        order = np.lexsort((ends, groups_of_ends))
        gaps = np.diff(ends[order], prepend=-1) - 1
        starts = np.flatnonzero(np.diff(groups_of_ends[order], prepend=-1))
        gaps[starts] = 0
        longest = np.maximum.reduceat(gaps, starts) if groups else np.zeros(0, np.int64)
        by_frame = [each.reshape(-1, 3) for each in (counts, longest)]
        return np.hstack(
            [by_frame[0], by_frame[0].min(axis=1, keepdims=True), by_frame[1], by_frame[1].max(axis=1, keepdims=True)]
        ).astype(np.float64)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: ``forward_stops_1`` to ``reverse_longest``."""
        of_strand = [
            *(f"stops_{frame}" for frame in (1, 2, 3)),
            "fewest_stops",
            *(f"open_{frame}" for frame in (1, 2, 3)),
            "longest",
        ]
        names = [f"{strand}_{name}" for strand in _STRANDS for name in of_strand]
        return np.array(names, dtype=object)

    @classmethod
    def examples(cls) -> list[ReadingFrames]:
        """Return the standard code and another."""
        return [cls(), cls(4)]


def _stops(batch: SequenceBatch, stops: NDArray[np.bool_], alphabet: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and place of each codon that stops, in any frame."""
    letters = np.frombuffer(batch.letters.translate(get_alphabet(alphabet).numbers), np.uint8)
    if len(letters) < 3:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    plain = letters < 4
    whole = plain[:-2] & plain[1:-1] & plain[2:]
    safe = np.where(plain, letters, 0)
    codes = (safe[:-2] << 4) | (safe[1:-1] << 2) | safe[2:]
    at = np.flatnonzero(whole & stops[codes])
    row = np.searchsorted(batch.ptr, at, side="right") - 1
    inside = at + 3 <= batch.ptr[row + 1]
    return row[inside], (at - batch.ptr[row])[inside]
