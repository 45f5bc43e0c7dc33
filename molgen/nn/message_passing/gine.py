"""Graph isomorphism network with bonds: each neighbour is summed together with the bond it is reached by."""

from __future__ import annotations

from torch import nn
from torch_geometric.nn import GINEConv

from molgen.nn.message_passing._convolutions import Convolutions

__all__ = ["GraphIsomorphismWithBonds"]


class GraphIsomorphismWithBonds(Convolutions):
    """GINE with a learnt weight of the atom itself. Source: Hu et al., ICLR 2020, arXiv:1905.12265."""

    @staticmethod
    def make_convolution(width: int) -> nn.Module:
        """Return PyG's ``GINEConv``."""
        perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        layer: nn.Module = GINEConv(perceptron, train_eps=True)
        return layer
