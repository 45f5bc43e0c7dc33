"""Directed message passing: messages belong to bonds, in both directions, and not to atoms."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, linear
from torch_geometric.utils import scatter

from molgen.chem.environments import Environments, Heard
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

    merges: ClassVar[bool] = True

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
        n_atoms, (n_bonds, width) = atoms.shape[0], bonds.shape
        first = atoms.index_select(0, source).view(2, n_bonds, width) + bonds
        messages = torch.relu(first.view(2 * n_bonds, width))
        for update, norm in zip(self.updates, self.norms, strict=True):
            heard = scatter(messages, target, 0, n_atoms)
            backwards = torch.cat([messages[n_bonds:], messages[:n_bonds]])
            incoming = heard.index_select(0, source) - backwards
            messages = messages + self.dropout(torch.relu(update(norm(incoming))))
        heard = scatter(messages, target, 0, n_atoms)
        return torch.relu(self.readout(torch.cat([atoms, heard], dim=1)))

    def forward_merged(self, atoms: Tensor, bonds: Tensor, environments: Environments) -> Tensor:
        """Exchange each distinct message once (:meth:`MessagePassing.forward_merged`); dropout drops the same of like ones."""
        of_atoms, of_bonds = environments.sources
        messages = torch.relu(atoms.index_select(0, of_atoms) + bonds.index_select(0, of_bonds))
        for update, norm, heard in zip(self.updates, self.norms, environments.rounds, strict=True):
            incoming = _add_up(messages, heard)
            messages = messages.index_select(0, heard.receivers) + self.dropout(torch.relu(update(norm(incoming))))
        # There are few kinds of atoms: their part of the read-out is worked out once for each kind.
        own, of_messages = self.readout.weight[:, : self.width], self.readout.weight[:, self.width :]
        of_kinds = linear(atoms, own, self.readout.bias).index_select(0, environments.last.receivers)
        out = torch.relu(of_kinds + linear(_add_up(messages, environments.last), of_messages))
        return out.index_select(0, environments.of_atom)


def _add_up(messages: Tensor, heard: Heard) -> Tensor:
    """Add up the messages that reach each receiver."""
    return embedding_bag(heard.messages, messages, heard.starts, mode="sum")
