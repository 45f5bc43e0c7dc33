"""What a network sees of a batch of molecules."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from molgen.chem.graph import GraphBatch, GraphTensors

__all__ = ["MoleculeBatch", "make_batch"]


class MoleculeBatch(NamedTuple):
    """Graphs and molecule-level features of the same rows.

    Attributes
    ----------
    graphs
        The packed graphs as tensors.
    features
        float32 ``[rows, features]``; ``None`` for a model that reads the graph alone.
    """

    graphs: GraphTensors
    features: Tensor | None

    def to(self, device: torch.device) -> MoleculeBatch:
        """Copy the tensors to a device."""
        atoms, bonds, bond_fields, graph_of_atom, n_graphs = self.graphs
        graphs = GraphTensors(atoms.to(device), bonds.to(device), bond_fields.to(device), graph_of_atom.to(device), n_graphs)
        return MoleculeBatch(graphs, None if self.features is None else self.features.to(device))


def make_batch(graphs: GraphBatch, features: Tensor | None = None) -> MoleculeBatch:
    """Make a model's batch from packed graphs and, for some models, features of the same rows."""
    return MoleculeBatch(graphs.to_torch(), features)
