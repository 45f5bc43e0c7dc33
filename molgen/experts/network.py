"""What experts that are networks share: members, features of whole rows at the read-out, and the way to a file and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, n_outputs, unscale
from molgen.device import deterministic
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import Expert, FeatureTable, read_vector_featurizers
from molgen.experts.scaling import FeatureScaler
from molgen.featurizers import Featurizer

__all__ = ["NetworkExpert", "in_batches"]

#: Rows whose validation loss is computed together.
_VALIDATED = 256

#: Bounds on a network read from a file, so that a stranger's cannot ask for all the memory there is.
_LIMITS = {"width": 4096, "steps": 32, "n_features": 100_000, "members": 100}


class NetworkExpert(Expert):
    """One or more networks of one architecture, with what they need around them.

    Several differ in their seeds alone; their predictions are averaged in task units.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts, with their scaling.
    architecture
        Arguments of the network beside ``outputs`` and ``n_features``; what is not there is the default.
    extras
        Featurizers (dense) whose values join at the read-out.
    scaler
        Scales the extras' values; ``None`` without extras.
    members
        Number of networks.

    Attributes
    ----------
    network_type
        The class of its networks.
    """

    network_type: ClassVar[type[nn.Module]]

    def __init__(
        self,
        name: str,
        tasks: list[Task],
        architecture: Mapping[str, Any],
        extras: Sequence[Featurizer] = (),
        scaler: FeatureScaler | None = None,
        members: int = 1,
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.architecture = dict(architecture)
        self.extras = list(extras)
        self.scaler = scaler
        self.networks: list[Any] = [self.make_network() for _ in range(members)]

    # --- what a subclass brings ---------------------------------------------------------------------------------

    @property
    @abstractmethod
    def inputs(self) -> list[Featurizer]:
        """What the networks read."""

    @abstractmethod
    def make_batch(self, features: FeatureTable, extras: Any, rows: NDArray[np.int64], network: nn.Module) -> Any:
        """Make what a network takes of some rows.

        Parameters
        ----------
        features, extras
            Of all rows: what :attr:`inputs` gave, and :meth:`scaled_extras`.
        rows
            Which rows.
        network
            What the batch is for; it stays on the CPU.
        """

    @abstractmethod
    def _predicted_together(self, features: FeatureTable) -> Iterator[NDArray[np.int64]]:
        """Yield all rows, some at a time, as they are best predicted; in any order."""

    def training_batches(
        self,
        features: FeatureTable,  # noqa: ARG002 - for subclasses
        rows: NDArray[np.int64],
        order: np.random.Generator,
        size: int,
    ) -> Sequence[NDArray[np.int64]]:
        """Divide training rows into batches of about a size, in an order that is drawn."""
        return in_batches(order.permutation(rows), size)

    def validation_batches(self, features: FeatureTable, rows: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:  # noqa: ARG002
        """Divide rows that are only predicted."""
        return in_batches(rows, _VALIDATED)

    # --- predicting ---------------------------------------------------------------------------------------------

    def make_network(self) -> Any:
        """Return a fresh network of this expert's architecture, on the CPU."""
        n_features = self.features_read(0 if self.scaler is None else len(self.scaler.mean), self.architecture)
        return self.network_type(n_outputs(self.tasks), n_features=n_features, **self.architecture)

    @classmethod
    def features_read(cls, n_features: int, architecture: Mapping[str, Any]) -> int:  # noqa: ARG003 - for subclasses
        """Return how many of the extras' columns join at the read-out."""
        return n_features

    @property
    def featurizers(self) -> list[Featurizer]:
        """What the networks read, and the extras."""
        return [*self.inputs, *self.extras]

    def scaled_extras(self, features: FeatureTable) -> Any:
        """Return the extras side by side, scaled, as float32 ``[rows, features]``; ``None`` without extras."""
        if self.scaler is None:
            return None
        return torch.from_numpy(self.scaler.transform(np.hstack([features[extra] for extra in self.extras])))

    def to(self, device: torch.device) -> None:
        """Move the networks to a device."""
        for network in self.networks:
            network.to(device)

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units: the mean of the networks."""
        mean: NDArray[np.float64] = self.predict_members(features).mean(axis=0)
        return mean

    def predict_members(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict with each network, ``[members, rows, outputs]`` in task units; the networks' modes are left as they were.

        The standard deviation over the members says how far they agree.
        """
        n_rows = len(features[self.inputs[0]])
        outputs = np.zeros((len(self.networks), n_rows, n_outputs(self.tasks)), np.float32)
        with self._evaluating():
            for rows, batch in self._batches(features, self.scaled_extras(features)):  # a batch is made once for all networks
                for member, network in enumerate(self.networks):
                    outputs[member, rows] = network(batch).cpu().numpy()
        return np.stack([unscale(self.tasks, member) for member in outputs])

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """Let the networks predict, and leave their modes as they were."""
        were_training = [network.training for network in self.networks]
        for network in self.networks:
            network.eval()
        try:
            with torch.inference_mode(), deterministic(self._device):
                yield
        finally:
            for network, was_training in zip(self.networks, were_training, strict=True):
                network.train(was_training)

    @property
    def _device(self) -> torch.device:
        device: torch.device = next(self.networks[0].parameters()).device
        return device

    def _batches(self, features: FeatureTable, extras: Any) -> Iterator[tuple[NDArray[np.int64], Any]]:
        """Iterate over batches of all rows, where the networks are."""
        for rows in self._predicted_together(features):
            yield rows, self.make_batch(features, extras, rows, self.networks[0]).to(self._device)

    # --- file ---------------------------------------------------------------------------------------------------

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and ``weights.safetensors``."""
        described: dict[str, Any] = {"architecture": self.architecture, "extras": [extra.spec() for extra in self.extras]}
        if len(self.networks) > 1:
            described["members"] = len(self.networks)
        tensors = {
            f"{_prefix(member)}{key}": value.cpu().numpy()
            for member, network in enumerate(self.networks)
            for key, value in network.state_dict().items()
        }
        if self.scaler is not None:
            tensors |= self.scaler.to_tensors()
        return {"expert.json": write_json(described), "weights.safetensors": write_tensors(tensors)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; shapes, types and sizes are checked against the architecture."""
        described = read_json(members, "expert.json", where)
        tensors = read_tensors(members, "weights.safetensors", where)
        scaler = FeatureScaler.from_tensors(tensors, where)
        n_features = 0 if scaler is None else len(scaler.mean)
        _check_limits(described, cls.kind, n_features, where)
        extras = read_vector_featurizers(described.get("extras"), n_features, where)
        n_members = _read_count(described, cls.kind, where)
        given = {key: value for key, value in tensors.items() if key.startswith("network")}
        try:
            # First without memory: the file must hold every array of the network before room is made for them.
            with torch.device("meta"):
                # The first argument of every network is the number of its outputs.
                made: Any = cls.network_type
                architecture = described["architecture"]
                n_read = cls.features_read(n_features, architecture)
                shapes = _shapes(made(n_outputs(tasks), n_features=n_read, **architecture))
            check_tensors(given, {f"{_prefix(at)}{key}": each for at in range(n_members) for key, each in shapes.items()}, where)
            expert = cls(name, tasks, described["architecture"], extras, scaler, n_members)
        except (ConfigError, RuntimeError, TypeError, ValueError) as error:
            if isinstance(error, BundleError):
                raise
            problem = f"the architecture of a {cls.kind} expert does not hold"
            raise BundleError(problem, where=where, got=str(error)[:200]) from None
        for at, network in enumerate(expert.networks):
            network.load_state_dict({key: torch.from_numpy(given[f"{_prefix(at)}{key}"].copy()) for key in shapes})
            network.eval()
        return expert


