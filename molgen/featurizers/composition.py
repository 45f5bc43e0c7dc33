"""What sequences are made of, whatever the order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.bio.kmers import kmer_numbers
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import check_parameters, choice, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["TRIAD_CLASSES", "Composition"]

#: Classes of amino acids by dipole and volume of their side chains: Shen et al., PNAS 2007, 104, 4337.
TRIAD_CLASSES = ("AGV", "ILFP", "YMTS", "HNQW", "RK", "DE", "C")
_NOTHING = "nothing to count: no letter that stands for one alone"


@register
@parameters
class Composition(SequenceFeaturizer):
    """Shares of letters, of G and C, or of conjoint triads.

    Parameters
    ----------
    kind
        ``"letters"``: the share of each letter; ``"gc"``: the share of G and C, in one column; ``"triad"``: of each three amino
        acids in a row, by the seven classes of Shen et al. (PNAS 2007, 104, 4337), the count less the least of all and divided by
        the greatest. Letters that may stand for several, or for none, are not counted.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    Values are float64 ``[n, columns]``, NaN in a row without a letter that counts.

    Examples
    --------
    >>> Composition("gc").transform(["ACGTGN"])
    array([[0.6]])
    """

    kind: str = choice(default="letters", options=("letters", "gc", "triad"))

    def _check(self) -> None:
        check_parameters(self)
        if (self.kind == "gc" and self.alphabet == "protein") or (self.kind == "triad" and self.alphabet != "protein"):
            expected = "a nucleic acid" if self.kind == "gc" else "alphabet='protein'"
            raise ConfigError(f"no {self.kind} of this alphabet", where="Composition", expected=expected, got=self.alphabet)

    def _encode(self, batch: SequenceBatch) -> Features:
        self._check()
        alphabet = get_alphabet(self.alphabet)
        width = len(alphabet.letters)
        if self.kind == "triad":
            return self._triads(batch)
        # A bin for each letter of each row; other letters have one of their own, which is dropped.
        numbers = np.minimum(np.frombuffer(batch.letters.translate(alphabet.numbers), np.uint8), width)
        rows = np.repeat(np.arange(len(batch)), batch.lengths)
        counts = np.bincount(rows * (width + 1) + numbers, minlength=len(batch) * (width + 1)).reshape(-1, width + 1)[:, :width]
        if self.kind == "gc":
            gc = [alphabet.letters.index(letter) for letter in "GC"]
            return _shares(counts[:, gc].sum(axis=1, keepdims=True), counts.sum(axis=1), batch)
        return _shares(counts, counts.sum(axis=1), batch)

    def _triads(self, batch: SequenceBatch) -> Features:
        alphabet = get_alphabet(self.alphabet)
        classes = np.array([next(at for at, each in enumerate(TRIAD_CLASSES) if letter in each) for letter in alphabet.letters])
        numbers, n_triads = kmer_numbers(batch, 3, alphabet)
        width = len(alphabet.letters)
        n_classes = len(TRIAD_CLASSES)
        triads = np.zeros(len(numbers), np.int64)
        for power in (width**2, width, 1):
            triads = triads * n_classes + classes[numbers.astype(np.int64) // power % width]
        rows = np.repeat(np.arange(len(batch)), n_triads)
        counts = np.bincount(rows * n_classes**3 + triads, minlength=len(batch) * n_classes**3).reshape(-1, n_classes**3)
        least = counts.min(axis=1, keepdims=True)
        return _shares(
            counts - least, counts.max(axis=1), batch, "nothing to count: no three letters in a row that stand for one each"
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: letters, ``gc``, or triads by their classes, ``1_1_1`` and so on."""
        self._check()
        if self.kind == "gc":
            return np.array(["gc"], dtype=object)
        if self.kind == "letters":
            return np.array(list(get_alphabet(self.alphabet).letters), dtype=object)
        numbers = range(1, len(TRIAD_CLASSES) + 1)
        return np.array([f"{a}_{b}_{c}" for a in numbers for b in numbers for c in numbers], dtype=object)

    @classmethod
    def examples(cls) -> list[Composition]:
        """Return all kinds."""
        return [cls(), cls("gc"), cls(alphabet="protein"), cls("triad", alphabet="protein")]


def _shares(counts: NDArray[np.int64], totals: NDArray[np.int64], batch: SequenceBatch, reason: str = _NOTHING) -> Features:
    """Divide counts by totals; rows without any have none, and say so."""
    with np.errstate(invalid="ignore"):
        shares = np.where(totals[:, np.newaxis] > 0, counts / totals[:, np.newaxis], np.nan)
    empty = np.flatnonzero((totals == 0) & (batch.lengths > 0)).tolist()
    return Features(shares, dict.fromkeys(empty, reason))
