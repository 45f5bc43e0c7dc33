"""AttentiveFP's read-out: the molecule attends to its atoms several times over, and a gate keeps its state."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.nn import GATConv
from torch_geometric.utils import scatter

from molgen.nn.pooling import Pooling

__all__ = ["AttentiveReadout"]

_STEPS = 2


class AttentiveReadout(Pooling):
    """A molecule's state starts as the sum of its atoms and is refined twice.

    Source: Xiong et al., J. Med. Chem. 2020, 63, 8749.
    """

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__(width, dropout)
        self.attend = GATConv(width, width, dropout=dropout, add_self_loops=False, negative_slope=0.01)
        self.gate = nn.GRUCell(width, width)

    def forward(self, atoms: Tensor, graph_of_atom: Tensor, n_graphs: int) -> Tensor:
        """Pool; see :meth:`Pooling.forward`."""
        graph_of_atom = graph_of_atom.long()
        membership = torch.stack([torch.arange(atoms.shape[0], device=atoms.device), graph_of_atom])
        state = torch.relu(scatter(atoms, graph_of_atom, 0, n_graphs))
        for _ in range(_STEPS):
            heard = functional.elu(self.attend((atoms, state), membership))
            state = torch.relu(self.gate(self.dropout(heard), state))
        # The gate's bias would give a molecule without atoms a vector of its own.
        filled: Tensor = scatter(torch.ones_like(atoms[:, :1]), graph_of_atom, 0, n_graphs) > 0
        return state * filled
