"""Fitting each kind of expert to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from molgen.data.counts import Counts
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import NOISE, Task, n_outputs, scale
from molgen.device import choose_device
from molgen.experts.base import FeatureTable
from molgen.experts.graph import GraphExpert
from molgen.experts.linear import LinearExpert, column_ranges, side_by_side
from molgen.experts.network import NetworkExpert
from molgen.experts.pair import PairExpert
from molgen.experts.response import ResponseExpert
from molgen.experts.scaling import FeatureScaler
from molgen.experts.sequence import SequenceExpert
from molgen.experts.tabular import TabularExpert, as_table
from molgen.experts.trees import MAX_TREES
from molgen.featurizers import Featurizer
from molgen.featurizers.base import take_rows
from molgen.models.sequence import WithPlaces
from molgen.nn.losses import MultiTaskLoss, TrackLoss
from molgen.nn.message_passing import MessagePassing
from molgen.nn.parts import MESSAGE_PASSING, find_part
from molgen.packed import Repeated
from molgen.training.boosting import boost_with_limits
from molgen.training.checkpoint import Checkpoint, NetworkStore
from molgen.training.config import TrainConfig
from molgen.training.expert_config import GraphConfig, NetworkConfig, PairConfig, TabularConfig
from molgen.training.finetune import freeze
from molgen.training.linear import fit_linear
from molgen.training.loop import Epoch, Feed, OnEpoch, fit_network
from molgen.training.recipe import Network

__all__ = ["architecture_of", "feed_of", "fit_linear_expert", "fit_network_expert", "fit_tabular_expert", "member_seed"]

#: Settings of networks that say how they are trained, and not what they are built from.
_OF_TRAINING = ("epochs", "patience", "batch_size", "learning_rate", "weight_decay")
_NETWORK_EXPERTS: dict[str, type[NetworkExpert]] = {
    cls.kind: cls for cls in (GraphExpert, SequenceExpert, PairExpert, ResponseExpert)
}


def fit_network_expert(
    name: str,
    tasks: list[Task],
    network: Network,
    features: FeatureTable,
    targets: Targets,
    split: Split,
    *,
    members: int = 1,
    committee: Sequence[Split] = (),
    checkpoint: Checkpoint | None = None,
    stop_after: int | None = None,
    on_epoch: OnEpoch | None = None,
) -> tuple[NetworkExpert, list[list[Epoch]]]:
    """Train each network on the training rows and keep its best epoch on the validation rows.

    Parameters
    ----------
    name, tasks
        See :class:`~molgen.experts.network.NetworkExpert`; the tasks' scaling is fitted already.
    network
        What is trained, and how.
    features, targets
        Of all rows; ``targets`` in task units.
    split
        Which rows.
    members
        Number of networks, which differ in their seeds; the first has the configuration's.
    committee
        A split for each network, in the place of ``split`` for all of them: scales are still those of the latter's training rows.
    checkpoint
        Keeps the states of the networks on the way, and gives them back.
    stop_after
        See :func:`~molgen.training.loop.fit_network`.
    on_epoch
        Told of each epoch of each network.

    Returns
    -------
    expert, histories
        The expert, and the epochs of each of its networks.
    """
    config, extras, parent = network.config, network.extras, network.parent
    scaler = FeatureScaler.joined([_fit_scaler(features[extra], split.train) for extra in extras]) if extras else None
    architecture = {**architecture_of(network.settings), **network.given}
    counts, targets = targets.counts, replace(targets, counts=None)
    if counts is not None:
        architecture["tracks"] = dict(counts.strands)
    splits = committee or [split] * members
    expert = _NETWORK_EXPERTS[network.kind](name, tasks, architecture, extras, scaler, len(splits))
    if parent is not None and parent.same_extras(expert):
        expert.scaler = parent.expert_for(name).scaler
    scaled_extras, scaled_targets = expert.scaled_extras(features), scale(tasks, targets)
    loss: nn.Module
    loss = of_tasks = MultiTaskLoss(
        torch.tensor([task.kind == "binary" for task in tasks]),
        torch.tensor(_positive_weights(tasks, targets.take(split.train), config.balance), dtype=torch.float32),
        NOISE,
        {
            at: torch.tensor(weights, dtype=torch.float32)
            for at, weights in enumerate(_class_weights(tasks, targets.take(split.train), config.balance))
            if weights
        },
    )
    if counts is not None:
        loss = TrackLoss(of_tasks, n_outputs(tasks), len(tasks), list(counts.strands.values()))
        scaled_targets = _with_counts(scaled_targets, counts)
    histories = []
    for member, own in enumerate(splits):
        seed = member_seed(config.seed, member)
        torch.manual_seed(seed)
        made = expert.make_network()
        if parent is not None:
            parent.fill(made, expert, member)
        if config.freeze is not None:
            freeze(made, config.freeze)
        made.to(choose_device(config.device))
        history = fit_network(
            made if counts is None else WithPlaces(made),
            feed_of(expert, made, features, scaled_extras, own, network.settings.batch_size),
            scaled_targets,
            loss,
            network.settings,
            seed=seed,
            precision=config.precision,
            stop_after=stop_after,
            store=None if checkpoint is None else NetworkStore(checkpoint, name, member),
            on_epoch=on_epoch,
        )
        # Predictions that training reports are those the saved bundle gives: on the CPU, in its batches.
        expert.networks[member] = made.cpu().requires_grad_(True)
        histories.append(history)
    return expert, histories


def _with_counts(targets: Targets, counts: Counts) -> Targets:
    """Put the counts of all places behind the labels of tasks, as :class:`~molgen.nn.losses.TrackLoss` takes them."""
    return replace(targets, values=np.hstack([targets.values, counts.values.reshape(len(targets), -1)]))


def _fit_scaler(values: Any, rows: NDArray[np.int64]) -> FeatureScaler:
    """Learn the scale of a featurizer's columns; what many rows share counts once."""
    return FeatureScaler.fit(values.select(rows).used()[0] if isinstance(values, Repeated) else values[rows])


