"""Losses over several tasks at once, of any kind, with labels missing or known as limits only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MultiTaskLoss", "TrackLoss"]


class MultiTaskLoss(nn.Module):
    """Squared error on regression tasks and cross-entropy on classes, averaged over the labels that are there.

    Where a label is a limit, the error is that of the censored normal likelihood (Tobin, Econometrica 1958, 26, 24) in units of
    squared error, ``-2 noise^2 log Phi(z)`` with ``z`` the distance on the allowed side over ``noise``: next to nothing for a
    prediction well within the limit, squared error for one far beyond it.

    Parameters
    ----------
    binary
        bool ``[tasks]``: which tasks are binary.
    positive_weight
        float ``[tasks]``: weight of positive labels in binary tasks; 1 leaves the classes as they are.
    noise
        Standard deviation of scaled labels around predictions.
    classes
        Task number -> weights ``[classes]``, for tasks of several classes, which have as many outputs.
    """

    binary: Tensor
    positive_weight: Tensor
    ends: Tensor

    def __init__(
        self, binary: Tensor, positive_weight: Tensor, noise: float = 0.5, classes: Mapping[int, Tensor] | None = None
    ) -> None:
        super().__init__()
        self.noise = noise
        self.register_buffer("binary", binary)
        self.register_buffer("positive_weight", positive_weight)
        self.classes = dict(classes or {})
        widths = [len(self.classes[at]) if at in self.classes else 1 for at in range(len(binary))]
        self.register_buffer("ends", torch.tensor(widths).cumsum(0))

    def forward(self, outputs: Tensor, targets: Tensor, bounds: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
        """Return the mean loss of ``outputs`` (``[rows, outputs]``) against ``targets`` (``[rows, tasks]``; NaN = missing).

        ``bounds`` (``[rows, tasks]``) is 1 where a target is a lower limit, -1 where it is an upper one, else 0. ``weights``
        (``[rows]``) multiply the losses of each row; 1 on the average, they leave the mean loss comparable.
        """
        present = ~torch.isnan(targets)
        raw = outputs
        if self.classes:
            outputs = outputs[:, self.ends - 1]  # of several classes the last, whose loss is put in their place below
        filled = torch.where(present, targets, 0.0)
        squared = (outputs - filled) ** 2
        if bounds is not None and bounds.any():
            within = bounds * (outputs - filled) / self.noise
            squared = torch.where(bounds == 0, squared, -2 * self.noise**2 * torch.special.log_ndtr(within))
        entropy = functional.binary_cross_entropy_with_logits(
            outputs, filled.clamp(0, 1), pos_weight=self.positive_weight, reduction="none"
        )
        each = torch.where(self.binary, entropy, squared)
        if self.classes:
            columns = list(each.unbind(1))
            for at, weight in self.classes.items():
                logits = raw[:, self.ends[at] - len(weight) : self.ends[at]]
                wanted = torch.where(present[:, at], targets[:, at], 0.0).long()
                columns[at] = functional.cross_entropy(logits, wanted, weight.to(logits), reduction="none")
            each = torch.stack(columns, 1)
        if weights is not None:
            each = each * weights.unsqueeze(1)
        return (each * present).sum() / present.sum().clamp(min=1)


class TrackLoss(nn.Module):
    """The loss of tasks, and cross-entropy of where counts are.

    The latter is the negative log-likelihood of the counts of each track in a batch, given how many a row has (multinomial), by
    count, and the mean over the tracks: so BPNet learns profiles (Avsec et al., Nat. Genet. 2021, 53, 354).

    Parameters
    ----------
    tasks
        The loss of the first outputs.
    outputs, n_tasks
        How many outputs, and labels, are those of tasks. The others are logits, and counts, of places.
    strands
        Of each track.
    """

    def __init__(self, tasks: MultiTaskLoss, outputs: int, n_tasks: int, strands: Sequence[int]) -> None:
        super().__init__()
        self.tasks = tasks
        self._outputs, self._n_tasks, self._strands = outputs, n_tasks, list(strands)

    def forward(self, outputs: Tensor, targets: Tensor, bounds: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
        """Return the loss of ``outputs`` (``[rows, outputs + places]``) against ``targets`` (``[rows, tasks + places]``).

        Places are those of all strands of all tracks, one after another; other arguments as for :class:`MultiTaskLoss`.
        """
        loss: Tensor = self.tasks(outputs[:, : self._outputs], targets[:, : self._n_tasks], bounds, weights)
        length = (outputs.shape[1] - self._outputs) // sum(self._strands)
        widths = [n * length for n in self._strands]
        logits = torch.split(outputs[:, self._outputs :], widths, dim=1)
        for each, counts in zip(logits, torch.split(targets[:, self._n_tasks :], widths, dim=1), strict=True):
            weighed = counts if weights is None else counts * weights.unsqueeze(1)
            entropy = -(weighed * each.log_softmax(dim=1)).sum() / weighed.sum().clamp(min=1)
            loss = loss + entropy / len(widths)
        return loss
