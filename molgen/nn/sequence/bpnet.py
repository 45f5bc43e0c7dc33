"""A long filter and residual dilated convolutions at every place, as networks of base-resolution profiles have them."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from molgen.nn.sequence import MaskedConv, SequenceTrunk

__all__ = ["BPNet"]


class BPNet(SequenceTrunk):
    """BPNet's body: filters of 25 letters, then convolutions of three places that are twice as far apart in each layer.

    Source: Avsec et al., Nat. Genet. 2021, 53, 354.
    """

    at_each_letter: ClassVar[bool] = True

    def __init__(self, channels: int, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(channels, width, steps, dropout)
        self.motifs = MaskedConv(channels, width, 25)
        self.layers = nn.ModuleList(MaskedConv(width, width, 3, dilation=2 ** (step + 1)) for step in range(steps))

    def forward(self, letters: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Read letters ``[n, channels, length]``."""
        vectors = functional.relu(self.motifs(letters, there))
        for layer in self.layers:
            vectors = vectors + self.dropout(functional.relu(layer(vectors, there)))
        return vectors, there
