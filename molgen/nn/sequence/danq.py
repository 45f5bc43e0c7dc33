"""Motifs by convolution, and their order by a recurrent network that reads both ways."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from molgen.nn.sequence import MaskedConv, SequenceTrunk, pool_places

__all__ = ["DanQ"]

_MOTIF = 26
_POOLED = 13


class DanQ(SequenceTrunk):
    """Filters of 26 letters, the best of each 13 places, and a bidirectional LSTM over these, of ``steps`` layers.

    Source: Quang and Xie, Nucleic Acids Res. 2016, 44, e107.
    """

    def __init__(self, channels: int, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(channels, width, steps, dropout)
        self.motifs = MaskedConv(channels, width, _MOTIF)
        half = (width + 1) // 2
        self.recurrent = nn.LSTM(width, half, steps, batch_first=True, bidirectional=True, dropout=dropout if steps > 1 else 0.0)
        self.mix = nn.Conv1d(2 * half, width, 1)

    def forward(self, letters: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Read letters ``[n, channels, length]``."""
        vectors, there = pool_places(functional.relu(self.motifs(letters, there)), there, _POOLED)
        counts = there.sum(dim=(1, 2)).clamp(min=1).long().cpu()
        packed = pack_padded_sequence(self.dropout(vectors).transpose(1, 2), counts, batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, total_length=there.shape[2])
        return self.mix(read.transpose(1, 2)) * there, there
