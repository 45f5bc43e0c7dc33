"""The response expert: networks that read a molecule and the numbers of a sample, each different one once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from molgen.errors import ConfigError
from molgen.experts.base import FeatureTable
from molgen.experts.network import in_batches
from molgen.experts.pair import PairExpert
from molgen.featurizers import Featurizer, ProfileNumbers
from molgen.models.sequence import LetterBatch
from molgen.packed import Repeated

__all__ = ["ResponseExpert"]

#: Samples that are encoded together.
_SAMPLES = 512


class ResponseExpert(PairExpert):
    """One or more :class:`~molgen.models.pair.PairNetwork` whose partners are samples: their scaled numbers stand for words.

    Parameters
    ----------
    name, tasks, scaler, members
        See :class:`~molgen.experts.network.NetworkExpert`.
    architecture
        Arguments of the network but ``outputs`` and ``n_features``.
    extras
        Featurizers of molecules, and last that of samples; the scaler is of all of them.
    """

    kind: ClassVar[str] = "response"

    @property
    def partner_width(self) -> int:
        """Numbers of a sample."""
        numbers = self.extras[-1] if self.extras else None
        return len(numbers.names) if isinstance(numbers, ProfileNumbers) else 0

    @classmethod
    def features_read(cls, n_features: int, architecture: Mapping[str, Any]) -> int:
        """Return how many columns join the graph's vector: those of samples stand by themselves."""
        words = architecture.get("words")
        if type(words) is not int or not 0 < words <= n_features:
            raise ConfigError("the network takes other numbers of samples", got=repr(words)[:40])
        return n_features - words

    @property
    def inputs(self) -> list[Featurizer]:
        """Graphs and fingerprints."""
        return [self.graph, self.fingerprint]

    @property
    def partner(self) -> Featurizer:
        """The numbers of samples."""
        return self.extras[-1]

    def _alike(self, features: FeatureTable, partners: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:  # noqa: ARG002
        return [np.arange(len(partners))]

    def _partners(
        self,
        features: FeatureTable,  # noqa: ARG002 - what is read is scaled
        extras: Mapping[str, Repeated],
        groups: Sequence[NDArray[np.int64]],
    ) -> tuple[list[LetterBatch], torch.Tensor]:
        """Return no letters, and the scaled numbers of some of the different samples."""
        return [], torch.from_numpy(extras[self.partner.reads].values[np.concatenate(groups)])

    def _cost_of(self, features: FeatureTable, partners: NDArray[np.int64]) -> float:  # noqa: ARG002
        """Return what it takes to encode samples: about what molecules do."""
        return float(len(partners))

    def _encoded_together(self, features: FeatureTable, rows: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:  # noqa: ARG002
        return in_batches(np.arange(len(rows)), _SAMPLES)
