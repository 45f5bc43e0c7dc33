"""The sequence expert: networks that read letters, with features of whole rows at their read-out where wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.experts.base import Expert, FeatureTable
from molgen.experts.network import NetworkExpert
from molgen.featurizers import Featurizer, Tokens
from molgen.models.sequence import LetterBatch, SequenceNetwork
from molgen.packed import TokenBatch

__all__ = ["SequenceExpert", "letter_batch", "predict_shares", "rows_alike", "rows_by_length", "with_tracks"]

#: Rows, and letters with those that fill up short rows, of a forward pass.
_ROWS, _LETTERS_ON_CPU, _LETTERS_ON_GPU = 1024, 1 << 15, 1 << 21
#: Rows are alike up to so many times the length, or so many letters more.
_ALIKE, _SHORT = 1.3, 32


class SequenceExpert(NetworkExpert):
    """One or more :class:`~molgen.models.sequence.SequenceNetwork`.

    Parameters
    ----------
    name, tasks, extras, scaler, members
        See :class:`~molgen.experts.network.NetworkExpert`.
    architecture
        Arguments of the network: ``alphabet, network, width, steps, dropout, strands, tracks``; what is not there is the default.
    """

    kind: ClassVar[str] = "sequence"
    network_type: ClassVar[type[nn.Module]] = SequenceNetwork
    networks: list[SequenceNetwork]

    @property
    def letters(self) -> Tokens:
        """What the networks read."""
        return Tokens(None, ends=False, output="packed", alphabet=self.architecture.get("alphabet", "dna"))

    @property
    def inputs(self) -> list[Featurizer]:
        """The letters."""
        return [self.letters]

    def make_batch(
        self,
        features: FeatureTable,
        extras: Any,
        rows: NDArray[np.int64],
        network: nn.Module,  # noqa: ARG002 - all networks take the same
    ) -> LetterBatch:
        """Make a batch of letters, short rows filled up at their end."""
        return letter_batch(features[self.letters].select(rows), None if extras is None else extras[rows])

    @property
    def tracks(self) -> dict[str, int]:
        """Track -> its strands."""
        return dict(self.architecture.get("tracks") or {})

    def predict_tracks(self, features: FeatureTable) -> NDArray[np.float32]:
        """Predict how the counts of each track are spread over its strands and places: the mean of the networks.

        Returns
        -------
        numpy.ndarray
            ``[rows, strands of all tracks, length]``; of each row, the shares of a track add up to 1. Rows are all of one length.
        """
        lengths = np.diff(features[self.letters].token_ptr)
        shares = np.zeros((len(lengths), sum(self.tracks.values()), int(lengths.max(initial=0))), np.float32)
        with self._evaluating():
            for rows, batch in self._batches(features, self.scaled_extras(features)):
                for network in self.networks:
                    _, places = network.forward_with_places(batch)
                    sides = torch.split(places, list(self.tracks.values()), dim=1)
                    shared = [each.flatten(1).softmax(dim=1).view_as(each) for each in sides]
                    shares[rows] += torch.cat(shared, dim=1).cpu().numpy() / len(self.networks)
        return shares

    def _predicted_together(self, features: FeatureTable) -> Iterator[NDArray[np.int64]]:
        return rows_by_length(features[self.letters], on_cpu=self._device.type == "cpu")


def with_tracks(experts: Sequence[Expert]) -> list[SequenceExpert]:
    """Return the experts that predict tracks."""
    return [expert for expert in experts if isinstance(expert, SequenceExpert) and expert.tracks]


def predict_shares(experts: Sequence[Expert], features: FeatureTable) -> NDArray[np.float32]:
    """Return the mean of what those experts that predict tracks do; see :meth:`SequenceExpert.predict_tracks`."""
    mean: NDArray[np.float32] = np.mean([expert.predict_tracks(features) for expert in with_tracks(experts)], axis=0)
    return mean


def letter_batch(letters: TokenBatch, extras: torch.Tensor | None = None) -> LetterBatch:
    """Make a network's batch of packed letters, short rows filled up at their end."""
    # A length of 1 at least: convolutions have to see a place.
    padded = letters.padded(max(1, int(np.diff(letters.token_ptr).max(initial=0))))
    return LetterBatch(torch.from_numpy(padded).long(), extras)


def rows_by_length(letters: TokenBatch, *, on_cpu: bool) -> Iterator[NDArray[np.int64]]:
    """Yield rows of about the same length: what fills up the shorter ones costs as much as letters do."""
    lengths = np.diff(letters.token_ptr)
    order = np.argsort(lengths, kind="stable")
    most = _LETTERS_ON_CPU if on_cpu else _LETTERS_ON_GPU
    start = 0
    while start < len(order):
        stop = min(start + _ROWS, len(order))
        # Sorted: the last row of a batch is its longest.
        while stop - start > 1 and (stop - start) * lengths[order[stop - 1]] > most:
            stop = start + (stop - start + 1) // 2
        yield order[start:stop]
        start = stop


def rows_alike(letters: TokenBatch) -> Iterator[NDArray[np.int64]]:
    """Yield all rows in groups of which none is much longer than another."""
    lengths = np.diff(letters.token_ptr)
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        first = lengths[order[start]]
        stop = int(np.searchsorted(lengths[order], max(_ALIKE * first, first + _SHORT), side="right"))
        yield order[start:stop]
        start = stop
