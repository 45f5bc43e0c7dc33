"""Graph convolutional network: neighbours averaged by degree. Bonds are only there or not."""

from __future__ import annotations

from typing import ClassVar

from torch import nn
from torch_geometric.nn import GCNConv

from molgen.nn.message_passing._convolutions import Convolutions

__all__ = ["GraphConvolution"]


class GraphConvolution(Convolutions):
    """GCN. Source: Kipf and Welling, ICLR 2017, arXiv:1609.02907."""

    reads_bonds: ClassVar[bool] = False

    @staticmethod
    def make_convolution(width: int) -> nn.Module:
        """Return PyG's ``GCNConv``."""
        layer: nn.Module = GCNConv(width, width)
        return layer
