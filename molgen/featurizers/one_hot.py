"""Sequences with a place for each letter they may have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import Alphabet, get_alphabet
from molgen.featurizers.base import register
from molgen.featurizers.parameters import choice, parameters
from molgen.featurizers.placed import PlacedFeaturizer

__all__ = ["OneHot"]


@register
@parameters
class OneHot(PlacedFeaturizer):
    """One-hot letters: 1 in the place of the letter that stands there.

    Parameters
    ----------
    length, layout, pad, truncate, align
        See :class:`~molgen.featurizers.placed.PlacedFeaturizer`. The channels are letters in the order ACGT, ACGU or
        ACDEFGHIKLMNPQRSTVWY.
    ambiguous
        What becomes of letters that may stand for several (``N``) or for none of the above (gaps, ``*``, ``U`` in proteins).
        ``"zero"``: nothing; ``"fraction"``: the probability of each letter it may stand for, nothing for those that stand for none;
        ``"raise"``: the row fails.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    Values are int8, or float32 with fractions; a row that failed is all zeros, or NaN.

    Examples
    --------
    >>> OneHot().transform(["ACgN"])[0].tolist()
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    """

    ambiguous: str = choice(default="zero", options=("zero", "fraction", "raise"), kw_only=True)

    @property
    def _exact(self) -> bool:
        return self.ambiguous == "raise"

    @property
    def _channels(self) -> list[str]:
        return list(get_alphabet(self.alphabet).letters)

    def _encode_places(self, letters: NDArray[np.uint8]) -> NDArray[Any]:
        alphabet = get_alphabet(self.alphabet)
        first = self.layout == "channels_first"
        if self.ambiguous == "fraction":
            values = _fractions(alphabet)[letters]
            return values.transpose(0, 2, 1) if first else values
        return (_channels_first if first else _channels_last)(letters, alphabet)

    @classmethod
    def examples(cls) -> list[OneHot]:
        """Return layouts, fractions and proteins."""
        fits: dict[str, Any] = {"length": 60, "pad": True, "truncate": True}
        protein = cls(alphabet="protein", layout="flat", **fits)
        return [cls(**fits), protein, cls(layout="channels_first", ambiguous="fraction", align="center", **fits)]


def _channels_last(letters: NDArray[np.uint8], alphabet: Alphabet) -> NDArray[np.int8]:
    width = len(alphabet.letters)
    if width > 4:
        numbers = _translated(letters, alphabet.numbers)
        return np.equal(numbers[..., np.newaxis], np.arange(width, dtype=np.uint8)).view(np.int8)
    masks = alphabet.table({letter: 1 << at for at, letter in enumerate(alphabet.letters)}, 0)
    # Copies of a mask's four bits, one of them at the foot of each byte.
    words = _translated(letters, masks) * np.uint32(0x00204081)
    words &= np.uint32(0x01010101)
    return words.astype("<u4", copy=False).view(np.int8).reshape(*letters.shape, width)


def _channels_first(letters: NDArray[np.uint8], alphabet: Alphabet) -> NDArray[np.int8]:
    numbers = _translated(letters, alphabet.numbers)
    values = np.empty((len(letters), len(alphabet.letters), letters.shape[1]), np.int8)
    for number in range(len(alphabet.letters)):
        np.equal(numbers, number, out=values[:, number].view(np.bool_))
    return values


def _translated(letters: NDArray[np.uint8], table: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(letters.tobytes().translate(table), np.uint8).reshape(letters.shape)


def _fractions(alphabet: Alphabet) -> NDArray[np.float32]:
    """Return the probabilities of letters for each byte, float32 ``[256, letters]``."""
    table = np.zeros((256, len(alphabet.letters)), np.float32)
    for code, meant in alphabet.codes.items():
        for letter in meant:
            table[[ord(code), ord(code.lower())], alphabet.letters.index(letter)] = 1 / len(meant)
    return table
