"""Tables of out-of-fold predictions, as ``molgen train --folds N --out-of-fold FILE`` writes them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from molgen.data.tasks import Task
from molgen.experts.blend import blend


@dataclass(frozen=True)
class OutOfFold:
    """What is said of one task's labelled rows.

    Attributes
    ----------
    source
        Name of the table.
    task
        A regression or binary task.
    experts, predictions
        Names of experts, and what they predict ``[experts, rows, 1]``.
    labels, folds
        Of each row.
    """

    source: str
    task: Task
    experts: list[str]
    predictions: np.ndarray
    labels: np.ndarray
    folds: np.ndarray


def read_out_of_fold(path: Path) -> Iterator[OutOfFold]:
    """Yield each task of a table; a table of anything else ends the program."""
    table = pd.read_csv(path)
    # Of each task <task>_measured, <task> (the whole model) and <task>_<expert>, side by side.
    columns = list(table)
    measured = [at for at, column in enumerate(columns) if column.endswith("_measured")]
    if not measured:
        sys.exit(f"{path}: no column <task>_measured: not what --out-of-fold writes")
    for start, end in itertools.pairwise([*measured, len(columns)]):
        known = table[table[columns[start]].notna()]
        if not pd.api.types.is_numeric_dtype(known[columns[start]]):
            sys.exit(f"{path}, {columns[start]}: tasks of numbers are read, or of 0 and 1, and none of words")
        name, labels = columns[start + 1], known[columns[start]].to_numpy(float)
        experts = [column.removeprefix(f"{name}_") for column in columns[start + 2 : end]]
        predictions = np.stack([known[f"{name}_{expert}"].to_numpy(float)[:, np.newaxis] for expert in experts])
        binary = set(labels) <= {0.0, 1.0}
        task = Task(name, "binary" if binary else "regression", positive="1" if binary else "")
        yield OutOfFold(path.name, task, experts, predictions, labels, known["fold"].to_numpy())


def measure_blend(task: Task, predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """Return the RMSE of a blend, or the AUROC of a binary task."""
    mixed = blend([task], predictions, weights)[:, 0]
    return float(np.sqrt(np.mean((mixed - labels) ** 2)) if task.is_regression else roc_auc_score(labels, mixed))
