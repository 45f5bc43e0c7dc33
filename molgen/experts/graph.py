"""The graph expert: message-passing networks, with molecule-level features at their read-out where wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.chem.graph import GraphBatch
from molgen.data.batch import MoleculeBatch, make_batch
from molgen.device import deterministic
from molgen.experts.base import FeatureTable
from molgen.experts.network import NetworkExpert, in_batches
from molgen.featurizers import Featurizer, MolGraph
from molgen.featurizers.base import take_rows
from molgen.models.property import PropertyNetwork

__all__ = ["GraphExpert"]

#: Molecules a forward pass: on a CPU small batches stay in cache, but large ones have more in common; a GPU wants large ones.
_ROWS_ON_CPU = 32
_ROWS_MERGED = 512
_ROWS_ON_GPU = 4096


class GraphExpert(NetworkExpert):
    """One or more :class:`~molgen.models.property.PropertyNetwork`.

    Parameters
    ----------
    name, tasks, extras, scaler, members
        See :class:`~molgen.experts.network.NetworkExpert`.
    architecture
        Arguments of the network: ``network``, ``pooling``, ``width``, ``steps``, ``dropout``; what is not there is the default.
    """

    kind: ClassVar[str] = "graph"
    network_type: ClassVar[type[nn.Module]] = PropertyNetwork
    networks: list[PropertyNetwork]

    @property
    def graph(self) -> MolGraph:
        """What the networks read."""
        return MolGraph()

    @property
    def inputs(self) -> list[Featurizer]:
        """The graph featurizer."""
        return [self.graph]

    def make_batch(self, features: FeatureTable, extras: Any, rows: NDArray[np.int64], network: nn.Module) -> MoleculeBatch:
        """Make a batch of graphs, with what they have in common where the network asks for it."""
        rounds = network.merged_rounds
        return make_batch(take_rows(features[self.graph], rows), None if extras is None else extras[rows], merged_rounds=rounds)  # type: ignore[arg-type]

    def encode(self, graphs: GraphBatch) -> NDArray[np.float32]:
        """Return what the first network makes of each graph before its head, float32 ``[rows, pool.out_width]``."""
        network = self.networks[0]
        vectors = np.zeros((len(graphs), network.pool.out_width), np.float32)
        with torch.inference_mode(), deterministic(self._device):
            for rows, batch in self._batches({self.graph: graphs}, None):
                vectors[rows] = network.encode(batch).cpu().numpy()
        return vectors

    def _predicted_together(self, features: FeatureTable) -> Iterator[NDArray[np.int64]]:
        merged = self.networks[0].merged_rounds is not None
        size = _ROWS_ON_GPU if self._device.type != "cpu" else _ROWS_MERGED if merged else _ROWS_ON_CPU
        yield from in_batches(np.arange(len(features[self.graph])), size)
