"""A cross-validated committee: each network is trained without another part of the rows, which it is then asked about.

With few rows a validation part is too small to choose anything by: epochs that look best on fifty rows are those that suit these
fifty, and experts' weights found on the same fifty believe it (Parmanto, Munro, Doyle, NIPS 1996, for the name). So nothing chooses
the epoch, every network ends its schedule, and each row is told by the experts that have not seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.splits import Split, divide_rows, get_splitter
from molgen.data.tasks import fit_scaling, n_outputs
from molgen.experts.base import FeatureTable
from molgen.experts.network import NetworkExpert
from molgen.training.checkpoint import Checkpoint
from molgen.training.config import TrainConfig
from molgen.training.fit import Progress, Trained, fit_experts
from molgen.training.recipe import Recipe

__all__ = ["committee_parts", "train_committee"]


def committee_parts(dataset: Dataset, split: Split, config: TrainConfig) -> list[NDArray[np.int64]]:
    """Divide training and validation rows as the split itself would, else as is usual for what they are, or at random.

    Parameters
    ----------
    dataset, split
        The rows, and their parts.
    config
        With ``committee`` and the split settled.

    Returns
    -------
    The rows of each part; none where labels are too few to train without one.
    """
    rows = np.sort(np.concatenate([split.train, split.valid]))
    asked = (config.split, config.split_column, config.split_options)
    usual = "cluster" if dataset.subject.kind == "sequence" else "scaffold"
    for name, column, options in (asked, (usual, None, {}), ("random", None, {})):
        if not get_splitter(name, **options).has_folds:
            continue
        parts = divide_rows(dataset, rows, name, config.committee or 0, config.seed, column=column, **options)
        divided = len(parts) == config.committee and sum(map(len, parts)) == len(rows)
        if divided and all(dataset.can_train(np.setdiff1d(rows, part)) for part in parts):
            return parts
    return []


def train_committee(
    recipe: Recipe,
    dataset: Dataset,
    features: FeatureTable,
    parts: Sequence[NDArray[np.int64]],
    tell: Progress,
    kept: Checkpoint | None,
) -> Trained:
    """Train a committee on its parts.

    Networks are the committee: each is trained without one part, and their mean is the expert. Other experts cost little: they are
    fitted without each part, to be asked about it, and once on all rows.

    Parameters
    ----------
    recipe, dataset, features
        What is trained, and on what.
    parts
        See :func:`committee_parts`.
    tell, kept
        See :func:`~molgen.training.fit.fit_experts`.
    """
    rows = np.sort(np.concatenate(parts))
    splits = [Split.of(np.setdiff1d(rows, part), [], part) for part in parts]
    tasks, targets = fit_scaling(dataset.tasks, dataset.targets[rows]), dataset.labels_and_counts
    fitted = fit_experts(recipe, tasks, features, targets, Split.of(rows, [], []), tell, checkpoint=kept, committee=splits)
    predictions = np.empty((len(fitted.experts), len(dataset), n_outputs(tasks)))
    for mine, expert in zip(predictions, fitted.experts, strict=True):
        if not isinstance(expert, NetworkExpert):
            mine[:] = expert.predict(features)
            continue
        members = expert.predict_members(features)
        mine[:] = members.mean(axis=0)
        for member, part in zip(members, parts, strict=True):
            mine[part] = member[part]
    n_networks = len(recipe.networks)  # which come first
    for number, split in enumerate(splits if len(fitted.experts) > n_networks else [], start=1):

        def tell_part(stage: str, done: int, total: int, number: int = number) -> None:
            tell(f"without part {number} of {len(parts)}: {stage}", done, total)

        own = None if kept is None else kept.part(f"without-{number}")
        seen = Split.of(split.train, [], [])
        without = fit_experts(replace(recipe, networks={}), tasks, features, targets, seen, tell_part, checkpoint=own)
        predictions[n_networks:, split.test] = without.predict(features, split.test)
    return Trained(tasks, rows, fitted, predictions, splits)
