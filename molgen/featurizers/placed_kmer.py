"""Words of sequences at their places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import MAX_COLUMNS, check_parameters, integer, parameters
from molgen.featurizers.placed import AlignedFeaturizer

__all__ = ["PlacedKmer"]


@register
@parameters
class PlacedKmer(AlignedFeaturizer):
    """Words of 1 to k letters at their places, and, with less weight, at those nearby: CSR, float32.

    A column is a word at a place. A row has 1 there, 1/2 at the places next to it, 1/3 at those after these, and so on up to
    ``shift`` places away, added up where a word turns up twice. A linear model of these columns is what a weighted-degree kernel
    with shifts is (Raetsch et al., Bioinformatics 2005, 21, i369): it finds a motif that keeps its place but for a few letters, as
    the boxes of a promoter do.

    Parameters
    ----------
    length, pad, truncate, align
        See :class:`~molgen.featurizers.placed.AlignedFeaturizer`.
    k
        Letters of the longest words.
    shift
        How far words count.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`. Words with a letter that may stand for several, or none, are
        left out.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Examples
    --------
    >>> words = PlacedKmer(k=1, shift=1).transform(["AC"])
    >>> words.toarray().tolist()  # A, C, G, T at the first place, and at the second
    [[1.0, 0.5, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0]]
    """

    k: int = integer(default=4, low=1, high=8, kw_only=True)
    shift: int = integer(default=3, low=0, high=100, kw_only=True)

    def _encode(self, batch: SequenceBatch) -> Features:
        from scipy.sparse import csr_matrix

        self._check()
        letters, _, reasons = self._letters(batch)
        alphabet = get_alphabet(self.alphabet)
        numbers = np.frombuffer(letters.tobytes().translate(alphabet.numbers), np.uint8).reshape(letters.shape).astype(np.int64)
        rows, columns, values = [], [], []
        first = 0
        for k in range(1, self.k + 1):
            row, place, word = _words(numbers, k, len(alphabet.letters))
            n_places, n_words = letters.shape[1] - k + 1, len(alphabet.letters) ** k
            for off in range(-self.shift, self.shift + 1):
                inside = (place + off >= 0) & (place + off < n_places)
                rows.append(row[inside])
                columns.append(first + (place[inside] + off) * n_words + word[inside])
                values.append(np.full(int(inside.sum()), 1 / (1 + abs(off)), np.float32))
            first += max(0, n_places) * n_words
        places = np.concatenate(rows), np.concatenate(columns)
        return Features(csr_matrix((np.concatenate(values), places), shape=(len(batch), first)), reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: ``0_A``, ``0_C`` and so on, all places of words of one letter first."""
        self._check()
        if self.length is None:
            raise ConfigError("only rows of a known length have columns", where=type(self).__name__, remedy="give a length")
        words = [""]
        names = []
        for k in range(1, self.k + 1):
            words = [word + letter for word in words for letter in get_alphabet(self.alphabet).letters]
            names += [f"{place}_{word}" for place in range(self.length - k + 1) for word in words]
        return np.array(names, dtype=object)

    @classmethod
    def examples(cls) -> list[PlacedKmer]:
        """Return one of DNA, and one of single amino acids."""
        fits: dict[str, Any] = {"length": 60, "pad": True, "truncate": True, "align": "center"}
        return [cls(k=3, shift=1, **fits), cls(k=1, alphabet="protein", **fits)]

    def _check(self) -> None:
        check_parameters(self)
        n_letters, length = len(get_alphabet(self.alphabet).letters), int(self.length or 1)
        n_columns = sum(max(0, length - k + 1) * n_letters**k for k in range(1, self.k + 1))
        if n_columns > MAX_COLUMNS:
            got = f"{n_columns:,} of {length:,} places"
            raise ConfigError("too many words for a column each", where="PlacedKmer", expected=f"at most {MAX_COLUMNS:,}", got=got)


def _words(numbers: NDArray[np.int64], k: int, n_letters: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return row, place and number of each word of k plain letters."""
    n_places = max(0, numbers.shape[1] - k + 1)
    words = np.zeros((len(numbers), n_places), np.int64)
    plain = np.ones((len(numbers), n_places), np.bool_)
    for at in range(k if n_places else 0):
        letters = numbers[:, at : at + n_places]
        words = words * n_letters + letters
        plain &= letters < n_letters
    row, place = np.nonzero(plain)
    return row, place, words[row, place]
