"""The training loop of a network: one function, top to bottom."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molgen.chem.graph import GraphBatch
from molgen.data.batch import MoleculeBatch, make_batch
from molgen.data.targets import Targets
from molgen.nn.losses import MultiTaskLoss
from molgen.training.config import GraphConfig
from molgen.training.device import choose_precision, deterministic

__all__ = ["Epoch", "OnEpoch", "fit_network"]


class Epoch(NamedTuple):
    """What one epoch came to: mean loss of the training rows while they trained, of the validation rows after, and the rate."""

    train: float
    valid: float
    learning_rate: float


#: Called after each epoch with its number (1-based) and what it came to.
OnEpoch = Callable[[int, Epoch], None]
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
    precision: str = "fp32",
    on_epoch: OnEpoch | None = None,
) -> list[Epoch]:
    """Train a network in place and leave it at its best epoch, in evaluation mode.

    Parameters
    ----------
    network
        On the device it is to be trained on; parameters that need no gradient stay as they are.
    graphs, features, targets
        All rows; features float32 ``[rows, features]`` or ``None``; targets scaled (see :func:`~molgen.data.tasks.scale`).
    train, valid
        Row numbers. Without validation rows the last epoch is kept.
    loss, config
        The loss, and how to minimise it.
    seed
        Order of the rows.
    precision
        See :func:`~molgen.training.device.choose_precision`; validation is in float32, as predictions are.
    on_epoch
        Told of each epoch.

    Returns
    -------
    Each epoch; the best one is that of the lowest validation loss.
    """
    device = next(network.parameters()).device
    dtype = choose_precision(precision, device)
    loss = loss.to(device)
    wanted = [torch.from_numpy(part) for part in (targets.values, targets.bounds, targets.weights.astype(np.float32))]
    order = np.random.default_rng(seed)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=config.weight_decay)
    # Losses in float16 are scaled up, or small gradients would vanish; without need the scaler does nothing.
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    steps = config.epochs * -(-len(train) // config.batch_size)

    def batch_of(rows: NDArray[np.int64]) -> tuple[MoleculeBatch, Wanted]:
        batch = make_batch(graphs.select(rows), None if features is None else features[rows])
        return batch.to(device), [part[rows].to(device, non_blocking=device.type == "cuda") for part in wanted]

    history: list[Epoch] = []
    best, best_state, best_epoch, step = float("inf"), copy.deepcopy(network.state_dict()), 0, 0
    with deterministic(device):
        while len(history) < config.epochs and len(history) - best_epoch < config.patience:
            network.train()
            losses = []
            for rows in _batches(order.permutation(train), config.batch_size):
                _set_rate(optimizer, config.learning_rate * _share_of_rate(step, steps))
                batch, labels = batch_of(rows)
                with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                    outputs = network(batch)
                value = loss(outputs.float(), *labels)
                optimizer.zero_grad()
                scaler.scale(value).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(trained, _GRADIENT_NORM)
                scaler.step(optimizer)
                scaler.update()
                losses.append(value.detach() * len(rows))
                step += 1
            validation = _validation_loss(network, batch_of, valid, loss)
            mean = float(torch.stack(losses).sum()) / len(train)
            history.append(Epoch(mean, validation, optimizer.param_groups[0]["lr"]))
            if validation < best or not len(valid):
                best, best_state, best_epoch = validation, copy.deepcopy(network.state_dict()), len(history)
            if on_epoch:
                on_epoch(len(history), history[-1])
    network.load_state_dict(best_state)
    network.eval()
    return history


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _share_of_rate(step: int, steps: int) -> float:
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