def in_batches(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Divide rows, in their order, into batches of a size; the last may be smaller."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _prefix(member: int) -> str:
    """Return what the names of a network's arrays begin with: the first one's are those of an expert of one network."""
    return f"network-{member}." if member else "network."


def _read_count(described: Mapping[str, Any], kind: str, where: str) -> int:
    n_members = described.get("members", 1)
    if type(n_members) is not int or not 1 <= n_members <= _LIMITS["members"]:
        got, expected = repr(n_members)[:40], f"1 to {_LIMITS['members']}"
        raise BundleError(f"the number of networks of a {kind} expert is out of range", where=where, expected=expected, got=got)
    return n_members


def _shapes(network: nn.Module) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of each array of a network."""
    return {key: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in network.state_dict().items()}


def _check_limits(described: Any, kind: str, n_features: int, where: str) -> None:
    architecture = described.get("architecture") if isinstance(described, dict) else None
    if not isinstance(architecture, dict):
        raise BundleError(f"the architecture of a {kind} expert is missing", where=where)
    # Of pairs each side has a width and a number of steps.
    for key in dict.fromkeys(
        ["width", "steps", "n_features", *(key for key in architecture if key.endswith(("_width", "_steps")))]
    ):
        limit = _LIMITS[key if key in _LIMITS else key.rpartition("_")[2]]
        value = n_features if key == "n_features" else architecture.get(key)
        least = 1 if key.endswith("width") else 0
        if type(value) is not int or not least <= value <= limit:
            got = repr(value)[:40]
            raise BundleError(f"{key} of a {kind} expert is out of range", where=where, expected=f"{least} to {limit}", got=got)
