"""Molecular properties from graphs, with molecule-level features where they are wanted."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter

from molgen.chem.graph import ATOM_FIELD_SIZES, BOND_FIELD_SIZES
from molgen.data.batch import MoleculeBatch
from molgen.nn.embedding import FieldEmbedding
from molgen.nn.message_passing import DirectedMessagePassing

__all__ = ["PropertyNetwork"]

#: Atom vectors are summed over this many: near 1 for a drug-like molecule, and size still counts.
_ATOMS = 10.0


class PropertyNetwork(nn.Module):
    """Embed, pass messages, pool over the atoms, and read off every task at once.

    Pooling is the mean beside the sum: properties of composition follow the one, additive ones the other.

    Parameters
    ----------
    outputs
        Number of tasks.
    n_features
        Number of molecule-level features that join the graph's vector at the read-out.
    width, steps, dropout
        Size of the vectors, rounds of message passing, and share of entries dropped in training.
    """

    def __init__(self, outputs: int, *, n_features: int = 0, width: int = 128, steps: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed_atoms = FieldEmbedding(ATOM_FIELD_SIZES, width)
        self.embed_bonds = FieldEmbedding(BOND_FIELD_SIZES, width)
        self.message_passing = DirectedMessagePassing(width, steps, dropout)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(2 * width + n_features, 2 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, outputs),
        )

    def encode(self, batch: MoleculeBatch) -> Tensor:
        """Return one vector a molecule, ``[rows, 2 * width]``; zeros for an empty graph."""
        atoms, bonds, bond_fields, graph_of_atom, n_graphs = batch.graphs
        vectors = self.message_passing(self.embed_atoms(atoms), self.embed_bonds(bond_fields), bonds)
        total = scatter(vectors, graph_of_atom, 0, n_graphs)
        sizes = torch.bincount(graph_of_atom, minlength=n_graphs).clamp(min=1).unsqueeze(1)
        return torch.cat([total / _ATOMS, total / sizes], dim=1)

    def forward(self, batch: MoleculeBatch) -> Tensor:
        """Return raw outputs ``[rows, tasks]``: standardised values, or logits of binary tasks."""
        molecules = self.encode(batch)
        if batch.features is not None:
            molecules = torch.cat([molecules, batch.features], dim=1)
        out: Tensor = self.head(molecules)
        return out
