"""The words that stand for their neighbourhood in sequences."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.bio.kmers import check_word, count_words, kmer_numbers, other_strand_numbers, too_short
from molgen.chem.hashing import Hashes, hash_numbers
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import MAX_COLUMNS, check_parameters, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["Minimizer"]


@register
@parameters
class Minimizer(SequenceFeaturizer):
    """Counts of minimizers: of each so many words in a row, the one with the least hash.

    Two sequences that share a stretch of ``k + window - 1`` letters share a minimizer, with a fraction of the words to count
    (Roberts et al., Bioinformatics 2004, 20, 3363).

    Parameters
    ----------
    k
        Letters of a word; up to 31 of nucleic acids, 14 of proteins.
    window
        Words in a row of which one is taken, all that are equal; a row with fewer words is one window.
    canonical
        Take a word and its reverse complement as one; ``False`` for proteins.
    size
        Columns, to which minimizers are scattered by another hash, several to one.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`. Words with a letter that may stand for several are left out.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    Values are a CSR matrix of int32 counts ``[n, size]``.
    """

    k: int = integer(default=15, low=1, high=31)
    window: int = integer(default=10, low=1, high=2**16)
    canonical: bool = field(default=True, kw_only=True)
    size: int = integer(default=4096, low=1, high=MAX_COLUMNS, kw_only=True)

    def _encode(self, batch: SequenceBatch) -> Features:
        from scipy.sparse import csr_matrix

        alphabet = get_alphabet(self.alphabet)
        check_word(self.k, alphabet, canonical=self.canonical)
        numbers, counts = kmer_numbers(batch, self.k, alphabet)
        if self.canonical:
            numbers = np.minimum(numbers, other_strand_numbers(numbers, self.k))
        hashes = hash_numbers(numbers.astype(np.int64))
        ends = np.cumsum(counts).tolist()
        taken = [_minimizers(hashes[end - n : end], self.window) for end, n in zip(ends, counts.tolist(), strict=True)]
        columns = np.concatenate(taken, dtype=np.uint64) if taken else np.zeros(0, np.uint64)
        places = (hash_numbers(columns) % np.uint64(self.size)).astype(np.int64)
        indices, data, indptr = count_words(places, np.array([len(each) for each in taken], np.int64), self.size)
        return Features(csr_matrix((data, indices, indptr), shape=(len(batch), self.size)), too_short(batch, self.k))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: ``minimizer_0`` and so on."""
        check_parameters(self)
        return np.array([f"minimizer_{number}" for number in range(self.size)], dtype=object)

    @classmethod
    def examples(cls) -> list[Minimizer]:
        """Return short and long words."""
        return [cls(5, 3, size=256), cls(3, 4, canonical=False, alphabet="protein")]


def _minimizers(hashes: Hashes, window: int) -> Hashes:
    """Return the hashes that are the least of a window, each place once."""
    window = min(window, len(hashes))
    if not window:
        return hashes
    least = _slide(np.minimum, hashes, window)
    # A place is taken if one of the windows that hold it has no smaller hash.
    around = np.concatenate([np.full(window - 1, 0, np.uint64), least, np.full(window - 1, 0, np.uint64)])
    taken: Hashes = hashes[_slide(np.maximum, around, window) == hashes]
    return taken


def _slide(combine: np.ufunc, values: Hashes, window: int) -> Hashes:
    """Combine each ``window`` values in a row: windows of twice the length from two that overlap or touch."""
    done = 1
    while done < window:
        step = min(done, window - done)
        values, done = combine(values[:-step], values[step:]), done + step
    return values
