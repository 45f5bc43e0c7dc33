"""The sequence expert: networks that read letters, with features of whole rows at their read-out where wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.experts.network import NetworkExpert
from molgen.featurizers import Tokens
from molgen.models.sequence import LetterBatch, SequenceNetwork
from molgen.packed import TokenBatch

__all__ = ["SequenceExpert"]

#: Rows, and letters with those that fill up short rows, of a forward pass.
_ROWS, _LETTERS_ON_CPU, _LETTERS_ON_GPU = 1024, 1 << 15, 1 << 21


class SequenceExpert(NetworkExpert):
    """One or more :class:`~molgen.models.sequence.SequenceNetwork`.

    Parameters
    ----------
    name, tasks, extras, scaler, members
        See :class:`~molgen.experts.network.NetworkExpert`.
    architecture
        Arguments of the network: ``alphabet, network, width, steps, dropout, strands``; what is not there is the default.
    """

    kind: ClassVar[str] = "sequence"
    network_type: ClassVar[type[nn.Module]] = SequenceNetwork
    networks: list[SequenceNetwork]

    @property
    def input(self) -> Tokens:
        """The letters."""
        return Tokens(None, ends=False, output="packed", alphabet=self.architecture.get("alphabet", "dna"))

    def make_batch(self, values: Any, extras: torch.Tensor | None, rows: NDArray[np.int64], network: nn.Module) -> LetterBatch:  # noqa: ARG002
        """Make a batch of letters, short rows filled up at their end."""
        letters: TokenBatch = values.select(rows)
        # A length of 1 at least: convolutions have to see a place.
        padded = letters.padded(max(1, int(np.diff(letters.token_ptr).max(initial=0))))
        return LetterBatch(torch.from_numpy(padded).long(), None if extras is None else extras[rows])

    def _predicted_together(self, values: Any) -> Iterator[NDArray[np.int64]]:
        """Yield rows of about the same length: what fills up the shorter ones costs as much as letters do."""
        lengths = np.diff(values.token_ptr)
        order = np.argsort(lengths, kind="stable")
        most = _LETTERS_ON_CPU if self._device.type == "cpu" else _LETTERS_ON_GPU
        start = 0
        while start < len(order):
            stop = min(start + _ROWS, len(order))
            # Sorted: the last row of a batch is its longest.
            while stop - start > 1 and (stop - start) * lengths[order[stop - 1]] > most:
                stop = start + (stop - start + 1) // 2
            yield order[start:stop]
            start = stop
