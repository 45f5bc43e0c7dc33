"""Graph attention: each atom weighs its neighbours, and the bonds to them, by what it holds itself."""

from __future__ import annotations

from math import gcd

from torch import nn
from torch_geometric.nn import GATv2Conv

from molgen.nn.message_passing._convolutions import Convolutions

__all__ = ["GraphAttention"]

_HEADS = 4


class GraphAttention(Convolutions):
    """GATv2 with bond vectors, four heads where the width allows it. Source: Brody et al., ICLR 2022, arXiv:2105.14491."""

    @staticmethod
    def make_convolution(width: int) -> nn.Module:
        """Return PyG's ``GATv2Conv``."""
        heads = gcd(width, _HEADS)
        layer: nn.Module = GATv2Conv(width, width // heads, heads, edge_dim=width)
        return layer
