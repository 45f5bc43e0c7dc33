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
        # Towards a GPU nothing has to be waited for: the kernels that read the copies queue behind them.
        ahead = device.type == "cuda"
        *tensors, n_graphs = self.graphs
        atoms, bonds, bond_fields, graph_of_atom = (tensor.to(device, non_blocking=ahead) for tensor in tensors)
        graphs = GraphTensors(atoms, bonds, bond_fields, graph_of_atom, n_graphs)
        return MoleculeBatch(graphs, None if self.features is None else self.features.to(device, non_blocking=ahead))


def make_batch(graphs: GraphBatch, features: Tensor | None = None) -> MoleculeBatch:
    """Make a model's batch from packed graphs and, for some models, features of the same rows."""
    return MoleculeBatch(graphs.to_torch(), features)
