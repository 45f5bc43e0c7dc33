"""The mean beside the sum: properties of composition follow the one, additive ones the other."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from molgen.nn.pooling import Pooling

__all__ = ["MeanSum"]

#: Atom vectors are summed over this many: near 1 for a drug-like molecule, and size still counts.
_ATOMS = 10.0


class MeanSum(Pooling):
    """Sum and mean over the atoms, side by side; nothing is learnt."""

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__(width, dropout)
        self.out_width = 2 * width

    def forward(self, atoms: Tensor, graph_of_atom: Tensor, n_graphs: int) -> Tensor:
        """Pool; see :meth:`Pooling.forward`."""
        total = scatter(atoms, graph_of_atom, 0, n_graphs)
        sizes = scatter(torch.ones_like(atoms[:, :1]), graph_of_atom, 0, n_graphs).clamp(min=1)
        return torch.cat([total / _ATOMS, total / sizes], dim=1)
