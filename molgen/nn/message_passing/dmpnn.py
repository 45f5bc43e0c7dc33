"""Directed message passing: messages belong to bonds, in both directions, and not to atoms."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter

from molgen.nn.message_passing import MessagePassing, both_ways

__all__ = ["DirectedMessagePassing"]


class DirectedMessagePassing(MessagePassing):
    """Messages along directed bonds (D-MPNN): a bond never hears its own message back.

    Source: Yang et al., J. Chem. Inf. Model. 2019, 59, 3370. Departures: the input is the sum of an atom and a bond vector, a
    step is residual to the step before instead of the first, and the steps are normalised.

    Parameters
    ----------
    width, steps, dropout
        See :class:`~molgen.nn.message_passing.MessagePassing`.
    """

    def __init__(self, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(width, steps, dropout)
        self.updates = nn.ModuleList(nn.Linear(width, width) for _ in range(steps))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(steps))
        self.readout = nn.Linear(2 * width, width)

    def forward(self, atoms: Tensor, bonds: Tensor | None, ends: Tensor) -> Tensor:
        """Exchange messages; see :meth:`MessagePassing.forward`."""
        assert bonds is not None
        # The first half runs along the bonds, the second half back: halves swapped, each message meets its reverse.
        source, target = both_ways(ends)
        n_atoms, (n_bonds, width) = len(atoms), bonds.shape
        first = atoms.index_select(0, source).view(2, n_bonds, width) + bonds
        messages = torch.relu(first.view(2 * n_bonds, width))
        for update, norm in zip(self.updates, self.norms, strict=True):
            heard = scatter(messages, target, 0, n_atoms)
            backwards = torch.cat([messages[n_bonds:], messages[:n_bonds]])
            incoming = heard.index_select(0, source) - backwards
            messages = messages + self.dropout(torch.relu(update(norm(incoming))))
        heard = scatter(messages, target, 0, n_atoms)
        return torch.relu(self.readout(torch.cat([atoms, heard], dim=1)))
