"""Graph isomorphism network: neighbours are summed, then passed through a small network. Bonds are only there or not."""

from __future__ import annotations

from typing import ClassVar

from torch import nn
from torch_geometric.nn import GINConv

from molgen.nn.message_passing._convolutions import Convolutions

__all__ = ["GraphIsomorphism"]


class GraphIsomorphism(Convolutions):
    """GIN with a learnt weight of the atom itself. Source: Xu et al., ICLR 2019, arXiv:1810.00826."""

    reads_bonds: ClassVar[bool] = False

    @staticmethod
    def make_convolution(width: int) -> nn.Module:
        """Return PyG's ``GINConv``."""
        perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        layer: nn.Module = GINConv(perceptron, train_eps=True)
        return layer
