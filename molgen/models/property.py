"""Molecular properties from graphs, with molecule-level features where they are wanted."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molgen.chem.graph import ATOM_FIELD_SIZES, BOND_FIELD_SIZES
from molgen.data.batch import MoleculeBatch
from molgen.nn.embedding import FieldEmbedding
from molgen.nn.heads import read_out
from molgen.nn.message_passing import MessagePassing
from molgen.nn.parts import MESSAGE_PASSING, POOLING, find_part
from molgen.nn.pooling import Pooling

__all__ = ["MoleculeEncoder", "PropertyNetwork"]


class MoleculeEncoder(nn.Module):
    """Embed, pass messages, and pool over the atoms.

    Parameters
    ----------
    network
        How messages are passed: the name of a file in ``molgen/nn/message_passing``.
    pooling
        How atoms become a molecule: the name of a file in ``molgen/nn/pooling``; ``None`` for the architecture's own.
    width, steps, dropout
        Size of the vectors, rounds of message passing, and share of entries dropped in training.

    Raises
    ------
    ConfigError
        If there is no such message passing or pooling.
    """

    def __init__(
        self, *, network: str = "dmpnn", pooling: str | None = None, width: int = 128, steps: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        passing = find_part(MESSAGE_PASSING, network, MessagePassing)  # type: ignore[type-abstract]
        pool = find_part(POOLING, passing.pooling if pooling is None else pooling, Pooling)  # type: ignore[type-abstract]
        self.embed_atoms = FieldEmbedding(ATOM_FIELD_SIZES, width)
        self.embed_bonds = FieldEmbedding(BOND_FIELD_SIZES, width) if passing.reads_bonds else None
        self.message_passing = passing(width, steps, dropout)
        self.pool = pool(width, dropout)

    @property
    def out_width(self) -> int:
        """Length of the vector of a molecule."""
        return int(self.pool.out_width)

    @property
    def merged_rounds(self) -> int | None:
        """Rounds of message passing for which a batch on a CPU should say what its graphs have in common; ``None`` for none."""
        on_cpu = next(self.parameters()).device.type == "cpu"
        return self.message_passing.steps if self.message_passing.merges and on_cpu else None

    def encode(self, batch: MoleculeBatch) -> Tensor:
        """Return one vector a molecule, ``[rows, pool.out_width]``; zeros for an empty graph."""
        merged = batch.environments
        if merged is None or self.embed_bonds is None:
            return self.encode_embedded(*self.embed(batch), batch)
        vectors = self.message_passing.forward_merged(self.embed_atoms(merged.atoms), self.embed_bonds(merged.bonds), merged)
        out: Tensor = self.pool(vectors, batch.graphs.batch, batch.graphs.n_graphs)
        return out

    def embed(self, batch: MoleculeBatch) -> tuple[Tensor, Tensor | None]:
        """Return a vector for each atom, and one for each bond where the architecture reads bonds, ``[n, width]``."""
        return self.embed_atoms(batch.graphs.atoms), None if self.embed_bonds is None else self.embed_bonds(
            batch.graphs.bond_fields
        )

    def encode_embedded(self, atoms: Tensor, bonds: Tensor | None, batch: MoleculeBatch) -> Tensor:
        """Return what :meth:`encode` does from vectors of the atoms and bonds."""
        vectors = self.message_passing(atoms, bonds, batch.graphs.bonds)
        out: Tensor = self.pool(vectors, batch.graphs.batch, batch.graphs.n_graphs)
        return out


class PropertyNetwork(MoleculeEncoder):
    """Encode molecules, and read off every task at once.

    Parameters
    ----------
    outputs
        Number of tasks.
    n_features
        Number of molecule-level features that join the graph's vector at the read-out.
    network, pooling, width, steps, dropout
        See :class:`MoleculeEncoder`.

    Raises
    ------
    ConfigError
        If there is no such message passing or pooling.
    """

    def __init__(
        self,
        outputs: int,
        *,
        n_features: int = 0,
        network: str = "dmpnn",
        pooling: str | None = None,
        width: int = 128,
        steps: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(network=network, pooling=pooling, width=width, steps=steps, dropout=dropout)
        self.head = read_out(self.out_width + n_features, 2 * width, outputs, dropout)

    def read_off(self, molecules: Tensor, features: Tensor | None) -> Tensor:
        """Return raw outputs from the vectors of molecules and, for a network that reads some, their features."""
        if features is not None:
            molecules = torch.cat([molecules, features], dim=1)
        out: Tensor = self.head(molecules)
        return out

    def forward(self, batch: MoleculeBatch) -> Tensor:
        """Return raw outputs ``[rows, tasks]``: standardised values, or logits of binary tasks."""
        return self.read_off(self.encode(batch), batch.features)
