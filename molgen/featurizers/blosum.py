"""Proteins with a row of a substitution matrix for each residue."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.errors import ConfigError
from molgen.featurizers.base import register
from molgen.featurizers.parameters import choice, parameters
from molgen.featurizers.placed import PlacedFeaturizer

__all__ = ["Blosum"]


@register
@parameters
class Blosum(PlacedFeaturizer):
    """Rows of a substitution matrix: how readily each residue is exchanged for each of the twenty amino acids.

    Parameters
    ----------
    length, layout, pad, truncate, align
        See :class:`~molgen.featurizers.placed.PlacedFeaturizer`. The channels are amino acids in the order ACDEFGHIKLMNPQRSTVWY.
    matrix
        Name of a matrix in Biopython: ``"BLOSUM62"``, ``"BLOSUM45"``, ``"PAM250"`` and others.
    alphabet, reverse_complement
        Proteins, which have no other strand. ``B``, ``Z``, ``J`` and ``X`` have rows of their own, gaps and letters that the matrix
        lacks are zeros.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    Values are float32; places beyond the end of a sequence are zeros, a row that failed is NaN.

    Examples
    --------
    >>> Blosum(layout="channels_last").transform(["W"])[0, 0, -2:].tolist()
    [11.0, 2.0]
    """

    matrix: str = field(default="BLOSUM62", kw_only=True)
    alphabet: str = choice(default="protein", options=("protein",), kw_only=True)

    @property
    def _channels(self) -> list[str]:
        return list(get_alphabet("protein").letters)

    def _encode_places(self, letters: NDArray[np.uint8]) -> NDArray[Any]:
        values = _scores(self.matrix)[letters]
        return values.transpose(0, 2, 1) if self.layout == "channels_first" else values

    @classmethod
    def examples(cls) -> list[Blosum]:
        """Return two matrices and layouts."""
        fits: dict[str, Any] = {"length": 60, "pad": True, "truncate": True}
        return [cls(layout="flat", **fits), cls(layout="channels_first", matrix="PAM250", align="right", **fits)]


@lru_cache(maxsize=8)
def _scores(name: str) -> NDArray[np.float32]:
    """Return the scores of the twenty amino acids for each byte, float32 ``[256, 20]``."""
    from Bio.Align import substitution_matrices

    if name not in (known := substitution_matrices.load()):
        raise ConfigError("unknown substitution matrix", where="Blosum", expected=f"one of {', '.join(known)}", got=repr(name))
    matrix = substitution_matrices.load(name)
    letters = get_alphabet("protein").letters
    if not set(letters) <= set(matrix.alphabet):
        raise ConfigError("the matrix is not of amino acids", where="Blosum", got=name)
    table = np.zeros((256, len(letters)), np.float32)
    for code in get_alphabet("protein").codes:
        if code in matrix.alphabet:
            table[[ord(code), ord(code.lower())]] = [matrix[code, letter] for letter in letters]
    return table
