"""AttentiveFP: attention over neighbours, and a gate that decides how much of what an atom heard it keeps."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn import GATConv
from torch_geometric.nn.models.attentive_fp import GATEConv

from molgen.nn.message_passing import MessagePassing, both_ways

__all__ = ["AttentiveFingerprint"]


class AttentiveFingerprint(MessagePassing):
    """The atom half of AttentiveFP; its molecule half is the pooling ``attentivefp``.

    The first step sees bonds, the later ones atoms alone. Source: Xiong et al., J. Med. Chem. 2020, 63, 8749.

    Parameters
    ----------
    width, steps, dropout
        See :class:`~molgen.nn.message_passing.MessagePassing`.
    """

    pooling: ClassVar[str] = "attentivefp"

    def __init__(self, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(width, steps, dropout)
        first = GATEConv(width, width, width, dropout)
        later = [GATConv(width, width, dropout=dropout, add_self_loops=False, negative_slope=0.01) for _ in range(steps - 1)]
        self.convolutions = nn.ModuleList([first, *later])
        self.gates = nn.ModuleList(nn.GRUCell(width, width) for _ in range(steps))

    def forward(self, atoms: Tensor, bonds: Tensor | None, ends: Tensor) -> Tensor:
        """Exchange messages; see :meth:`MessagePassing.forward`."""
        assert bonds is not None
        edges = both_ways(ends)
        atoms = functional.leaky_relu(atoms)
        for step, (convolution, gate) in enumerate(zip(self.convolutions, self.gates, strict=True)):
            heard = convolution(atoms, edges) if step else convolution(atoms, edges, torch.cat([bonds, bonds]))
            atoms = torch.relu(gate(self.dropout(functional.elu(heard)), atoms))
        return atoms
