"""A graph network over the genes of samples: the same graph for all, other numbers for each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from molgen.errors import ConfigError

__all__ = ["GeneGraph"]

_MOST_GENES, _MOST_EDGES = 100_000, 10_000_000


class GeneGraph(nn.Module):
    """Pass messages between genes, and put the vectors of all side by side.

    Parameters
    ----------
    columns
        A row a gene: which of a sample's numbers are its own, as many for each; -1 for one that was not measured.
    edges
        Pairs of genes, each once; messages go both ways.
    width, steps
        Length of a gene's vector, and rounds of messages.
    n_numbers
        Numbers of a sample.

    Raises
    ------
    ConfigError
        If columns or edges name what is not there.
    """

    def __init__(
        self,
        columns: Sequence[Sequence[int]],
        edges: Sequence[Sequence[int]],
        n_numbers: int,
        *,
        width: int = 8,
        steps: int = 2,
    ) -> None:
        super().__init__()
        at, pairs = _integers(columns, _MOST_GENES), _integers(edges, _MOST_EDGES)
        if not len(at) or at.min() < -1 or at.max() >= n_numbers:
            raise ConfigError("genes name numbers that are not there", expected=f"-1 to {n_numbers - 1}")
        if len(pairs) and (pairs.shape[1] != 2 or pairs.min() < 0 or pairs.max() >= len(at)):
            raise ConfigError("edges name genes that are not there", expected=f"pairs of 0 to {len(at) - 1}")
        pairs = pairs.reshape(-1, 2)
        both = torch.cat([pairs, pairs.flip(1)])
        degree = torch.bincount(both[:, 1], minlength=len(at)).clamp(min=1)
        self.register_buffer("at", at, persistent=False)
        self.register_buffer("edges", both, persistent=False)
        self.register_buffer("share", 1.0 / degree[:, None], persistent=False)
        self.out_width = len(at) * width
        widths = [at.shape[1], *[width] * steps]
        self.own = nn.ModuleList(nn.Linear(start, stop) for start, stop in pairwise(widths))
        self.others = nn.ModuleList(nn.Linear(start, stop, bias=False) for start, stop in pairwise(widths))

    def forward(self, numbers: Tensor) -> Tensor:
        """Return ``[samples, genes * width]`` from the numbers of samples."""
        blank = torch.cat([numbers, numbers.new_zeros(len(numbers), 1)], dim=1)
        genes = blank[:, self.at]  # type: ignore[index]  # -1 is the blank at the end
        for own, others in zip(self.own, self.others, strict=True):
            told = torch.zeros_like(genes).index_add(1, self.edges[:, 1], genes[:, self.edges[:, 0]])  # type: ignore[index]
            genes = torch.relu(own(genes) + others(told * self.share))  # type: ignore[operator]
        return genes.flatten(1)


def _integers(rows: Sequence[Sequence[int]], most: int) -> Tensor:
    if not isinstance(rows, list | tuple) or len(rows) > most:
        raise ConfigError("a graph of genes has too many rows, or none", expected=f"a list of up to {most:,}")
    return torch.tensor([list(row) for row in rows], dtype=torch.int64, device="cpu")
