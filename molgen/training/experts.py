"""Fitting each kind of expert to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import NOISE, Task, scale
from molgen.errors import ConfigError
from molgen.experts.base import FeatureTable, take_rows
from molgen.experts.graph import GraphExpert
from molgen.experts.scaling import FeatureScaler
from molgen.experts.tabular import TabularExpert, as_table
from molgen.featurizers import Featurizer
from molgen.nn.losses import MultiTaskLoss
from molgen.training.boosting import boost_with_limits
from molgen.training.config import TabularConfig, TrainConfig
from molgen.training.loop import Epoch, fit_network

__all__ = ["choose_device", "fit_graph_expert", "fit_tabular_expert"]


def choose_device(name: str) -> torch.device:
    """Return the device that a configuration names; ``"auto"`` takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (AssertionError, RuntimeError) as error:
        expected = f"auto, cpu{', cuda, cuda:0 ...' if torch.cuda.is_available() else '; there is no GPU here'}"
        raise ConfigError("device: cannot be used", expected=expected, got=repr(name)) from error
    return device


def fit_graph_expert(
    name: str,
    tasks: list[Task],
    extras: Sequence[Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    config: TrainConfig,
    *,
    on_epoch: Epoch | None = None,
) -> GraphExpert:
    """Train a network on the training rows and keep its best epoch on the validation rows.

    Parameters
    ----------
    name, tasks, extras
        See :class:`~molgen.experts.graph.GraphExpert`; the tasks' scaling is fitted already.
    features, targets
        Of all rows; ``targets`` in task units.
    split, config
        Which rows, and how.
    on_epoch
        Told of each epoch's losses.
    """
    torch.manual_seed(config.seed)
    scaler = None
    if extras:
        known = np.hstack([features[extra] for extra in extras])[split.train]
        scaler = FeatureScaler.fit(known)
    architecture = {"width": config.graph.width, "steps": config.graph.steps, "dropout": config.graph.dropout}
    expert = GraphExpert(name, tasks, architecture, extras, scaler)
    expert.network.to(choose_device(config.device))
    loss = MultiTaskLoss(
        torch.tensor([not task.is_regression for task in tasks]),
        torch.tensor(_positive_weights(tasks, targets.take(split.train), config.balance), dtype=torch.float32),
        NOISE,
    )
    fit_network(
        expert.network,
        features[expert.graph],
        expert.scaled_extras(features),
        scale(tasks, targets),
        split.train,
        split.valid,
        loss,
        config.graph,
        seed=config.seed,
        on_epoch=on_epoch,
    )
    # Predictions that training reports are those the saved bundle gives: on the CPU, in its batches.
    expert.network.cpu()
    return expert


def fit_tabular_expert(
    name: str,
    tasks: list[Task],
    inputs: Sequence[Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    config: TrainConfig,
) -> TabularExpert:
    """Boost trees for each task on its labelled training rows; arguments as for :func:`fit_graph_expert`."""
    table = as_table([take_rows(features[featurizer], split.train) for featurizer in inputs])
    labels = targets.take(split.train)
    weights = _positive_weights(tasks, labels, config.balance)
    boosters = [_boost(task, table, labels.of_task(at), weights[at], config.tabular, config.seed) for at, task in enumerate(tasks)]
    return TabularExpert(name, tasks, inputs, boosters)


def _boost(
    task: Task,
    table: NDArray[np.float64],
    labels: Targets,
    positive_weight: float,
    config: TabularConfig,
    seed: int,
) -> Any:
    import lightgbm

    known = np.flatnonzero(~np.isnan(labels.values))
    table, labels = table[known], labels.take(known)
    parameters = {
        "objective": "regression" if task.is_regression else "binary",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "feature_fraction": config.columns,
        "min_data_in_leaf": min(config.min_rows_in_leaf, max(1, len(known) // 20)),
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        # One thread: torch's and LightGBM's OpenMP runtimes share this process.
        "num_threads": 1,
        "verbose": -1,
    }
    if not task.is_regression:
        parameters["scale_pos_weight"] = positive_weight
    if labels.bounds.any():
        return boost_with_limits(parameters, table, labels, NOISE * task.scale, config.rounds)
    weights = None if (labels.weights == 1).all() else labels.weights
    return lightgbm.train(parameters, lightgbm.Dataset(table, labels.values, weight=weights), config.rounds)


def _positive_weights(tasks: Sequence[Task], targets: Targets, balance: bool) -> list[float]:
    """Return the weight of negatives over that of positives for each binary task when classes are to be balanced, else 1."""
    weights = []
    for at, task in enumerate(tasks):
        positives, negatives = (float(targets.weights[targets.values[:, at] == label].sum()) for label in (1, 0))
        weigh = balance and not task.is_regression and positives and negatives
        weights.append(negatives / positives if weigh else 1.0)
    return weights
