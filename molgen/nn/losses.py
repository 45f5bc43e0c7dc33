"""Losses over several tasks at once, of either kind, with labels missing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MultiTaskLoss"]


class MultiTaskLoss(nn.Module):
    """Squared error on regression tasks and cross-entropy on binary ones, averaged over the labels that are there.

    Parameters
    ----------
    binary
        bool ``[tasks]``: which tasks are binary.
    positive_weight
        float ``[tasks]``: weight of positive labels in binary tasks; 1 leaves the classes as they are.
    """

    binary: Tensor
    positive_weight: Tensor

    def __init__(self, binary: Tensor, positive_weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("binary", binary)
        self.register_buffer("positive_weight", positive_weight)

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of ``outputs`` against ``targets`` (both ``[rows, tasks]``; NaN = missing)."""
        present = ~torch.isnan(targets)
        filled = torch.where(present, targets, 0.0)
        squared = (outputs - filled) ** 2
        entropy = functional.binary_cross_entropy_with_logits(
            outputs, filled.clamp(0, 1), pos_weight=self.positive_weight, reduction="none"
        )
        each = torch.where(self.binary, entropy, squared)
        return (each * present).sum() / present.sum().clamp(min=1)
