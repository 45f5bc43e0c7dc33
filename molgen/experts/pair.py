"""The pair expert: networks that read a molecule and a sequence, each different one once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.data.batch import make_batch
from molgen.data.tasks import n_outputs, unscale
from molgen.device import deterministic
from molgen.experts.base import FeatureTable
from molgen.experts.network import NetworkExpert
from molgen.experts.sequence import letter_batch, rows_alike, rows_by_length
from molgen.featurizers import Featurizer, MolGraph, Tokens
from molgen.featurizers.base import take_rows
from molgen.models.pair import PairInput, PairNetwork
from molgen.packed import Repeated

__all__ = ["PairExpert"]

#: Molecules that are encoded together, and pairs that are read off together.
_MOLECULES, _PAIRS = 512, 1 << 14
#: Letters that cost what a molecule does.
_LETTERS_OF_A_MOLECULE = 11.0


class PairExpert(NetworkExpert):
    """One or more :class:`~molgen.models.pair.PairNetwork`.

    Parameters
    ----------
    name, tasks, extras, scaler, members
        See :class:`~molgen.experts.network.NetworkExpert`; extras are of molecules.
    architecture
        Arguments of the network but ``outputs`` and ``n_features``; what is not there is the default.
    """

    kind: ClassVar[str] = "pair"
    network_type: ClassVar[type[nn.Module]] = PairNetwork
    networks: list[PairNetwork]

    @property
    def graph(self) -> MolGraph:
        """What is read of molecules."""
        return MolGraph()

    @property
    def letters(self) -> Tokens:
        """What is read of sequences."""
        return Tokens(None, ends=False, output="packed", alphabet=self.architecture.get("alphabet", "protein"))

    @property
    def inputs(self) -> list[Featurizer]:
        """Graphs and letters."""
        return [self.graph, self.letters]

    def make_batch(self, features: FeatureTable, extras: Any, rows: NDArray[np.int64], network: nn.Module) -> PairInput:
        """Make a batch of pairs, in which each molecule and each sequence is once."""
        graphs, letters = (features[each].select(rows) for each in self.inputs)
        molecules, of_molecule = np.unique(graphs.index, return_inverse=True)
        tokens, of_sequence = letters.used()
        batch = make_batch(
            take_rows(graphs.values, molecules),
            None if extras is None else torch.from_numpy(extras.values[molecules]),
            merged_rounds=network.merged_rounds,  # type: ignore[arg-type]
        )
        order = list(rows_alike(tokens))
        place = np.empty(len(tokens), np.int64)
        place[np.concatenate(order)] = np.arange(len(tokens))
        sequences = [letter_batch(tokens.select(each)) for each in order]
        return PairInput(batch, sequences, torch.from_numpy(of_molecule), torch.from_numpy(place[of_sequence]))

    def scaled_extras(self, features: FeatureTable) -> Repeated | None:
        """Return the extras of each different molecule side by side, scaled, as float32 ``[molecules, features]``."""
        if self.scaler is None:
            return None
        found: list[Repeated] = [features[extra] for extra in self.extras]
        return Repeated(self.scaler.transform(np.hstack([each.values for each in found])), found[0].index)

    def training_batches(
        self, features: FeatureTable, rows: NDArray[np.int64], order: np.random.Generator, size: int
    ) -> Sequence[NDArray[np.int64]]:
        """Divide pairs into blocks: all pairs of some molecules with some sequences, so that each is encoded for many of them.

        Both sides are divided at random anew each time. A block has ``size`` pairs on the average.
        """
        molecule, sequence = (features[each].index[rows] for each in self.inputs)
        molecules, sequences = np.unique(molecule), np.unique(sequence)
        n_blocks = max(1.0, len(rows) / size)
        letters = np.diff(features[self.letters].values.token_ptr)[sequences].sum()
        # Each molecule is encoded once for every group of sequences, and the other way round: the least of the sum of both.
        cost = len(molecules) / max(1.0, letters / _LETTERS_OF_A_MOLECULE)
        n_of_molecules = int(np.clip(round(np.sqrt(n_blocks * cost)), 1, min(n_blocks, len(molecules))))
        n_of_sequences = int(np.clip(round(n_blocks / n_of_molecules), 1, len(sequences)))
        group_of_molecule = np.zeros(molecules.max() + 1, np.int64)
        group_of_molecule[molecules] = order.permutation(len(molecules)) % n_of_molecules
        group_of_sequence = np.zeros(sequences.max() + 1, np.int64)
        group_of_sequence[sequences] = order.permutation(len(sequences)) % n_of_sequences
        block = group_of_molecule[molecule] * n_of_sequences + group_of_sequence[sequence]
        sorted_rows = np.argsort(block, kind="stable")
        blocks = np.split(rows[sorted_rows], np.flatnonzero(np.diff(block[sorted_rows])) + 1)
        return [blocks[at] for at in order.permutation(len(blocks))]

    def validation_batches(self, features: FeatureTable, rows: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
        """Divide pairs by their sequences, of which a batch then has few."""
        order = np.lexsort((features[self.graph].index[rows], features[self.letters].index[rows]))
        return np.array_split(rows[order], max(1, -(-len(rows) // 4096)))

    def predict_members(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict with each network, ``[members, rows, outputs]`` in task units: N + M encodings, whatever the number of pairs."""
        were_training = [network.training for network in self.networks]
        for network in self.networks:
            network.eval()
        (graphs, of_molecule), (letters, of_sequence) = (features[each].used() for each in self.inputs)
        extras = self.scaled_extras(features)
        of_molecules = None if extras is None else torch.from_numpy(extras.values[np.unique(features[self.graph].index)])
        outputs = np.zeros((len(self.networks), len(of_molecule), n_outputs(self.tasks)), np.float32)
        with torch.inference_mode(), deterministic(self._device):
            for member, network in enumerate(self.networks):
                molecules = self._encoded_molecules(network, graphs, of_molecules)
                sequences = self._encoded_sequences(network, letters)
                for start in range(0, len(of_molecule), _PAIRS):
                    rows = slice(start, start + _PAIRS)
                    molecule, sequence = (torch.from_numpy(each[rows]) for each in (of_molecule, of_sequence))
                    made = network.read_off(molecules[molecule], sequences[sequence])
                    outputs[member, rows] = made.cpu().numpy()
        for network, was_training in zip(self.networks, were_training, strict=True):
            network.train(was_training)
        return np.stack([unscale(self.tasks, member) for member in outputs])

    def _encoded_molecules(self, network: PairNetwork, graphs: Any, extras: torch.Tensor | None) -> torch.Tensor:
        vectors = []
        for start in range(0, max(1, len(graphs)), _MOLECULES):
            rows = np.arange(start, min(start + _MOLECULES, len(graphs)))
            of_rows = None if extras is None else extras[rows]
            batch = make_batch(take_rows(graphs, rows), of_rows, merged_rounds=network.merged_rounds).to(self._device)
            vectors.append(network.encode_molecules(batch))
        return torch.cat(vectors)

    def _encoded_sequences(self, network: PairNetwork, letters: Any) -> torch.Tensor:
        vectors: list[torch.Tensor | None] = [None] * len(letters)
        for rows in rows_by_length(letters, on_cpu=self._device.type == "cpu"):
            encoded = network.encode_sequences(letter_batch(letters.select(rows)).letters.to(self._device))
            for at, vector in zip(rows.tolist(), encoded, strict=True):
                vectors[at] = vector
        return torch.stack([vector for vector in vectors if vector is not None])

    def _predicted_together(self, features: FeatureTable) -> Iterator[NDArray[np.int64]]:
        yield from self.validation_batches(features, np.arange(len(features[self.graph])))
