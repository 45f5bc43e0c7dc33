"""What the featurizers of texts of molecules share: numbers of tokens, padded or packed."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.chem.tokens import UnknownTokenError, Vocabulary
from molgen.errors import ConfigError
from molgen.featurizers.base import Features
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.parameters import check_parameters, choice, integer, parameters
from molgen.packed import TokenBatch

__all__ = ["TokenFeaturizer"]

_BEGIN, _END = 2, 3


@parameters
class TokenFeaturizer(MoleculeFeaturizer):
    """Base of featurizers that write a molecule as text and number its tokens.

    Parameters
    ----------
    max_length
        Most tokens of a row, begin and end included.
    ends
        Put ``<bos>`` before the tokens and ``<eos>`` after them.
    truncate
        Cut longer rows at their end; a longer row fails otherwise.
    output
        ``"padded"``: int32 array ``(n, max_length)``, filled up with 0, ``<pad>``; a failed row is all zeros. ``"packed"``: a
        :class:`~molgen.packed.TokenBatch`; a failed row is empty.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.
    """

    #: What a row is called when a reason is given.
    _kind: ClassVar[str]

    max_length: int = integer(default=256, low=2, high=2**20)
    ends: bool = field(default=True, kw_only=True)
    truncate: bool = field(default=False, kw_only=True)
    output: str = choice(default="padded", options=("padded", "packed"), kw_only=True)
    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    @staticmethod
    @abstractmethod
    def vocabulary() -> Vocabulary:
        """Return the tokens by number; its ``decode`` turns a row into text again."""

    @abstractmethod
    def _split(self, mol: Mol) -> list[str]:
        """Write a molecule and cut the text; UnknownTokenError with the reason where that fails."""

    def _featurize(self, items: list[Any]) -> Features:
        check_parameters(self)
        vocabulary = self.vocabulary()
        numbers: list[int] = []
        counts = np.zeros(len(items) + 1, dtype=np.int64)
        reasons: dict[int, str] = {}
        for row, mol in enumerate(items):
            if mol is None:
                continue
            try:
                found = vocabulary.encode(self._split(mol))
            except UnknownTokenError as error:
                reasons[row] = f"no {self._kind}: {error}"
                continue
            if self.ends:
                found = [_BEGIN, *found, _END]
            if len(found) > self.max_length:
                if not self.truncate:
                    reasons[row] = f"too long: {len(found):,} tokens, the limit is {self.max_length:,}"
                    continue
                found = found[: self.max_length]
            numbers += found
            counts[row + 1] = len(found)
        batch = TokenBatch(np.array(numbers, dtype=np.int32), np.cumsum(counts))
        return Features(batch if self.output == "packed" else batch.padded(int(self.max_length)), reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the places of a padded row: ``token_0`` and so on."""
        check_parameters(self)
        if self.output != "padded":
            raise ConfigError("packed tokens have no columns", where=type(self).__name__, remedy="use output='padded'")
        return np.array([f"token_{place}" for place in range(self.max_length)], dtype=object)

    @classmethod
    def examples(cls) -> list[TokenFeaturizer]:
        """Return padded and packed tokens, and short rows."""
        return [cls(), cls(output="packed"), cls(12, ends=False, truncate=True)]
