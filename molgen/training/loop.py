"""The training loop of a network: one function, top to bottom."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molgen.chem.graph import GraphBatch
from molgen.data.batch import MoleculeBatch, make_batch
from molgen.data.targets import Targets
from molgen.nn.losses import MultiTaskLoss
from molgen.training.config import GraphConfig

__all__ = ["Epoch", "fit_network"]

#: Called after each epoch with its number (1-based), training loss and validation loss.
Epoch = Callable[[int, float, float], None]
#: Values, bounds and weights of a batch, as the loss takes them.
Wanted = list[Tensor]

_WARM_UP = 0.1
_GRADIENT_NORM = 1.0


def fit_network(
    network: nn.Module,
    graphs: GraphBatch,
    features: Tensor | None,
    targets: Targets,
    train: NDArray[np.int64],
    valid: NDArray[np.int64],
    loss: MultiTaskLoss,
    config: GraphConfig,
    *,
    seed: int,
    on_epoch: Epoch | None = None,
) -> list[tuple[float, float]]:
    """Train a network in place and leave it at its best epoch, in evaluation mode.

    Parameters
    ----------
    network
        On the device it is to be trained on.
    graphs, features, targets
        All rows; features float32 ``[rows, features]`` or ``None``; targets scaled (see :func:`~molgen.data.tasks.scale`).
    train, valid
        Row numbers. Without validation rows the last epoch is kept.
    loss, config
        The loss, and how to minimise it.
    seed
        Order of the rows.
    on_epoch
        Told of each epoch's losses.

    Returns
    -------
    Training and validation loss of each epoch.
    """
    device = next(network.parameters()).device
    loss = loss.to(device)
    wanted = [torch.from_numpy(part) for part in (targets.values, targets.bounds, targets.weights.astype(np.float32))]
    order = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    steps = config.epochs * -(-len(train) // config.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _learning_rate(step, steps))

    def batch_of(rows: NDArray[np.int64]) -> tuple[MoleculeBatch, Wanted]:
        batch = make_batch(graphs.select(rows), None if features is None else features[rows])
        return batch.to(device), [part[rows].to(device) for part in wanted]

    history: list[tuple[float, float]] = []
    best, best_state, best_epoch = float("inf"), copy.deepcopy(network.state_dict()), 0
    for epoch in range(1, config.epochs + 1):
        network.train()
        total = 0.0
        for rows in _batches(order.permutation(train), config.batch_size):
            batch, labels = batch_of(rows)
            value = loss(network(batch), *labels)
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            total += float(value.detach()) * len(rows)
        validation = _validation_loss(network, batch_of, valid, loss)
        history.append((total / len(train), validation))
        if on_epoch:
            on_epoch(epoch, *history[-1])
        if validation < best or not len(valid):
            best, best_state, best_epoch = validation, copy.deepcopy(network.state_dict()), epoch
        if epoch - best_epoch >= config.patience:
            break
    network.load_state_dict(best_state)
    network.eval()
    return history


def _learning_rate(step: int, steps: int) -> float:
    """Return the share of the full rate: a linear warm-up, then half a cosine down to nothing."""
    warm_up = max(1, round(_WARM_UP * steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _batches(rows: NDArray[np.int64], size: int) -> Sequence[NDArray[np.int64]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _validation_loss(
    network: nn.Module,
    batch_of: Callable[[NDArray[np.int64]], tuple[MoleculeBatch, Wanted]],
    rows: NDArray[np.int64],
    loss: MultiTaskLoss,
) -> float:
    if not len(rows):
        return float("nan")
    network.eval()
    with torch.inference_mode():
        batches = [(network(batch), *labels) for batch, labels in map(batch_of, _batches(rows, 256))]
        return float(loss(*(torch.cat(parts) for parts in zip(*batches, strict=True))))
