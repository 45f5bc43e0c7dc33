"""The training loop of a network: one function, top to bottom."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molgen.data.targets import Targets
from molgen.device import choose_precision, deterministic
from molgen.training.expert_config import NetworkConfig

__all__ = ["Epoch", "Feed", "LoopState", "OnEpoch", "StateStore", "fit_network"]


class Epoch(NamedTuple):
    """What one epoch came to: mean loss of the training rows while they trained, of the validation rows after, and the rate."""

    train: float
    valid: float
    learning_rate: float


@dataclass(slots=True)
class LoopState:
    """All that changes from epoch to epoch, beside torch's own random numbers.

    Attributes
    ----------
    network, optimizer, scaler, order
        The network, what changes it, the scaler of float16 losses, and the order of the rows.
    keep_last
        Whether there are no validation rows, so that the last epoch counts as the best.
    best_state, best_epoch
        The network's arrays after its best epoch so far, and that epoch's number; 0 before any.
    step
        Batches so far.
    history
        Each epoch so far.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    order: np.random.Generator
    keep_last: bool
    best_state: dict[str, Tensor]
    best_epoch: int = 0
    step: int = 0
    history: list[Epoch] = field(default_factory=list)

    def end_epoch(self, epoch: Epoch) -> None:
        """Take note of an epoch, and keep the network if there was none better."""
        best = self.history[self.best_epoch - 1].valid if self.best_epoch else float("inf")
        self.history.append(epoch)
        if epoch.valid < best or self.keep_last:
            self.best_state, self.best_epoch = copy.deepcopy(self.network.state_dict()), len(self.history)


class Batch(Protocol):
    """What a network takes."""

    def to(self, device: torch.device) -> Self:
        """Copy to a device."""


class Feed(NamedTuple):
    """Where a network's batches come from.

    Attributes
    ----------
    make_batch
        Makes what the network takes of some rows.
    training
        Divides the training rows into batches, in an order that is drawn.
    validation
        The validation rows in batches; none for none.
    """

    make_batch: Callable[[NDArray[np.int64]], Batch]
    training: Callable[[np.random.Generator], Sequence[NDArray[np.int64]]]
    validation: Sequence[NDArray[np.int64]]


class StateStore(Protocol):
    """Where a loop's state is kept from epoch to epoch."""

    def load(self, state: LoopState) -> None:
        """Put a state back, if one was kept."""

    def save(self, state: LoopState) -> None:
        """Keep a state."""


#: Called after each epoch with its number (1-based) and what it came to.
OnEpoch = Callable[[int, Epoch], None]
#: Values, bounds and weights of a batch, as the loss takes them.
Wanted = list[Tensor]

_WARM_UP = 0.1
_GRADIENT_NORM = 1.0


def fit_network(
    network: nn.Module,
    feed: Feed,
    targets: Targets,
    loss: nn.Module,
    config: NetworkConfig,
    *,
    seed: int,
    precision: str = "fp32",
    stop_after: int | None = None,
    store: StateStore | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[Epoch]:
    """Train a network in place and leave it at its best epoch, in evaluation mode.

    Parameters
    ----------
    network
        On the device it is to be trained on; parameters that need no gradient stay as they are.
    feed
        Where batches come from. Without validation rows the last epoch is kept.
    targets
        Of all rows, scaled (see :func:`~molgen.data.tasks.scale`).
    loss, config
        The loss, and how to minimise it.
    seed
        Order of the rows.
    precision
        See :func:`~molgen.device.choose_precision`; validation is in float32, as predictions are.
    stop_after
        Epochs after which to stop on the way through ``config.epochs``, whose learning rates they have.
    store
        Keeps the state after each epoch; training goes on from one that is there.
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
    # Fused: one pass over the memory of a step instead of a dozen; of a pair network's 3 million weights 3 ms instead of 24.
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    # Losses in float16 are scaled up, or small gradients would vanish; without need the scaler does nothing.
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    steps = 0

    def batch_of(rows: NDArray[np.int64]) -> tuple[Any, Wanted]:
        return feed.make_batch(rows).to(device), [part[rows].to(device, non_blocking=device.type == "cuda") for part in wanted]

    state = LoopState(network, optimizer, scaler, order, not feed.validation, copy.deepcopy(network.state_dict()))
    if store:
        store.load(state)
    last = min(config.epochs, stop_after or config.epochs)
    with deterministic(device):
        while len(state.history) < last and len(state.history) - state.best_epoch < config.patience:
            network.train()
            loss.train()
            losses, n_rows = [], 0
            batches = feed.training(order)
            # Other epochs may have a batch more or less: the rate follows the first one's number.
            steps = steps or config.epochs * len(batches)
            for rows in batches:
                _set_rate(optimizer, config.learning_rate * _share_of_rate(state.step, steps))
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
                n_rows += len(rows)
                state.step += 1
            mean = float(torch.stack(losses).sum()) / n_rows
            validation = _validation_loss(network, batch_of, feed.validation, loss)
            state.end_epoch(Epoch(mean, validation, optimizer.param_groups[0]["lr"]))
            if store:
                store.save(state)
            if on_epoch:
                on_epoch(len(state.history), state.history[-1])
    network.load_state_dict(state.best_state)
    network.eval()
    return state.history


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _share_of_rate(step: int, steps: int) -> float:
    """Return the share of the full rate: a linear warm-up, then half a cosine down to nothing."""
    warm_up = max(1, round(_WARM_UP * steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up))))


def _validation_loss(
    network: nn.Module,
    batch_of: Callable[[NDArray[np.int64]], tuple[Any, Wanted]],
    validation: Sequence[NDArray[np.int64]],
    loss: nn.Module,
) -> float:
    if not validation:
        return float("nan")
    network.eval()
    loss.eval()
    with torch.inference_mode():
        batches = [(network(batch), *labels) for batch, labels in map(batch_of, validation)]
        return float(loss(*(torch.cat(parts) for parts in zip(*batches, strict=True))))
