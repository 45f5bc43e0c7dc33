"""The pair expert: networks that read a molecule and a sequence, each different one once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.data.batch import MoleculeBatch, make_batch
from molgen.data.tasks import n_outputs, unscale
from molgen.device import deterministic
from molgen.errors import ConfigError
from molgen.experts.base import FeatureTable
from molgen.experts.domain import bits_of
from molgen.experts.kronecker import unit_rows
from molgen.experts.network import NetworkExpert, in_batches
from molgen.experts.sequence import letter_batch, rows_alike, rows_by_length
from molgen.featurizers import Featurizer, Kmer, MolGraph, Morgan, Tokens
from molgen.featurizers.base import take_rows
from molgen.models.pair import PairInput, PairNetwork
from molgen.models.sequence import LetterBatch
from molgen.packed import Repeated

__all__ = ["PairExpert"]

#: Molecules that are encoded together, and pairs that are read off together.
_MOLECULES, _PAIRS = 512, 1 << 14
#: Letters that cost what a molecule does, where they are read one by one; and what the words of a sequence cost.
_LETTERS_OF_A_MOLECULE, _WORDS = 11.0, 2.0
#: Length of the rows of counts of words: about what fingerprints have.
_SCALE = 10.0


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

    def make_network(self) -> PairNetwork:
        """Return a fresh network of this expert's architecture, on the CPU.

        Raises
        ------
        ConfigError
            If it does not take as many words as there are.
        """
        network: PairNetwork = super().make_network()
        if network.words != bits_of(self.words):
            raise ConfigError("the network takes other words", expected=str(bits_of(self.words)), got=str(network.words))
        return network

    @property
    def graph(self) -> MolGraph:
        """What is read of molecules."""
        return MolGraph()

    @property
    def letters(self) -> Tokens:
        """What is read of sequences."""
        return Tokens(None, ends=False, output="packed", alphabet=self.architecture.get("alphabet", "protein"))

    @property
    def fingerprint(self) -> Morgan:
        """What joins the vectors of molecules."""
        return Morgan(2, int(self.architecture.get("bits", 2048)), counts=True)

    @property
    def words(self) -> Kmer:
        """What joins the vectors of sequences, or is all that is read of them."""
        alphabet = self.architecture.get("alphabet", "protein")
        return Kmer(3 if alphabet == "protein" else 6, alphabet=alphabet)

    @property
    def inputs(self) -> list[Featurizer]:
        """Graphs, letters, fingerprints and words."""
        return [self.graph, self.letters, self.fingerprint, self.words]

    def make_batch(self, features: FeatureTable, extras: Any, rows: NDArray[np.int64], network: nn.Module) -> PairInput:
        """Make a batch of pairs, in which each molecule and each sequence is once."""
        molecules, of_molecule = np.unique(features[self.graph].index[rows], return_inverse=True)
        sequences, of_sequence = np.unique(features[self.letters].index[rows], return_inverse=True)
        # Sequences of about the same length side by side.
        groups = [sequences[each] for each in rows_alike(features[self.letters].values.select(sequences))]
        place = np.empty(int(sequences.max(initial=-1)) + 1, np.int64)
        order = np.concatenate(groups)
        place[order] = np.arange(len(order))
        of_sequence = place[sequences[of_sequence]]
        return PairInput(
            *self._molecules(features, extras, molecules, network),
            *self._sequences(features, groups),
            torch.from_numpy(of_molecule),
            torch.from_numpy(of_sequence),
        )

    def _molecules(
        self, features: FeatureTable, extras: Repeated | None, rows: NDArray[np.int64], network: Any
    ) -> tuple[MoleculeBatch, torch.Tensor]:
        """Return graphs and fingerprints of some of the different molecules."""
        joined = None if extras is None else torch.from_numpy(extras.values[rows])
        batch = make_batch(take_rows(features[self.graph].values, rows), joined, merged_rounds=network.merged_rounds)
        return batch, torch.from_numpy(np.log1p(features[self.fingerprint].values[rows].toarray().astype(np.float32)))

    def _sequences(self, features: FeatureTable, groups: Sequence[NDArray[np.int64]]) -> tuple[list[LetterBatch], torch.Tensor]:
        """Return letters, a batch a group, and words of some of the different sequences."""
        letters = features[self.letters].values
        batches = [letter_batch(letters.select(rows)) for rows in groups] if self.networks[0].sequences is not None else []
        return batches, torch.from_numpy(_SCALE * unit_rows(features[self.words].values[np.concatenate(groups)]))

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
        molecule, sequence = (features[each].index[rows] for each in (self.graph, self.letters))
        molecules, sequences = np.unique(molecule), np.unique(sequence)
        n_blocks = max(1.0, len(rows) / size)
        letters = np.diff(features[self.letters].values.token_ptr)[sequences].sum() if self.networks[0].sequences is not None else 0
        # Each molecule is encoded once for every group of sequences, and the other way round: the least of the sum of both.
        cost = len(molecules) / (letters / _LETTERS_OF_A_MOLECULE + _WORDS * len(sequences))
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
        molecules, of_molecule = np.unique(features[self.graph].index, return_inverse=True)
        sequences, of_sequence = np.unique(features[self.letters].index, return_inverse=True)
        extras = self.scaled_extras(features)
        outputs = np.zeros((len(self.networks), len(of_molecule), n_outputs(self.tasks)), np.float32)
        with torch.inference_mode(), deterministic(self._device):
            for member, network in enumerate(self.networks):
                of_molecules = self._encoded_molecules(network, features, extras, molecules)
                of_sequences = self._encoded_sequences(network, features, sequences)
                for start in range(0, len(of_molecule), _PAIRS):
                    rows = slice(start, start + _PAIRS)
                    molecule, sequence = (torch.from_numpy(each[rows]) for each in (of_molecule, of_sequence))
                    outputs[member, rows] = network.read_off(of_molecules[molecule], of_sequences[sequence]).cpu().numpy()
        for network, was_training in zip(self.networks, were_training, strict=True):
            network.train(was_training)
        return np.stack([unscale(self.tasks, member) for member in outputs])

    def _encoded_molecules(
        self, network: PairNetwork, features: FeatureTable, extras: Repeated | None, rows: NDArray[np.int64]
    ) -> torch.Tensor:
        vectors = []
        for part in in_batches(rows, _MOLECULES):
            batch, bits = self._molecules(features, extras, part, network)
            vectors.append(network.encode_molecules(batch.to(self._device), bits.to(self._device)))
        return torch.cat(vectors)

    def _encoded_sequences(self, network: PairNetwork, features: FeatureTable, rows: NDArray[np.int64]) -> torch.Tensor:
        parts = list(rows_by_length(features[self.letters].values.select(rows), on_cpu=self._device.type == "cpu"))
        vectors = []
        for part in parts:
            batches, words = self._sequences(features, [rows[part]])
            vectors.append(network.encode_sequences([each.to(self._device) for each in batches], words.to(self._device)))
        back = np.argsort(np.concatenate(parts))
        return torch.cat(vectors)[torch.from_numpy(back).to(self._device)]

    def _predicted_together(self, features: FeatureTable) -> Iterator[NDArray[np.int64]]:
        yield from self.validation_batches(features, np.arange(len(features[self.graph])))
