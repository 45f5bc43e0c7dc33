"""What a molecule does to a protein, another sequence, or the cells of a sample, from both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from molgen.data.batch import MoleculeBatch
from molgen.errors import ConfigError
from molgen.models.property import MoleculeEncoder
from molgen.models.sequence import LetterBatch, SequenceEncoder
from molgen.nn.gene_graph import GeneGraph
from molgen.nn.heads import read_out

__all__ = ["HEADS", "PairInput", "PairNetwork"]

#: How the vectors of both sides become one.
HEADS = ("concat", "bilinear", "dot")


class PairInput(NamedTuple):
    """Molecules and sequences, each once, and the pairs of them that are asked for.

    Attributes
    ----------
    molecules
        What is different among the molecules.
    bits
        float32 ``[molecules, bits]``: logarithms of one plus the counts of a fingerprint.
    sequences
        What is different among the sequences, in batches of about the same length; none for a network that reads their words alone.
    words
        float32 ``[sequences, words]``: counts of words, as rows of one length; of samples their scaled numbers.
    of_molecule, of_sequence
        int64 ``[pairs]``: which molecule and which sequence each pair has.
    """

    molecules: MoleculeBatch
    bits: Tensor
    sequences: list[LetterBatch]
    words: Tensor
    of_molecule: Tensor
    of_sequence: Tensor

    def to(self, device: torch.device) -> PairInput:
        """Copy to a device."""
        bits, words, *places = (each.to(device) for each in (self.bits, self.words, self.of_molecule, self.of_sequence))
        return PairInput(self.molecules.to(device), bits, [each.to(device) for each in self.sequences], words, *places)


class PairNetwork(nn.Module):
    """Encode every molecule and every partner once, and read off each pair of them.

    Parameters
    ----------
    outputs
        Number of tasks.
    n_features
        Number of molecule-level features that join the graph's vector.
    network, pooling, width, steps
        Of the molecules; see :class:`~molgen.models.property.MoleculeEncoder`.
    bits, words
        Columns of the fingerprint that joins the molecules' vectors, and of the counts of words that join the sequences' (or are
        the numbers of samples).
    alphabet, reader, reader_width, reader_steps
        Of the sequences; see :class:`~molgen.models.sequence.SequenceEncoder`, whose ``network`` is the reader. Without a reader
        their words are all that is read.
    genes, edges
        Of samples, a graph over their numbers; see :class:`~molgen.nn.gene_graph.GeneGraph`. Without one the numbers are read
        as they are.
    head
        ``"concat"``: a network sees both vectors and their product, entry by entry. ``"bilinear"``: a weighted sum of that product
        and of each vector. ``"dot"``: the dot product of both, a vector for each task, and what each side adds by itself.
    dropout
        Share of entries dropped in training.

    Raises
    ------
    ConfigError
        If there is no such network or head.
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
        bits: int = 2048,
        words: int = 8000,
        alphabet: str = "protein",
        reader: str | None = None,
        reader_width: int = 64,
        reader_steps: int = 4,
        genes: Sequence[Sequence[int]] = (),
        edges: Sequence[Sequence[int]] = (),
        head: str = "concat",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if head not in HEADS:
            raise ConfigError("unknown head", expected=f"one of {', '.join(HEADS)}", got=repr(head)[:80])
        self.molecules = MoleculeEncoder(network=network, pooling=pooling, width=width, steps=steps, dropout=dropout)
        self.sequences = None
        if reader is not None:
            settings: dict[str, Any] = {"width": reader_width, "steps": reader_steps, "dropout": dropout}
            self.sequences = SequenceEncoder(alphabet=alphabet, network=reader, **settings)
        self.genes = GeneGraph(genes, edges, words) if genes else None
        self.head_kind = head
        self.outputs, self.words = outputs, words
        joined = 2 * width * (outputs if head == "dot" else 1)
        read = sum(0 if each is None else each.out_width for each in (self.sequences, self.genes))
        self.of_molecule = _projection(self.molecules.out_width + n_features + bits, joined, dropout)
        self.of_sequence = _projection(read + words, joined, dropout)
        if head == "concat":
            self.head: nn.Module = read_out(3 * joined, 2 * width, outputs, dropout)
        elif head == "bilinear":
            self.head = nn.Linear(3 * joined, outputs)
        else:
            self.head = nn.Linear(2 * joined, outputs)

    @property
    def merged_rounds(self) -> int | None:
        """See :attr:`molgen.models.property.MoleculeEncoder.merged_rounds`."""
        return self.molecules.merged_rounds

    def encode_molecules(self, batch: MoleculeBatch, bits: Tensor) -> Tensor:
        """Return a vector a molecule."""
        parts = [self.molecules.encode(batch), bits, *([] if batch.features is None else [batch.features])]
        out: Tensor = self.of_molecule(torch.cat(parts, dim=1))
        return out

    def encode_sequences(self, batches: Sequence[LetterBatch], words: Tensor) -> Tensor:
        """Return a vector a sequence, or sample, of the same length as molecules'."""
        parts = [words]
        if self.sequences is not None:
            parts.append(torch.cat([self.sequences.encode(each.letters) for each in batches]))
        if self.genes is not None:
            parts.append(self.genes(words))
        out: Tensor = self.of_sequence(torch.cat(parts, dim=1))
        return out

    def read_off(self, molecules: Tensor, sequences: Tensor) -> Tensor:
        """Return raw outputs ``[pairs, tasks]`` from the vectors of each pair's two sides."""
        product = molecules * sequences
        if self.head_kind != "dot":
            joined: Tensor = self.head(torch.cat([molecules, sequences, product], dim=1))
            return joined
        dots: Tensor = product.reshape(len(product), self.outputs, -1).sum(dim=2) / (product.shape[1] / self.outputs) ** 0.5
        alone: Tensor = self.head(torch.cat([molecules, sequences], dim=1))
        return dots + alone

    def forward(self, batch: PairInput) -> Tensor:
        """Return raw outputs ``[pairs, tasks]``: standardised values, or logits of binary tasks."""
        molecules = self.encode_molecules(batch.molecules, batch.bits)
        sequences = self.encode_sequences(batch.sequences, batch.words)
        return self.read_off(molecules[batch.of_molecule], sequences[batch.of_sequence])


def _projection(width: int, out: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(width, out), nn.ReLU(), nn.Dropout(dropout), nn.Linear(out, out), nn.ReLU())
