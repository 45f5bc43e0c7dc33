"""Categorical graph fields to vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["FieldEmbedding"]


class FieldEmbedding(nn.Module):
    """The sum of one learnt vector a field, as one look-up in one table.

    Parameters
    ----------
    sizes
        How many values each field may take.
    width
        Length of the vectors.
    """

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        offsets = torch.tensor([0, *sizes[:-1]]).cumsum(0).to(torch.int32)
        self.register_buffer("offsets", offsets, persistent=False)
        self.table = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        nn.init.normal_(self.table.weight, std=len(sizes) ** -0.5)

    def forward(self, fields: Tensor) -> Tensor:
        """Embed ``fields`` (integers ``[n, fields]``) as ``[n, width]``."""
        out: Tensor = self.table(fields.to(torch.int32) + self.offsets)
        return out
