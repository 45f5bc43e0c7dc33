"""What a network sees of a batch of molecules."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from molgen.chem.environments import Environments, merge_environments
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
    environments
        What the graphs have in common, for message passing that works it out once; ``None`` where it does not.
    """

    graphs: GraphTensors
    features: Tensor | None
    environments: Environments | None = None

    def to(self, device: torch.device) -> MoleculeBatch:
        """Copy the tensors to a device; what the graphs have in common stays behind, as it saves time on a CPU alone."""
        if device == self.graphs.atoms.device:
            return self
        # Towards a GPU nothing has to be waited for: the kernels that read the copies queue behind them.
        ahead = device.type == "cuda"
        *tensors, n_graphs = self.graphs
        atoms, bonds, bond_fields, graph_of_atom = (tensor.to(device, non_blocking=ahead) for tensor in tensors)
        graphs = GraphTensors(atoms, bonds, bond_fields, graph_of_atom, n_graphs)
        return MoleculeBatch(graphs, None if self.features is None else self.features.to(device, non_blocking=ahead))


def make_batch(graphs: GraphBatch, features: Tensor | None = None, *, merged_rounds: int | None = None) -> MoleculeBatch:
    """Make a model's batch from packed graphs and, for some models, features of the same rows.

    Parameters
    ----------
    graphs, features
        The rows.
    merged_rounds
        Rounds of message passing for which to find what the graphs have in common
        (:attr:`~molgen.models.property.PropertyNetwork.merged_rounds`); ``None`` for not at all.
    """
    environments = None if merged_rounds is None else merge_environments(graphs, merged_rounds)
    return MoleculeBatch(graphs.to_torch(), features, environments)
