"""Tables of out-of-fold predictions, as ``molgen train --folds N --out-of-fold FILE`` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from molgen.data.tasks import Task
from molgen.experts.blend import blend

EXPERTS = ("graph", "graph+descriptors", "pretrained", "tabular", "extra-trees", "similarity")


@dataclass(frozen=True)
class OutOfFold:
    """What is said of one task's labelled rows: names of experts, their predictions ``[experts, rows, 1]``, labels, folds."""

    task: Task
    experts: list[str]
    predictions: np.ndarray
    labels: np.ndarray
    folds: np.ndarray


def read_out_of_fold(path: Path) -> Iterator[OutOfFold]:
    """Yield each task of a table."""
    table = pd.read_csv(path)
    for name in [column.removesuffix("_measured") for column in table if column.endswith("_measured")]:
        known = table[table[f"{name}_measured"].notna()]
        labels = known[f"{name}_measured"].to_numpy(float)
        experts = [expert for expert in EXPERTS if f"{name}_{expert}" in known]
        predictions = np.stack([known[f"{name}_{expert}"].to_numpy(float)[:, np.newaxis] for expert in experts])
        binary = set(labels) <= {0.0, 1.0}
        task = Task(name, "binary" if binary else "regression", positive="1" if binary else "")
        yield OutOfFold(task, experts, predictions, labels, known["fold"].to_numpy())


def measure_blend(task: Task, predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """Return the RMSE of a blend, or the AUROC of a binary task."""
    mixed = blend([task], predictions, weights)[:, 0]
    return float(np.sqrt(np.mean((mixed - labels) ** 2)) if task.is_regression else roc_auc_score(labels, mixed))
