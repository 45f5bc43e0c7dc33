"""Motifs, and what stands around them at ever larger distances: a small dilated convolutional network."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from molgen.nn.sequence import MaskedConv, SequenceTrunk, pool_places, positions

__all__ = ["Dilated"]

_MOTIF = 15
_POOLED = 4
_PAIRS = 8


class Dilated(SequenceTrunk):
    """Filters of 15 letters, the best of each four places, then residual layers whose reach doubles from one to the next.

    Vectors know how far they are from the middle of the row.
    """

    def __init__(self, channels: int, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(channels, width, steps, dropout)
        self.motifs = MaskedConv(channels, width, _MOTIF)
        self.place = nn.Conv1d(2 * _PAIRS, width, 1, bias=False)
        nn.init.zeros_(self.place.weight)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(steps))
        self.layers = nn.ModuleList(MaskedConv(width, width, 3, dilation=2**step) for step in range(steps))
        self.mixes = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(steps))

    def forward(self, letters: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Read letters ``[n, channels, length]``."""
        vectors, there = pool_places(functional.relu(self.motifs(letters, there)), there, _POOLED)
        vectors = (vectors + self.place(positions(there, _PAIRS))) * there
        for norm, layer, mix in zip(self.norms, self.layers, self.mixes, strict=True):
            normed = norm(vectors.transpose(1, 2)).transpose(1, 2) * there
            vectors = vectors + self.dropout(mix(functional.gelu(layer(normed, there)))) * there
        return vectors, there
