"""Sequences as numbers of letters, for embeddings."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import check_parameters, choice, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer
from molgen.packed import TokenBatch

__all__ = ["SPECIAL_TOKENS", "Tokens"]

#: The first tokens of every vocabulary; letters come after them.
SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<eos>")
# Bytes that are no letters: where a row begins and ends.
_BEGIN, _END = b"\x02", b"\x03"


@register
@parameters
class Tokens(SequenceFeaturizer):
    """Letters as numbers, padded or packed.

    Parameters
    ----------
    max_length
        Most tokens of a row, begin and end included; ``None`` for no limit, packed rows only.
    ends
        Put ``<bos>`` before the letters and ``<eos>`` after them.
    truncate
        Cut longer rows at their end; a longer row fails otherwise.
    output
        ``"padded"``: int32 array ``[n, max_length]``, filled up with 0, ``<pad>``; a failed row is all zeros. ``"packed"``: a
        :class:`~molgen.packed.TokenBatch`; a failed row is empty.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`. Every IUPAC code and gap has a number of its own.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Examples
    --------
    >>> Tokens(6).transform(["ACGT"]).tolist()
    [[2, 4, 5, 6, 7, 3]]
    """

    max_length: int | None = integer(default=1024, low=2, high=2**24, optional=True)
    ends: bool = field(default=True, kw_only=True)
    truncate: bool = field(default=False, kw_only=True)
    output: str = choice(default="padded", options=("padded", "packed"), kw_only=True)

    def vocabulary(self) -> tuple[str, ...]:
        """Return the tokens by number: special ones, plain letters, letters that may stand for several or none."""
        alphabet = get_alphabet(self.alphabet)
        return (*SPECIAL_TOKENS, *alphabet.letters, *(code for code in alphabet.codes if code not in alphabet.letters))

    def _encode(self, batch: SequenceBatch) -> Features:
        if self.output == "padded" and self.max_length is None:
            raise ConfigError("padded rows need a length", where="Tokens", remedy="set max_length, or output='packed'")
        if self.ends:
            batch = SequenceBatch.of([_BEGIN + letters + _END if letters else None for letters in batch])
        reasons: dict[int, str] = {}
        lengths, limit = batch.lengths, self.max_length
        if limit is not None and (lengths > limit).any():
            if self.truncate:
                batch = SequenceBatch.of([letters[:limit] for letters in batch])
            else:
                long = np.flatnonzero(lengths > limit).tolist()
                reasons = {row: f"too long: {lengths[row]:,} tokens, the limit is {limit:,}" for row in long}
                batch = batch.without(long)
        numbers = np.frombuffer(batch.letters.translate(_numbers(self.alphabet, self.vocabulary())), np.uint8)
        tokens = TokenBatch(numbers.astype(np.int32), batch.ptr)
        return Features(tokens if self.output == "packed" else tokens.padded(limit), reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the places of a padded row: ``token_0`` and so on."""
        check_parameters(self)
        if self.output != "padded" or self.max_length is None:
            raise ConfigError("packed tokens have no columns", where="Tokens", remedy="use output='padded'")
        return np.array([f"token_{place}" for place in range(self.max_length)], dtype=object)

    @classmethod
    def examples(cls) -> list[Tokens]:
        """Return padded and packed tokens, and short rows."""
        return [cls(), cls(None, output="packed", alphabet="protein"), cls(12, ends=False, truncate=True), cls(9, truncate=True)]


@lru_cache(maxsize=8)
def _numbers(alphabet: str, vocabulary: tuple[str, ...]) -> bytes:
    """Return the table that turns letters, and the bytes that stand for ends, into numbers of tokens."""
    letters = {token: number for number, token in enumerate(vocabulary) if token not in SPECIAL_TOKENS}
    ends = {end.decode(): SPECIAL_TOKENS.index(token) for end, token in ((_BEGIN, "<bos>"), (_END, "<eos>"))}
    return get_alphabet(alphabet).table(letters | ends, SPECIAL_TOKENS.index("<unk>"))
