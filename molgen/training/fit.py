"""Fitting all experts of a bundle to the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.experts.base import Expert, FeatureTable
from molgen.featurizers import Featurizer
from molgen.featurizers.base import take_rows
from molgen.training.checkpoint import Checkpoint
from molgen.training.experts import fit_linear_expert, fit_network_expert, fit_tabular_expert
from molgen.training.kronecker import fit_kernel_expert
from molgen.training.loop import Epoch
from molgen.training.recipe import Network, Recipe
from molgen.training.similarity import fit_similarity_expert

__all__ = ["Fitted", "Progress", "Trained", "best_epoch", "describe_history", "fit_experts"]

#: Told what is being done, and, of epochs, which of how many.
Progress = Callable[[str, int, int], None]

#: Points of a history that a card keeps.
_POINTS = 100


@dataclass(frozen=True, slots=True)
class Fitted:
    """Experts, and for each expert of networks the epochs of each of its networks."""

    experts: list[Expert]
    histories: dict[str, list[list[Epoch]]]

    def predict(self, features: FeatureTable, rows: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """Predict ``[experts, rows, tasks]``, for all rows or some of them."""
        taken = features if rows is None else {each: take_rows(values, rows) for each, values in features.items()}
        return np.stack([expert.predict(taken) for expert in self.experts])


class Trained(NamedTuple):
    """Experts, and what is said of rows by experts that have not seen them.

    Attributes
    ----------
    tasks
        With the scaling of the rows that the experts were trained on.
    rows
        What these are.
    fitted
        The experts.
    predictions
        ``[experts, rows, outputs]`` of all rows.
    told
        The rows whose predictions can weigh the experts, as test parts, and what those were trained on that predicted them.
    """

    tasks: list[Task]
    rows: NDArray[np.int64]
    fitted: Fitted
    predictions: NDArray[np.float64]
    told: list[Split]


def fit_experts(
    recipe: Recipe,
    tasks: list[Task],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    tell: Progress,
    *,
    checkpoint: Checkpoint | None = None,
    stop_after: Mapping[str, int] | None = None,
    committee: Sequence[Split] = (),
) -> Fitted:
    """Fit each expert of a recipe.

    Parameters
    ----------
    recipe, tasks
        What is fitted; the tasks' scaling is fitted already.
    features, targets
        Of all rows.
    split
        The rows to train on and those that choose the epoch.
    tell
        Told of each epoch.
    checkpoint
        Where what is done is kept; experts that are there already are not fitted again.
    stop_after
        Epochs of each expert of networks, where no validation rows choose them.
    committee
        A split for each network of an expert, in the place of ``split`` for all.
    """
    experts: list[Expert] = []
    histories: dict[str, list[list[Epoch]]] = {}
    labels = replace(targets, counts=None)

    def take(name: str, fit: Callable[[], tuple[Expert, list[list[Epoch]]]]) -> None:
        done = None if checkpoint is None else checkpoint.load_expert(name, tasks)
        expert, epochs = done or fit()
        if checkpoint is not None and done is None:
            checkpoint.save_expert(expert, epochs)
        experts.append(expert)
        if epochs:
            histories[name] = epochs

    def take_other(name: str, inputs: Sequence[Featurizer] | None, fit: Callable[..., Expert], **settings: Any) -> None:
        if inputs:
            tell(f"{name} expert", 0, 0)
            take(name, lambda: (fit(name, tasks, inputs, features, labels, split, **settings), []))

    for name, network in recipe.networks.items():

        def fit_networks(name: str = name, network: Network = network) -> tuple[Expert, list[list[Epoch]]]:
            return fit_network_expert(
                name,
                tasks,
                network,
                features,
                targets,
                split,
                members=recipe.members,
                committee=committee,
                checkpoint=checkpoint,
                stop_after=None if stop_after is None else stop_after[name],
                on_epoch=lambda epoch, _: tell(f"{name} expert", epoch, network.settings.epochs),
            )

        take(name, fit_networks)
    config, seed = recipe.config, recipe.config.seed
    take_other("tabular", recipe.tabular, fit_tabular_expert, config=config)
    take_other("extra-trees", recipe.extra_trees, fit_tabular_expert, config=config, extra_trees=True)
    take_other("linear", recipe.linear, fit_linear_expert, config=config)
    take_other("similarity", recipe.similarity, fit_similarity_expert, seed=seed)
    take_other("kernel", recipe.kernel, fit_kernel_expert, seed=seed)
    return Fitted(experts, histories)


def describe_history(epochs: list[Epoch]) -> dict[str, Any]:
    """Return one network's epochs as plain data for a card: a hundred points at most, the best and the last among them."""
    best = best_epoch(epochs)
    even = np.linspace(1, len(epochs), min(len(epochs), _POINTS - 1)).round().astype(int)
    shown = sorted({*even.tolist(), best})
    columns = {name: [_figure(getattr(epochs[at - 1], name)) for at in shown] for name in Epoch._fields}
    return {"epochs": len(epochs), "best_epoch": best, "epoch": shown, **columns}


def best_epoch(epochs: list[Epoch]) -> int:
    """Return the number (1-based) of the epoch whose weights were kept."""
    losses = [epoch.valid for epoch in epochs]
    return len(epochs) if np.isnan(losses).all() else int(np.nanargmin(losses)) + 1


def _figure(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
