"""Message passing over molecular graphs: one architecture a file, named as the file is.

A new file here is a new value of ``graph.network`` in a configuration and of ``--network``; see ``docs/models.md``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from molgen.chem.environments import Environments

__all__ = ["MessagePassing", "both_ways"]


class MessagePassing(nn.Module, ABC):
    """Atoms hear of their surroundings, a bond further with each step.

    A subclass takes these three arguments, and keeps what belongs to step ``n`` at place ``n`` of ``nn.ModuleList``s as long as
    there are steps.

    Parameters
    ----------
    width
        Length of the atom and bond vectors.
    steps
        Rounds of message passing.
    dropout
        Share of each message's entries dropped in training.

    Attributes
    ----------
    reads_bonds
        Whether bond vectors are used; the network makes none for an architecture that does without.
    merges
        Whether it has a :meth:`forward_merged`.
    pooling
        How the architecture's atoms are pooled where nothing else is asked for.
    """

    reads_bonds: ClassVar[bool] = True
    merges: ClassVar[bool] = False
    pooling: ClassVar[str] = "mean_sum"

    def __init__(self, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.steps = steps
        self.dropout = nn.Dropout(dropout)

    @abstractmethod
    def forward(self, atoms: Tensor, bonds: Tensor | None, ends: Tensor) -> Tensor:
        """Exchange messages.

        Parameters
        ----------
        atoms
            Atom vectors ``[n_atoms, width]``.
        bonds
            Bond vectors ``[n_bonds, width]``; ``None`` where ``reads_bonds`` is false.
        ends
            Atom indices ``[n_bonds, 2]`` of each bond's ends; each bond once.

        Returns
        -------
        Tensor
            Atom vectors ``[n_atoms, width]``.
        """

    def forward_merged(self, atoms: Tensor, bonds: Tensor, environments: Environments) -> Tensor:
        """Exchange the messages of a batch, each distinct one once, with the outcome of :meth:`forward`.

        Parameters
        ----------
        atoms, bonds
            Vectors ``[n_kinds, width]`` of each kind of atom and of bond in the batch.
        environments
            Which messages are alike.

        Returns
        -------
        Tensor
            Atom vectors ``[n_atoms, width]``.
        """
        raise NotImplementedError

    def step_parameters(self, step: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of one step (0-based)."""
        for child in self.children():
            if isinstance(child, nn.ModuleList) and len(child) == self.steps:
                yield from child[step].parameters()


def both_ways(ends: Tensor) -> Tensor:
    """Return PyG's edge index ``[2, 2 * n_bonds]`` of bonds ``[n_bonds, 2]``: all bonds, then all of them backwards."""
    forth = ends.long().t()
    return torch.cat([forth, forth.flip(0)], dim=1)
