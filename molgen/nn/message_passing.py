"""Message passing over molecular graphs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter

__all__ = ["DirectedMessagePassing"]


class DirectedMessagePassing(nn.Module):
    """Messages along directed bonds (D-MPNN): a bond never hears its own message back.

    Source: Yang et al., J. Chem. Inf. Model. 2019, 59, 3370. Departures: the input is the sum of an atom and a bond vector, a
    step is residual to the step before instead of the first, and the steps are normalised.

    Parameters
    ----------
    width
        Length of the atom and bond vectors.
    steps
        Rounds of message passing.
    dropout
        Share of each message's entries dropped in training.
    """

    def __init__(self, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.updates = nn.ModuleList(nn.Linear(width, width) for _ in range(steps))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(steps))
        self.readout = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, atoms: Tensor, bonds: Tensor, ends: Tensor) -> Tensor:
        """Exchange messages.

        Parameters
        ----------
        atoms
            Atom vectors ``[n_atoms, width]``.
        bonds
            Bond vectors ``[n_bonds, width]``.
        ends
            Atom indices ``[n_bonds, 2]`` of each bond's ends; each bond once.

        Returns
        -------
        Tensor
            Atom vectors ``[n_atoms, width]``.
        """
        begin, end = ends.long().unbind(1)
        # The first half runs from begin to end, the second half back: halves swapped, each message meets its reverse.
        source, target = torch.cat([begin, end]), torch.cat([end, begin])
        n_atoms, (n_bonds, width) = len(atoms), bonds.shape
        both_ways = atoms.index_select(0, source).view(2, n_bonds, width) + bonds
        messages = torch.relu(both_ways.view(2 * n_bonds, width))
        for update, norm in zip(self.updates, self.norms, strict=True):
            heard = scatter(messages, target, 0, n_atoms)
            backwards = torch.cat([messages[n_bonds:], messages[:n_bonds]])
            incoming = heard.index_select(0, source) - backwards
            messages = messages + self.dropout(torch.relu(update(norm(incoming))))
        heard = scatter(messages, target, 0, n_atoms)
        return torch.relu(self.readout(torch.cat([atoms, heard], dim=1)))
