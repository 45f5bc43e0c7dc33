"""Motifs by convolution, and attention from each to all others."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from molgen.nn.sequence import MaskedConv, SequenceTrunk, pool_places, positions

__all__ = ["Transformer"]

_MOTIF = 15
_POOLED = 8
_PAIRS = 8
_HEAD = 32


class Transformer(SequenceTrunk):
    """Filters of 15 letters, the best of each eight places, and ``steps`` layers of self-attention, heads of some 32 numbers."""

    def __init__(self, channels: int, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(channels, width, steps, dropout)
        self.motifs = MaskedConv(channels, width, _MOTIF)
        self.place = nn.Conv1d(2 * _PAIRS, width, 1, bias=False)
        heads = next(heads for heads in range(max(1, width // _HEAD), 0, -1) if width % heads == 0)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True)
            for _ in range(steps)
        )

    def forward(self, letters: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Read letters ``[n, channels, length]``."""
        vectors, there = pool_places(functional.relu(self.motifs(letters, there)), there, _POOLED)
        vectors = (vectors + self.place(positions(there, _PAIRS))).transpose(1, 2)
        gone = there[:, 0] == 0
        gone[:, 0] = False  # a row without letters attends to a place of zeros: to nothing at all it would be NaN
        for layer in self.layers:
            vectors = layer(vectors, src_key_padding_mask=gone)
        return vectors.transpose(1, 2) * there, there
