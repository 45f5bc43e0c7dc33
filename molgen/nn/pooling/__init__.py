"""Pooling: from the atoms of each molecule to one vector a molecule; one way a file, named as the file is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

__all__ = ["Pooling"]


class Pooling(nn.Module, ABC):
    """Atom vectors to molecule vectors.

    Parameters
    ----------
    width
        Length of the atom vectors.
    dropout
        Share of entries dropped in training, where a pooling has something to drop.

    Attributes
    ----------
    out_width
        Length of the molecule vectors.
    """

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.out_width = width
        self.dropout = nn.Dropout(dropout)

    @abstractmethod
    def forward(self, atoms: Tensor, graph_of_atom: Tensor, n_graphs: int) -> Tensor:
        """Pool.

        Parameters
        ----------
        atoms
            Atom vectors ``[n_atoms, width]``.
        graph_of_atom
            Which molecule each atom belongs to, ``[n_atoms]``.
        n_graphs
            Number of molecules; some may have no atoms.

        Returns
        -------
        Tensor
            ``[n_graphs, out_width]``; zeros for a molecule without atoms.
        """
