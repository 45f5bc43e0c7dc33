"""Settings of the experts: networks of each kind, and boosted trees."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from molgen.nn.parts import MESSAGE_PASSING, POOLING, SEQUENCE, part_names
from molgen.training.run_config import RunConfig

__all__ = ["GraphConfig", "NetworkConfig", "PairConfig", "SequenceConfig", "TabularConfig"]


def _known_part(package: str, name: str) -> str:
    known = part_names(package)
    if name not in known:
        raise ValueError(f"unknown; one of {', '.join(known)}")
    return name


class NetworkConfig(RunConfig):
    """A network and how it is trained.

    Attributes
    ----------
    width, steps
        Size of the vectors, and layers.
    dropout
        Share of entries dropped in training.
    epochs, patience
        Epochs at most, and epochs without a better validation loss after which training stops. Left out, epochs become fewer beyond
        5,000 rows, and at least 12.
    batch_size, learning_rate, weight_decay
        Of AdamW; the rate warms up over a tenth of the steps and falls along half a cosine.
    """

    width: Annotated[int, Field(ge=8, le=4096)] = 128
    steps: Annotated[int, Field(ge=1, le=32)] = 2
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    epochs: Annotated[int, Field(ge=1)] = 60
    patience: Annotated[int, Field(ge=1)] = 20
    batch_size: Annotated[int, Field(ge=1)] = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.0


class GraphConfig(NetworkConfig):
    """The message-passing network and how it is trained; further settings are those of :class:`NetworkConfig`.

    Attributes
    ----------
    network
        How messages are passed: the name of a file in ``molgen/nn/message_passing``.
    pooling
        How atoms become a molecule: the name of a file in ``molgen/nn/pooling``; ``None`` for the architecture's own.
    dropout
        ``None`` for 0, and 0.2 in a network that sees all descriptors.
    """

    network: Annotated[str, AfterValidator(partial(_known_part, MESSAGE_PASSING))] = "dmpnn"
    pooling: Annotated[str, AfterValidator(partial(_known_part, POOLING))] | None = None


class SequenceConfig(NetworkConfig):
    """The network that reads sequences and how it is trained; further settings are those of :class:`NetworkConfig`.

    Attributes
    ----------
    network
        What reads the letters: the name of a file in ``molgen/nn/sequence``.
    strands
        What is made of the two strands of a nucleic acid, see :class:`~molgen.models.sequence.SequenceNetwork`; ``None`` for
        ``"average"`` where rows are stretches of a genome without a strand, else ``"forward"``.
    """

    network: Annotated[str, AfterValidator(partial(_known_part, SEQUENCE))] = "dilated"
    strands: Literal["forward", "augment", "average", "share"] | None = None
    width: Annotated[int, Field(ge=8, le=4096)] = 64
    steps: Annotated[int, Field(ge=1, le=32)] = 4
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = 0.2
    epochs: Annotated[int, Field(ge=1)] = 40
    patience: Annotated[int, Field(ge=1)] = 10
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01


class PairConfig(NetworkConfig):
    """The network that reads pairs and how it is trained; further settings are those of :class:`NetworkConfig`, of the molecules.

    Attributes
    ----------
    network, pooling
        As of :class:`GraphConfig`.
    reader, reader_width, reader_steps
        What reads the sequences letter by letter: the name of a file in ``molgen/nn/sequence``, and the size of its vectors and its
        layers. ``None`` for nothing: the counts of their words are all that is read.
    head
        How both sides are joined: ``"concat"``, ``"bilinear"`` or ``"dot"``; see :class:`~molgen.models.pair.PairNetwork`.
    batch_size
        Pairs a batch, on the average: batches are blocks of some molecules with some sequences.
    """

    network: Annotated[str, AfterValidator(partial(_known_part, MESSAGE_PASSING))] = "dmpnn"
    pooling: Annotated[str, AfterValidator(partial(_known_part, POOLING))] | None = None
    reader: Annotated[str, AfterValidator(partial(_known_part, SEQUENCE))] | None = None
    reader_width: Annotated[int, Field(ge=8, le=4096)] = 64
    reader_steps: Annotated[int, Field(ge=1, le=32)] = 4
    head: Literal["concat", "bilinear", "dot"] = "concat"
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = 0.2
    epochs: Annotated[int, Field(ge=1)] = 60
    patience: Annotated[int, Field(ge=1)] = 20
    batch_size: Annotated[int, Field(ge=1)] = 256
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4


class TabularConfig(RunConfig):
    """The boosted trees and how they are trained.

    Attributes
    ----------
    rounds, learning_rate, leaves, columns, min_rows_in_leaf
        Trees, and what LightGBM calls ``learning_rate``, ``num_leaves``, ``feature_fraction`` and ``min_data_in_leaf``.
    extra_rounds
        Extremely randomised trees of a blend; ``None`` for twice as many as the others, 0 for none.
    """

    rounds: Annotated[int, Field(ge=1)] = 500
    extra_rounds: Annotated[int, Field(ge=0)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 0.04
    leaves: Annotated[int, Field(ge=2)] = 31
    columns: Annotated[float, Field(gt=0, le=1)] = 0.15
    min_rows_in_leaf: Annotated[int, Field(ge=1)] = 10

    @property
    def all_extra_rounds(self) -> int:
        """The extremely randomised trees, settled."""
        return 2 * self.rounds if self.extra_rounds is None else self.extra_rounds
