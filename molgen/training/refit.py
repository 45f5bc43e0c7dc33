"""Training once more on what chose the epochs and the weights, too."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.tasks import Task, fit_scaling
from molgen.experts.base import FeatureTable
from molgen.training.checkpoint import Checkpoint
from molgen.training.fit import Fitted, Progress, best_epoch, fit_experts
from molgen.training.recipe import Recipe

__all__ = ["Refit", "refit"]


class Refit(NamedTuple):
    """Experts of more rows.

    Attributes
    ----------
    tasks
        With the scaling of these rows.
    rows
        What they were trained on.
    fitted
        The experts.
    """

    tasks: list[Task]
    rows: NDArray[np.int64]
    fitted: Fitted


def refit(
    recipe: Recipe,
    dataset: Dataset,
    features: FeatureTable,
    split: Split,
    first: Fitted,
    tell: Progress,
    kept: Checkpoint | None,
) -> Refit:
    """Fit each expert again, to the training and the validation part: networks for as many epochs as served best on the latter.

    Parameters
    ----------
    recipe, dataset, features, split
        What is trained, and on what.
    first
        The experts of the training part.
    tell, kept
        See :func:`~molgen.training.fit.fit_experts`.
    """
    rows = np.sort(np.concatenate([split.train, split.valid]))
    tasks = fit_scaling(dataset.tasks, dataset.targets[rows])
    best = {name: [best_epoch(each) for each in histories] for name, histories in first.histories.items()}
    epochs = {name: max(1, round(float(np.median(numbers)))) for name, numbers in best.items()}
    fitted = fit_experts(
        recipe,
        tasks,
        features,
        dataset.labels_and_counts,
        Split.of(rows, [], []),
        lambda stage, done, total: tell(f"again: {stage}", done, total),
        checkpoint=None if kept is None else kept.part("all"),
        stop_after=epochs,
    )
    return Refit(tasks, rows, fitted)
