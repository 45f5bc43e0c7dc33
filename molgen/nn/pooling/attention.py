"""A sum whose weights are learnt: each atom says how much it matters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter

from molgen.nn.pooling import Pooling

__all__ = ["Attention"]

#: As in ``mean_sum``: keeps the sum near 1, and lets size count.
_ATOMS = 10.0


class Attention(Pooling):
    """Gated sum ``sum(sigmoid(gate(atom)) * value(atom))``. Source: Li et al., ICLR 2016, arXiv:1511.05493, equation 7."""

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__(width, dropout)
        self.gate = nn.Linear(width, width)
        self.value = nn.Linear(width, width)

    def forward(self, atoms: Tensor, graph_of_atom: Tensor, n_graphs: int) -> Tensor:
        """Pool; see :meth:`Pooling.forward`."""
        weighed = torch.sigmoid(self.gate(atoms)) * self.value(self.dropout(atoms))
        total: Tensor = scatter(weighed, graph_of_atom, 0, n_graphs)
        return total / _ATOMS