def feed_of(expert: NetworkExpert, network: Any, features: FeatureTable, extras: Any, split: Split, size: int) -> Feed:
    """Return where the batches of one of an expert's networks come from."""
    return Feed(
        lambda rows: expert.make_batch(features, extras, rows, network),
        lambda order: expert.training_batches(features, split.train, order, size),
        expert.validation_batches(features, split.valid) if len(split.valid) else [],
    )


def member_seed(seed: int, member: int) -> int:
    """Return the seed of one network of an ensemble: the run's own for the first, and numbers far from it for the others."""
    return seed if member == 0 else int(np.random.SeedSequence((seed, member)).generate_state(1)[0])


def architecture_of(config: NetworkConfig) -> dict[str, Any]:
    """Return what a network is built from, with nothing left to a default that may change."""
    names = [name for name in type(config).model_fields if name not in _OF_TRAINING]
    built = {name: getattr(config, name) for name in names} | {"dropout": config.dropout or 0.0}
    if isinstance(config, GraphConfig | PairConfig):
        own = find_part(MESSAGE_PASSING, config.network, MessagePassing).pooling  # type: ignore[type-abstract]
        built["pooling"] = config.pooling or own
    return built


def fit_linear_expert(
    name: str,
    tasks: list[Task],
    inputs: Sequence[Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    config: TrainConfig,
) -> LinearExpert:
    """Fit logistic or ridge regression to each task; arguments as for :func:`fit_tabular_expert`."""
    ranges = column_ranges(inputs, features, split.train)
    table = side_by_side(inputs, features, ranges)
    labels = targets.take(split.train)
    positive, classes = _positive_weights(tasks, labels, config.balance), _class_weights(tasks, labels, config.balance)
    weights = []
    for at, task in enumerate(tasks):
        of_class = np.array(classes[at] or ([1.0, positive[at]] if task.kind == "binary" else [1.0]))
        known = np.nan_to_num(targets.values[:, at]).astype(int) if len(of_class) > 1 else np.zeros(len(targets), int)
        weights.append(targets.weights * of_class[known])
    coefficients, intercepts = fit_linear(tasks, table, scale(tasks, targets), weights, split.train, config.seed)
    return LinearExpert(name, tasks, inputs, coefficients, intercepts, ranges)


def fit_tabular_expert(
    name: str,
    tasks: list[Task],
    inputs: Sequence[Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    config: TrainConfig,
    *,
    extra_trees: bool = False,
) -> TabularExpert:
    """Boost trees for each task on its labelled training rows: of a task of many classes no more than a bundle can hold.

    Parameters
    ----------
    name, tasks, features, targets, split
        See :func:`fit_network_expert`.
    inputs
        What the trees read.
    config
        With the settings of trees.
    extra_trees
        Extremely randomised ones (Geurts, Ernst and Wehenkel 2006): where each column could be split is drawn.
    """
    table = as_table([take_rows(features[featurizer], split.train) for featurizer in inputs])
    labels = targets.take(split.train)
    weights = _positive_weights(tasks, labels, config.balance)
    classes = _class_weights(tasks, labels, config.balance)
    settings = config.tabular
    if extra_trees:
        settings = settings.model_copy(update={"rounds": settings.all_extra_rounds})
    boosters = [
        _boost(task, table, labels.of_task(at), weights[at], classes[at], settings, config.seed, extra_trees)
        for at, task in enumerate(tasks)
    ]
    return TabularExpert(name, tasks, inputs, boosters)


def _boost(
    task: Task,
    table: NDArray[np.float64],
    labels: Targets,
    positive_weight: float,
    class_weights: list[float],
    config: TabularConfig,
    seed: int,
    extra_trees: bool,
) -> Any:
    import lightgbm

    known = np.flatnonzero(~np.isnan(labels.values))
    table, labels = table[known], labels.take(known)
    rounds = min(config.rounds, MAX_TREES // task.width)  # each has a tree for each class
    parameters = {
        "objective": task.kind,
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "feature_fraction": config.columns,
        "min_data_in_leaf": min(config.min_rows_in_leaf, max(1, len(known) // 20)),
        "extra_trees": extra_trees,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        # One thread: torch's and LightGBM's OpenMP runtimes share this process.
        "num_threads": 1,
        "verbose": -1,
    }
    if task.kind == "binary":
        parameters["scale_pos_weight"] = positive_weight
    if task.kind == "multiclass":
        parameters["num_class"] = task.width
        labels = replace(labels, weights=labels.weights * np.array(class_weights)[labels.values.astype(int)])
    if labels.bounds.any():
        return boost_with_limits(parameters, table, labels, NOISE * task.scale, rounds)
    weights = None if (labels.weights == 1).all() else labels.weights
    return lightgbm.train(parameters, lightgbm.Dataset(table, labels.values, weight=weights), rounds)


def _positive_weights(tasks: Sequence[Task], targets: Targets, balance: bool) -> list[float]:
    """Return the weight of negatives over that of positives for each binary task when classes are to be balanced, else 1."""
    weights = []
    for at, task in enumerate(tasks):
        positives, negatives = (float(targets.weights[targets.values[:, at] == label].sum()) for label in (1, 0))
        weigh = balance and task.kind == "binary" and positives and negatives
        weights.append(negatives / positives if weigh else 1.0)
    return weights


def _class_weights(tasks: Sequence[Task], targets: Targets, balance: bool) -> list[list[float]]:
    """Return the weight of each class of tasks of several: alike, or inverse to their shares; nothing for other tasks."""
    weights = []
    for at, task in enumerate(tasks):
        labels = targets.of_task(at)
        shares = np.array([labels.weights[labels.values == code].sum() for code in range(task.width)])
        alike = shares.sum() / (task.width * np.maximum(shares, 1e-12)) if balance else np.ones(task.width)
        weights.append([float(weight) for weight in alike] if task.kind == "multiclass" else [])
    return weights
