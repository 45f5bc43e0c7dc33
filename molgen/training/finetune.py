"""Starting from a bundle that is there: its networks' weights where they fit, and layers that stay as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from molgen.bundle import Bundle
from molgen.data.tasks import Task, per_output
from molgen.datasets import find_bundle
from molgen.errors import BundleError, ConfigError
from molgen.experts.graph import GraphExpert
from molgen.experts.network import NetworkExpert
from molgen.models.property import PropertyNetwork
from molgen.training.config import TrainConfig
from molgen.training.expert_config import GraphConfig

__all__ = ["Parent", "freeze"]

#: Weights that are good already are changed less at each step; those that only tell descriptors are not good yet.
_LEARNING_RATE = 3e-4
_AFTER_PRETRAINING = 1e-3
_INHERITED = ("network", "pooling", "width", "steps")


@dataclass(frozen=True, slots=True)
class Parent:
    """A bundle whose networks others start from.

    Attributes
    ----------
    experts
        Its graph experts.
    source
        File name and SHA-256 of its bytes.
    pretrained
        Whether its networks have seen no measured value.
    """

    experts: list[GraphExpert]
    source: dict[str, str]
    pretrained: bool = False

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a bundle.

        Raises
        ------
        BundleError
            If it cannot be used.
        ConfigError
            If there is no network in it.
        """
        path = find_bundle(path)
        bundle = Bundle.load(path)
        experts = [expert for expert in bundle.experts if isinstance(expert, GraphExpert)]
        if not experts:
            raise ConfigError("nothing to start from: the model has no network", where=str(path))
        source = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        return cls(experts, source, isinstance(bundle.card, dict) and bundle.card.get("pretraining") is True)

    def settle(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration with what it leaves open: the parent's architecture, and a low learning rate.

        Raises
        ------
        ConfigError
            If an architecture is asked for whose weights the parent's cannot be.
        """
        adopted = self.adopt(config)
        for key in ("network", "width"):
            own, asked = getattr(adopted.graph, key), getattr(config.graph, key)
            if key in config.graph.model_fields_set and asked != own:
                raise ConfigError(
                    f"graph.{key}: no weight of the parent would fit",
                    expected=repr(own),
                    got=repr(asked),
                    remedy="leave it out to take the parent's",
                )
        kept = {key: getattr(config.graph, key) for key in config.graph.model_fields_set & {"pooling", "steps"}}
        return adopted.model_copy(update={"graph": adopted.graph.model_copy(update=kept)})

    def adopt(self, config: TrainConfig) -> TrainConfig:
        """Return the configuration with the parent's architecture, and a learning rate for it where none is set."""
        own = {"network": "dmpnn", "pooling": None} | self.experts[0].architecture
        changes = {key: own[key] for key in _INHERITED if key in own}
        if "learning_rate" not in config.graph.model_fields_set:
            changes["learning_rate"] = _AFTER_PRETRAINING if self.pretrained else _LEARNING_RATE
        try:
            graph = GraphConfig(**(config.graph.model_dump() | changes))
        except ValidationError as error:
            got = f"{error.errors()[0]['loc'][0]} {error.errors()[0]['input']!r}"[:80]
            raise BundleError(
                "no network to start from: its architecture cannot be trained", where=self.source["file"], got=got
            ) from None
        return config.model_copy(update={"graph": graph})

    def expert_for(self, name: str) -> GraphExpert:
        """Return the parent's expert of that name, or its first."""
        return next((expert for expert in self.experts if expert.name == name), self.experts[0])

    def same_extras(self, expert: NetworkExpert) -> bool:
        """Whether the molecule-level features of an expert are those of its parent, whose scaling it then keeps."""
        return [extra.spec() for extra in self.expert_for(expert.name).extras] == [extra.spec() for extra in expert.extras]

    def fill(self, network: PropertyNetwork, expert: NetworkExpert, member: int) -> int:
        """Put the parent's weights into a fresh network wherever they fit.

        The last layer has a row a task, of several classes a row a class: rows of what the parent has too (by name, kind and
        class) are taken, in this run's scaling of the labels, so that the network starts from what the parent predicts; the
        others stay fresh.

        Parameters
        ----------
        network
            A network of ``expert``; changed in place.
        expert
            What the network belongs to.
        member
            Its number in an ensemble; a parent of fewer networks gives them out in turn.

        Returns
        -------
        Number of arrays that were taken, whole or in part.
        """
        origin = self.expert_for(expert.name)
        given = origin.networks[member % len(origin.networks)].state_dict()
        state = network.state_dict()
        last = f"head.{len(network.head) - 1}"
        taken = {
            key: value.clone()
            for key, value in given.items()
            if key in state and state[key].shape == value.shape and not key.startswith(last)
        }
        if not self.same_extras(expert):
            # Columns of other features mean other things, be there as many of them as before.
            taken.pop("head.1.weight", None)
        if given[f"{last}.weight"].shape[1] == state[f"{last}.weight"].shape[1] and "head.1.weight" in taken:
            taken |= _last_layer(last, given, state, origin.tasks, expert.tasks)
        network.load_state_dict(state | taken)
        return len(taken)


def _last_layer(
    last: str, given: dict[str, Tensor], state: dict[str, Tensor], old: list[Task], new: list[Task]
) -> dict[str, Tensor]:
    places = {key: at for at, key in enumerate(_row_keys(old))}
    shared = [(at, places[key]) for at, key in enumerate(_row_keys(new)) if key in places]
    (old_mean, old_scale), (mean, scale) = _row_scaling(old), _row_scaling(new)
    weight, bias = state[f"{last}.weight"].clone(), state[f"{last}.bias"].clone()
    for at, place in shared:
        # value = output * old scale + old mean = output' * new scale + new mean
        ratio = old_scale[place] / scale[at]
        weight[at] = given[f"{last}.weight"][place] * ratio
        bias[at] = given[f"{last}.bias"][place] * ratio + (old_mean[place] - mean[at]) / scale[at]
    return {f"{last}.weight": weight, f"{last}.bias": bias} if shared else {}


def _row_keys(tasks: Sequence[Task]) -> list[tuple[str, str, str]]:
    """Return what each row of the last layer stands for: a task, or one of several classes of a task."""
    return [
        (task.name, task.kind, word) for task in tasks for word in (task.classes if task.kind == "multiclass" else [task.positive])
    ]


def _row_scaling(tasks: Sequence[Task]) -> tuple[list[float], list[float]]:
    mean, scale = np.array([(task.mean, task.scale) for task in tasks], np.float64).T
    return per_output(tasks, mean).tolist(), per_output(tasks, scale).tolist()


def freeze(network: PropertyNetwork, layers: Literal["encoder"] | int | None) -> list[str]:
    """Have layers of a network keep their weights in training.

    Parameters
    ----------
    network
        Changed in place.
    layers
        ``"encoder"``: all but the head. A number counts from the input: 1 is the embeddings, 2 those and the first step of message
        passing, and so on.

    Returns
    -------
    Names of the parameters that stay.

    Raises
    ------
    ConfigError
        If there are fewer layers than are to be frozen.
    """
    kept: list[Any] = []
    if layers == "encoder":
        kept = [each for name, each in network.named_parameters() if not name.startswith("head.")]
    elif layers is not None:
        steps = network.message_passing.steps
        if layers > steps + 1:
            raise ConfigError("freeze: the network has fewer layers", expected=f"encoder, or at most {steps + 1}", got=str(layers))
        embeddings = [each for each in (network.embed_atoms, network.embed_bonds) if each is not None]
        kept = [parameter for embedding in embeddings for parameter in embedding.parameters()]
        kept += [parameter for step in range(layers - 1) for parameter in network.message_passing.step_parameters(step)]
    held = {id(parameter) for parameter in kept}
    for parameter in network.parameters():
        parameter.requires_grad_(id(parameter) not in held)
    with torch.no_grad():
        return [name for name, parameter in network.named_parameters() if id(parameter) in held]
