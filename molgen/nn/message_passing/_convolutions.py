"""What the architectures that repeat one of PyTorch Geometric's convolutions share."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from molgen.nn.message_passing import MessagePassing, both_ways

__all__ = ["Convolutions"]


class Convolutions(MessagePassing):
    """Residual steps ``atoms + dropout(relu(convolution(norm(atoms))))``, normalised so that deep stacks train.

    Source of the residual order: Li et al., DeeperGCN, arXiv:2006.07739.

    Parameters
    ----------
    width, steps, dropout
        See :class:`~molgen.nn.message_passing.MessagePassing`.
    """

    def __init__(self, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(width, steps, dropout)
        self.convolutions = nn.ModuleList(self.make_convolution(width) for _ in range(steps))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(steps))

    @staticmethod
    @abstractmethod
    def make_convolution(width: int) -> nn.Module:
        """Return one of PyG's layers, ``width`` to ``width``, of ``(x, edge_index)`` and, if it reads bonds, ``edge_attr``."""

    def forward(self, atoms: Tensor, bonds: Tensor | None, ends: Tensor) -> Tensor:
        """Exchange messages; see :meth:`MessagePassing.forward`."""
        edges = both_ways(ends)
        of_edges = () if bonds is None else (torch.cat([bonds, bonds]),)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            atoms = atoms + self.dropout(torch.relu(convolution(norm(atoms), edges, *of_edges)))
        return atoms
