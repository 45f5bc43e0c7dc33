"""The graph expert: a message-passing network, with molecule-level features at its read-out where wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.batch import MoleculeBatch, make_batch
from molgen.data.tasks import Task, unscale
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import Expert, FeatureTable, read_vector_featurizers, take_rows
from molgen.experts.scaling import FeatureScaler
from molgen.featurizers import Featurizer, MolGraph
from molgen.models.property import PropertyNetwork

__all__ = ["GraphExpert"]

#: Molecules a forward pass: on a CPU small batches stay in cache, on a GPU large ones fill it.
_ROWS_ON_CPU = 32
_ROWS_ON_GPU = 4096
#: Bounds on a network read from a file, so that a stranger's cannot ask for all the memory there is.
_LIMITS = {"width": 4096, "steps": 32, "n_features": 100_000}


class GraphExpert(Expert):
    """A :class:`~molgen.models.property.PropertyNetwork` with what it needs around it.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts, with their scaling.
    architecture
        Arguments of the network: ``network``, ``pooling``, ``width``, ``steps``, ``dropout``; what is not there is the default.
    extras
        Featurizers (dense) whose values join the graph at the read-out.
    scaler
        Scales the extras' values; ``None`` without extras.
    """

    kind: ClassVar[str] = "graph"

    def __init__(
        self,
        name: str,
        tasks: list[Task],
        architecture: Mapping[str, Any],
        extras: Sequence[Featurizer] = (),
        scaler: FeatureScaler | None = None,
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.architecture = dict(architecture)
        self.graph = MolGraph()
        self.extras = list(extras)
        self.scaler = scaler
        n_features = 0 if scaler is None else len(scaler.mean)
        self.network = PropertyNetwork(len(tasks), n_features=n_features, **self.architecture)

    @property
    def featurizers(self) -> list[Featurizer]:
        """The graph featurizer and the extras."""
        return [self.graph, *self.extras]

    def scaled_extras(self, features: FeatureTable) -> torch.Tensor | None:
        """Return the extras side by side, scaled, as float32 ``[rows, features]``; ``None`` without extras."""
        if self.scaler is None:
            return None
        return torch.from_numpy(self.scaler.transform(np.hstack([features[extra] for extra in self.extras])))

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, tasks]`` in task units; the network's mode is left as it was."""
        was_training = self.network.training
        self.network.eval()
        with torch.inference_mode():
            outputs = [self.network(batch).cpu().numpy() for batch in self._batches(features)]
        self.network.train(was_training)
        return unscale(self.tasks, np.concatenate(outputs) if outputs else np.zeros((0, len(self.tasks))))

    def _batches(self, features: FeatureTable) -> Iterator[MoleculeBatch]:
        graphs, extras = features[self.graph], self.scaled_extras(features)
        device = next(self.network.parameters()).device
        size = _ROWS_ON_CPU if device.type == "cpu" else _ROWS_ON_GPU
        for start in range(0, len(graphs), size):
            rows = np.arange(start, min(start + size, len(graphs)))
            yield make_batch(take_rows(graphs, rows), None if extras is None else extras[rows]).to(device)

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and ``weights.safetensors``."""
        described = {"architecture": self.architecture, "extras": [extra.spec() for extra in self.extras]}
        tensors = {f"network.{key}": value.cpu().numpy() for key, value in self.network.state_dict().items()}
        if self.scaler is not None:
            tensors |= {f"scaler.{key}": getattr(self.scaler, key) for key in _SCALER_FIELDS}
        return {"expert.json": write_json(described), "weights.safetensors": write_tensors(tensors)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; shapes, types and sizes are checked against the architecture."""
        described = read_json(members, "expert.json", where)
        tensors = read_tensors(members, "weights.safetensors", where)
        scaler = _read_scaler(tensors, where)
        n_features = 0 if scaler is None else len(scaler.mean)
        _check_limits(described, n_features, where)
        extras = read_vector_featurizers(described.get("extras"), n_features, where)
        given = {key.removeprefix("network."): value for key, value in tensors.items() if key.startswith("network.")}
        try:
            # First without memory: the file must hold every array of the network before room is made for them.
            with torch.device("meta"):
                expected = _shapes(PropertyNetwork(len(tasks), n_features=n_features, **described["architecture"]))
            check_tensors(given, expected, where)
            expert = cls(name, tasks, described["architecture"], extras, scaler)
        except (ConfigError, RuntimeError, TypeError, ValueError) as error:
            if isinstance(error, BundleError):
                raise
            raise BundleError("the architecture of a graph expert does not hold", where=where, got=str(error)[:200]) from None
        expert.network.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in given.items()})
        expert.network.eval()
        return expert


def _shapes(network: torch.nn.Module) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of each array of a network."""
    return {key: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in network.state_dict().items()}


_SCALER_FIELDS = ("low", "high", "mean", "spread")


def _read_scaler(tensors: Mapping[str, NDArray[Any]], where: str) -> FeatureScaler | None:
    given = {key: value for key, value in tensors.items() if key.startswith("scaler.")}
    if not given:
        return None
    size = next(iter(given.values())).size
    check_tensors(given, {f"scaler.{key}": ((size,), "float64") for key in _SCALER_FIELDS}, where)
    if not (given["scaler.spread"] > 0).all():
        raise BundleError("a feature scaler divides by zero or less", where=where)
    return FeatureScaler(**{key: given[f"scaler.{key}"] for key in _SCALER_FIELDS})


def _check_limits(described: Any, n_features: int, where: str) -> None:
    architecture = described.get("architecture") if isinstance(described, dict) else None
    if not isinstance(architecture, dict):
        raise BundleError("the architecture of a graph expert is missing", where=where)
    for key, limit in _LIMITS.items():
        value = n_features if key == "n_features" else architecture.get(key)
        if not isinstance(value, int) or not 0 <= value <= limit:
            got = repr(value)[:40]
            raise BundleError(f"{key} of a graph expert is out of range", where=where, expected=f"0 to {limit}", got=got)
