"""The pair expert: networks that read a molecule and a partner, such as a sequence, each different one once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
            If it does not take as many numbers of partners as there are.
        """
        network: PairNetwork = super().make_network()
        if network.words != self.partner_width:
            raise ConfigError("the network takes other partners", expected=f"{self.partner_width} numbers", got=str(network.words))
        return network

    @property
    def partner_width(self) -> int:
        """Numbers of a partner: the counts of its words."""
        return bits_of(self.words)

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

    @property
    def partner(self) -> Featurizer:
        """What tells partners apart: the first of what is read of them."""
        return self.letters

    def make_batch(self, features: FeatureTable, extras: Any, rows: NDArray[np.int64], network: nn.Module) -> PairInput:
        """Make a batch of pairs, in which each molecule and each partner is once."""
        molecules, of_molecule = np.unique(features[self.graph].index[rows], return_inverse=True)
        partners, of_partner = np.unique(features[self.partner].index[rows], return_inverse=True)
        groups = [partners[each] for each in self._alike(features, partners)]
        place = np.empty(int(partners.max(initial=-1)) + 1, np.int64)
        order = np.concatenate(groups)
        place[order] = np.arange(len(order))
        of_partner = place[partners[of_partner]]
        return PairInput(
            *self._molecules(features, extras, molecules, network),
            *self._partners(features, extras, groups),
            torch.from_numpy(of_molecule),
            torch.from_numpy(of_partner),
        )

    def _molecules(
        self, features: FeatureTable, extras: Mapping[str, Repeated], rows: NDArray[np.int64], network: Any
    ) -> tuple[MoleculeBatch, torch.Tensor]:
        """Return graphs and fingerprints of some of the different molecules."""
        joined = torch.from_numpy(extras["smiles"].values[rows]) if "smiles" in extras else None
        batch = make_batch(take_rows(features[self.graph].values, rows), joined, merged_rounds=network.merged_rounds)
        return batch, torch.from_numpy(np.log1p(features[self.fingerprint].values[rows].toarray().astype(np.float32)))

    def _alike(self, features: FeatureTable, partners: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:
        """Yield places among partners that are read together: sequences of about the same length."""
        return rows_alike(features[self.letters].values.select(partners))

    def _partners(
        self,
        features: FeatureTable,
        extras: Mapping[str, Repeated],  # noqa: ARG002 - for subclasses
        groups: Sequence[NDArray[np.int64]],
    ) -> tuple[list[LetterBatch], torch.Tensor]:
        """Return letters, a batch a group, and words of some of the different sequences."""
        letters = features[self.letters].values
        batches = [letter_batch(letters.select(rows)) for rows in groups] if self.networks[0].sequences is not None else []
        return batches, torch.from_numpy(_SCALE * unit_rows(features[self.words].values[np.concatenate(groups)]))

    def _cost_of(self, features: FeatureTable, partners: NDArray[np.int64]) -> float:
        """Return what it takes to encode partners, in molecules."""
        letters = np.diff(features[self.letters].values.token_ptr)[partners].sum() if self.networks[0].sequences is not None else 0
        return float(letters / _LETTERS_OF_A_MOLECULE + _WORDS * len(partners))

    def scaled_extras(self, features: FeatureTable) -> dict[str, Repeated]:
        """Return the extras of each side side by side, scaled, float32 ``[different ones, features]``, by the column they read."""
        found: dict[str, Repeated] = {}
        start = 0
        for column in dict.fromkeys(extra.reads for extra in self.extras):
            extras = [features[extra] for extra in self.extras if extra.reads == column]
            values = np.hstack([each.values for each in extras])
            assert self.scaler is not None
            found[column] = Repeated(self.scaler.part(start, values.shape[1]).transform(values), extras[0].index)
            start += values.shape[1]
        return found

    def training_batches(
        self, features: FeatureTable, rows: NDArray[np.int64], order: np.random.Generator, size: int
    ) -> Sequence[NDArray[np.int64]]:
        """Divide pairs into blocks: all pairs of some molecules with some partners, so that each is encoded for many of them.

        Both sides are divided at random anew each time. A block has ``size`` pairs on the average.
        """
        molecule, partner = (features[each].index[rows] for each in (self.graph, self.partner))
        molecules, partners = np.unique(molecule), np.unique(partner)
        n_blocks = max(1.0, len(rows) / size)
        # Each molecule is encoded once for every group of partners, and the other way round: the least of the sum of both.
        cost = len(molecules) / self._cost_of(features, partners)
        n_of_molecules = int(np.clip(round(np.sqrt(n_blocks * cost)), 1, min(n_blocks, len(molecules))))
        n_of_partners = int(np.clip(round(n_blocks / n_of_molecules), 1, len(partners)))
        group_of_molecule = np.zeros(molecules.max() + 1, np.int64)
        group_of_molecule[molecules] = order.permutation(len(molecules)) % n_of_molecules
        group_of_partner = np.zeros(partners.max() + 1, np.int64)
        group_of_partner[partners] = order.permutation(len(partners)) % n_of_partners
        block = group_of_molecule[molecule] * n_of_partners + group_of_partner[partner]
        sorted_rows = np.argsort(block, kind="stable")
        blocks = np.split(rows[sorted_rows], np.flatnonzero(np.diff(block[sorted_rows])) + 1)
        return [blocks[at] for at in order.permutation(len(blocks))]

    def validation_batches(self, features: FeatureTable, rows: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
        """Divide pairs by their partners, of which a batch then has few."""
        order = np.lexsort((features[self.graph].index[rows], features[self.partner].index[rows]))
        return np.array_split(rows[order], max(1, -(-len(rows) // 4096)))

    def predict_members(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict with each network, ``[members, rows, outputs]`` in task units: N + M encodings, whatever the number of pairs."""
        were_training = [network.training for network in self.networks]
        for network in self.networks:
            network.eval()
        molecules, of_molecule = np.unique(features[self.graph].index, return_inverse=True)
        partners, of_partner = np.unique(features[self.partner].index, return_inverse=True)
        extras = self.scaled_extras(features)
        outputs = np.zeros((len(self.networks), len(of_molecule), n_outputs(self.tasks)), np.float32)
        with torch.inference_mode(), deterministic(self._device):
            for member, network in enumerate(self.networks):
                of_molecules = self._encoded_molecules(network, features, extras, molecules)
                of_partners = self._encoded_partners(network, features, extras, partners)
                for start in range(0, len(of_molecule), _PAIRS):
                    rows = slice(start, start + _PAIRS)
                    molecule, partner = (torch.from_numpy(each[rows]) for each in (of_molecule, of_partner))
                    outputs[member, rows] = network.read_off(of_molecules[molecule], of_partners[partner]).cpu().numpy()
        for network, was_training in zip(self.networks, were_training, strict=True):
            network.train(was_training)
        return np.stack([unscale(self.tasks, member) for member in outputs])

    def _encoded_molecules(
        self, network: PairNetwork, features: FeatureTable, extras: Mapping[str, Repeated], rows: NDArray[np.int64]
    ) -> torch.Tensor:
        vectors = []
        for part in in_batches(rows, _MOLECULES):
            batch, bits = self._molecules(features, extras, part, network)
            vectors.append(network.encode_molecules(batch.to(self._device), bits.to(self._device)))
        return torch.cat(vectors)

    def _encoded_partners(
        self, network: PairNetwork, features: FeatureTable, extras: Mapping[str, Repeated], rows: NDArray[np.int64]
    ) -> torch.Tensor:
        parts = list(self._encoded_together(features, rows))
        vectors = []
        for part in parts:
            batches, words = self._partners(features, extras, [rows[part]])
            vectors.append(network.encode_sequences([each.to(self._device) for each in batches], words.to(self._device)))
        back = np.argsort(np.concatenate(parts))
        return torch.cat(vectors)[torch.from_numpy(back).to(self._device)]

    def _encoded_together(self, features: FeatureTable, rows: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:
        """Yield places among partners that are encoded together."""
        return rows_by_length(features[self.letters].values.select(rows), on_cpu=self._device.type == "cpu")

    def _predicted_together(self, features: FeatureTable) -> Iterator[NDArray[np.int64]]:
        yield from self.validation_batches(features, np.arange(len(features[self.graph])))
