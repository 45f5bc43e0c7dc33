"""What reads sequences: one architecture a file, named as the file is.

A new file here is a new value of ``sequence.network`` in a configuration and of ``--network``; see ``docs/models.md``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MaskedConv", "SequenceTrunk", "pool_places", "positions"]


class SequenceTrunk(nn.Module, ABC):
    """From letters to a vector a place. A subclass takes these four arguments.

    Attributes
    ----------
    at_each_letter
        Whether every letter has a place of its own, as what predicts tracks needs.

    Parameters
    ----------
    channels
        Numbers for each letter of the input.
    width
        Length of the vectors.
    steps
        Layers after the first.
    dropout
        Share of entries dropped in training.
    """

    at_each_letter: ClassVar[bool] = False

    def __init__(self, channels: int, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.channels = channels
        self.width = width
        self.steps = steps
        self.dropout = nn.Dropout(dropout)

    @abstractmethod
    def forward(self, letters: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Read letters.

        Parameters
        ----------
        letters
            ``[n, channels, length]``, zero where a row has ended.
        there
            Which places have a letter, 1 or 0, ``[n, 1, length]``. What a row becomes must not depend on how many places after its
            end there are.

        Returns
        -------
        vectors, there
            ``[n, width, places]``, zero where there is none, and ``[n, 1, places]``; there may be fewer places than letters.
        """


class MaskedConv(nn.Conv1d):
    """A convolution that sees nothing beyond the end of a row; as many places come out as go in."""

    def __init__(self, channels: int, width: int, size: int, dilation: int = 1) -> None:
        super().__init__(channels, width, size, dilation=dilation)
        reach = dilation * (size - 1)
        self._before, self._after = reach // 2, reach - reach // 2

    def forward(self, vectors: Tensor, there: Tensor) -> Tensor:  # type: ignore[override]
        """Convolve ``[n, channels, places]``, zero where there is nothing, to ``[n, width, places]``, alike."""
        return super().forward(functional.pad(vectors, (self._before, self._after))) * there


def pool_places(vectors: Tensor, there: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Take the largest of each ``size`` places, of those that are there; vectors must not be negative."""
    beyond = -vectors.shape[2] % size
    vectors, there = functional.pad(vectors, (0, beyond)), functional.pad(there, (0, beyond))
    return functional.max_pool1d(vectors, size), functional.max_pool1d(there, size)


def positions(there: Tensor, pairs: int = 8) -> Tensor:
    """Return sines and cosines of the distance to the middle of each row, ``[n, 2 * pairs, places]``.

    The middle is what windows are cut around; a row's first and last places differ in the sign alone.
    """
    places = torch.arange(there.shape[2], device=there.device, dtype=torch.float32)
    offset = places[None, None, :] - (there.sum(dim=2, keepdim=True) - 1) / 2
    periods = 2.0 ** torch.arange(2, 2 + pairs, device=there.device, dtype=torch.float32)
    angles = 2 * torch.pi * offset / periods[None, :, None]
    return torch.cat([angles.sin(), angles.cos()], dim=1) * there
