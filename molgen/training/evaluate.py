"""How well a bundle predicts a table of measured compounds it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from molgen.bundle import Bundle
from molgen.data.dataset import Dataset, load_dataset
from molgen.errors import InputError
from molgen.training.metrics import evaluate as measure

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    metrics
        Task -> measure -> value; for regression also ``coverage``, the share of labels within the interval.
    predictions
        One row a compound: ``id, smiles``, and for each task its label (``<task>_measured``), prediction and interval.
    dataset
        The compounds, with what was left out and why.
    """

    metrics: dict[str, dict[str, float]]
    predictions: pd.DataFrame
    dataset: Dataset


def evaluate(
    data: str | Path,
    model: str | Path | Bundle,
    *,
    smiles: str | None = None,
    ids: str | None = None,
    targets: dict[str, str] | None = None,
) -> Evaluation:
    """Compare a bundle's predictions with measured values.

    Parameters
    ----------
    data
        CSV, TSV or SMI file with labels.
    model
        A bundle, or its file.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    targets
        Task -> label column, for tasks whose column is named otherwise; only these tasks are evaluated if given.

    Raises
    ------
    InputError
        If a column is missing, or a label is of another kind than the task.
    """
    bundle = model if isinstance(model, Bundle) else Bundle.load(model)
    by_name = {task.name: task for task in bundle.tasks}
    wanted = targets or {name: name for name in by_name}
    unknown = set(wanted) - set(by_name)
    if unknown:
        raise InputError(f"the model has no task {sorted(unknown)[0]!r}", expected=f"one of {', '.join(by_name)}")
    kinds = {by_name[name].kind for name in wanted}
    dataset = load_dataset(
        data,
        targets=list(wanted.values()),
        smiles=smiles,
        ids=ids,
        kind=kinds.pop() if len(kinds) == 1 else "auto",
        max_atoms=bundle.max_atoms,
    )
    scores = bundle.score(dataset.mols)
    table: dict[str, object] = {"id": dataset.ids, "smiles": dataset.smiles}
    metrics = {}
    columns = bundle.named_columns(scores)
    for at, name in enumerate(wanted):
        labels, task = dataset.targets[:, at], by_name[name]
        if dataset.tasks[at].kind != task.kind:
            raise InputError(
                "labels of another kind", where=f"column {wanted[name]!r}", expected=task.kind, got=dataset.tasks[at].kind
            )
        metrics[name] = measure([task], columns[name][:, None], labels[:, None])[name]
        table |= {f"{name}_measured": labels, name: columns[name]}
        if task.is_regression:
            lower, upper = columns[f"{name}_lower"], columns[f"{name}_upper"]
            table |= {f"{name}_lower": lower, f"{name}_upper": upper}
            known = ~(pd.isna(labels) | pd.isna(lower))
            inside = (labels >= lower) & (labels <= upper)
            metrics[name]["coverage"] = float(inside[known].mean()) if known.any() else float("nan")
    table["domain"] = columns["domain"]
    return Evaluation(metrics, pd.DataFrame(table), dataset)
