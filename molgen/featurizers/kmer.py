"""Counts of the words of k letters in sequences."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import Alphabet, get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.bio.kmers import check_word, count_words, kmer_numbers, other_strand_numbers, too_short
from molgen.chem.hashing import hash_numbers
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import MAX_COLUMNS, check_parameters, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["Kmer"]


@register
@parameters
class Kmer(SequenceFeaturizer):
    """Counts of words of k letters, as a CSR matrix.

    Words with a letter that may stand for several (``N``) or for none (gaps) are not counted, and a row may be left without any;
    one shorter than a word fails.

    Parameters
    ----------
    k
        Letters of a word; up to 31 of nucleic acids, 14 of proteins.
    canonical
        Count a word and its reverse complement as one, the one that comes first in the order of the letters.
    size
        Columns, to which words are scattered by a hash, several to one; ``None`` for a column a word, of which there may be
        1,048,576 (``k`` up to 10 for nucleic acids, 4 for proteins).
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Examples
    --------
    >>> counts = Kmer(2).transform(["ACACNT"])
    >>> dict(zip(Kmer(2).get_feature_names_out()[counts.indices].tolist(), counts.data.tolist()))
    {'AC': 2, 'CA': 1}
    """

    k: int = integer(default=6, low=1, high=31)
    canonical: bool = field(default=False, kw_only=True)
    size: int | None = integer(default=None, low=1, high=MAX_COLUMNS, optional=True, kw_only=True)

    def _check(self) -> None:
        check_parameters(self)
        alphabet = get_alphabet(self.alphabet)
        check_word(self.k, alphabet, canonical=self.canonical)
        if self.size is None and len(alphabet.letters) ** self.k > MAX_COLUMNS:
            got = f"{len(alphabet.letters)} to the power of {self.k}"
            raise ConfigError(
                "too many words for a column each", where="Kmer", expected=f"at most {MAX_COLUMNS:,}", got=got, remedy="set a size"
            )

    def _encode(self, batch: SequenceBatch) -> Features:
        from scipy.sparse import csr_matrix

        self._check()
        alphabet = get_alphabet(self.alphabet)
        numbers, counts = kmer_numbers(batch, self.k, alphabet)
        places, width = self._columns(numbers, alphabet)
        indices, values, indptr = count_words(places, counts, width)
        return Features(csr_matrix((values, indices, indptr), shape=(len(batch), width)), too_short(batch, self.k))

    def _columns(self, numbers: NDArray[Any], alphabet: Alphabet) -> tuple[NDArray[Any], int]:
        """Return the column of each word, and how many columns there are."""
        if self.size is None:
            if not self.canonical:
                return numbers, len(alphabet.letters) ** self.k
            columns, kept = _canonical(self.k)
            return columns[numbers], len(kept)
        if self.canonical:
            numbers = np.minimum(numbers, other_strand_numbers(numbers, self.k))
        return (hash_numbers(numbers.astype(np.int64)) % np.uint64(self.size)).astype(np.int64), int(self.size)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: the words in the order of the letters, or ``hash_0`` and so on."""
        self._check()
        if self.size is not None:
            return np.array([f"hash_{number}" for number in range(self.size)], dtype=object)
        letters = get_alphabet(self.alphabet).letters
        words = _canonical(self.k)[1] if self.canonical else np.arange(len(letters) ** self.k)
        return np.array([_spelled(int(word), self.k, letters) for word in words], dtype=object)

    @classmethod
    def examples(cls) -> list[Kmer]:
        """Return plain, canonical and hashed words."""
        return [cls(3), cls(4, canonical=True), cls(12, canonical=True, size=512), cls(5, size=100)]


@lru_cache(maxsize=16)
def _canonical(k: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the column of each word of a nucleic acid, and the words that have one."""
    words = np.arange(4**k)
    smaller = np.minimum(words, other_strand_numbers(words, k))
    kept, columns = np.unique(smaller, return_inverse=True)
    return columns.astype(np.int32), kept


def _spelled(word: int, k: int, letters: str) -> str:
    spelled = []
    for _ in range(k):
        word, digit = divmod(word, len(letters))
        spelled.append(letters[digit])
    return "".join(reversed(spelled))
