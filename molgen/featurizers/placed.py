"""What featurizers share that give every row the same number of places."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.batch import SequenceBatch
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, as_rows
from molgen.featurizers.parameters import check_parameters, choice, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["AlignedFeaturizer", "PlacedFeaturizer"]


@parameters
class AlignedFeaturizer(SequenceFeaturizer):
    """Base of featurizers to which it matters where in a sequence a letter stands.

    Parameters
    ----------
    length
        Letters of every row; ``None`` for those of the first good row. Rows of another length fail unless ``pad`` or ``truncate``
        is set.
    pad, truncate
        Fill shorter rows up with nothing; cut longer ones.
    align
        ``"left"``, ``"center"`` or ``"right"``: where a shorter row stands, and which part of a longer one stays. Of an odd number
        of letters to fill or cut at the center, the one more is at the right.
    """

    length: int | None = integer(default=None, low=1, high=2**24, optional=True)
    pad: bool = field(default=False, kw_only=True)
    truncate: bool = field(default=False, kw_only=True)
    align: str = choice(default="left", options=("left", "center", "right"), kw_only=True)

    def featurize(self, X: Iterable[Any]) -> Features:
        """Featurize a batch; see :meth:`molgen.featurizers.Featurizer.featurize`."""
        rows = as_rows(X)
        if self.length is not None:
            return super().featurize(rows)
        # Settled once, before the rows are shared out among processes.
        lengths = (len(batch.letters) for row in rows for _, batch, _ in self._batches([row]))
        settled = type(self)(**(self.get_params() | {"length": next(filter(None, lengths), 1)}))
        return settled.featurize(rows)

    def _letters(self, batch: SequenceBatch) -> tuple[NDArray[np.uint8], NDArray[np.bool_], dict[int, str]]:
        """Return letters ``[n, length]``, NUL where there is none, which rows there are, and why the others are not."""
        length = int(self.length or 1)
        lengths = batch.lengths
        reasons = self._misfits(lengths, length)
        present = lengths > 0
        present[list(reasons)] = False
        whole = bool(present.all() and (lengths == length).all())
        letters = np.frombuffer(batch.letters, np.uint8).reshape(-1, length) if whole else self._placed(batch, present, length)
        return letters, present, reasons

    def _misfits(self, lengths: NDArray[np.int64], length: int) -> dict[int, str]:
        short, long = (lengths > 0) & (lengths < length), lengths > length
        wrong = np.flatnonzero((short & (not self.pad)) | (long & (not self.truncate))).tolist()
        return {row: f"too {'long' if long[row] else 'short'}: {lengths[row]:,} letters, expected {length:,}" for row in wrong}

    def _placed(self, batch: SequenceBatch, present: NDArray[np.bool_], length: int) -> NDArray[np.uint8]:
        """Put rows of different lengths where they belong; NUL where there is no letter."""
        placed = np.zeros((len(batch), length), np.uint8)
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[self.align]
        for row in np.flatnonzero(present).tolist():
            letters = np.frombuffer(batch[row], np.uint8)
            before = int((length - len(letters)) * share)
            kept = letters[max(0, -before) :][:length]
            placed[row, max(0, before) :][: len(kept)] = kept
        return placed


@parameters
class PlacedFeaturizer(AlignedFeaturizer):
    """Base of featurizers with some numbers for each place of a sequence.

    Parameters
    ----------
    length, pad, truncate, align
        See :class:`AlignedFeaturizer`.
    layout
        ``"channels_last"``: ``[n, length, channels]``; ``"channels_first"``: ``[n, channels, length]``; ``"flat"``:
        ``[n, length * channels]``, place by place, as scikit-learn wants it.
    """

    layout: str = choice(default="channels_last", options=("channels_last", "channels_first", "flat"), kw_only=True)

    @property
    @abstractmethod
    def _channels(self) -> list[str]:
        """Name the numbers of a place."""

    @abstractmethod
    def _encode_places(self, letters: NDArray[np.uint8]) -> NDArray[Any]:
        """Encode letters ``[n, length]``, NUL where there is none, as ``layout`` says (flat as channels last)."""

    def _encode(self, batch: SequenceBatch) -> Features:
        letters, present, reasons = self._letters(batch)
        values = self._encode_places(letters)
        if values.dtype.kind == "f":
            values[~present] = np.nan
        if self.layout == "flat":
            values = values.reshape(len(batch), letters.shape[1] * len(self._channels))
        return Features(values, reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the places of a flat row: ``0_A``, ``0_C`` and so on."""
        check_parameters(self)
        if self.layout != "flat" or self.length is None:
            remedy = "use layout='flat' and a length"
            raise ConfigError("only flat rows of a known length have columns", where=type(self).__name__, remedy=remedy)
        return np.array([f"{place}_{channel}" for place in range(self.length) for channel in self._channels], dtype=object)
