"""Heads: from the vector of a row to what is predicted of it."""

from __future__ import annotations

from torch import nn

__all__ = ["read_out"]


def read_out(width_in: int, width: int, outputs: int, dropout: float) -> nn.Sequential:
    """Return a network of one hidden layer that reads all outputs off a vector."""
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(width_in, width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(width, outputs),
    )
