"""The card of a bundle: what it was trained on, how, and what it is worth."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from molgen.bundle import Bundle
from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.plain import plain
from molgen.subjects import MoleculeSubject
from molgen.training.config import UNSTATED_LICENCE
from molgen.training.diagnostics import describe_labels
from molgen.training.fit import Fitted, describe_history
from molgen.training.recipe import Recipe

__all__ = ["make_card"]


def make_card(
    bundle: Bundle,
    dataset: Dataset,
    split: Split,
    recipe: Recipe,
    metrics: dict[str, Any],
    unusable: dict[int, str],
    fitted: Fitted,
) -> dict[str, Any]:
    """Return the card.

    Parameters
    ----------
    bundle
        What was trained.
    dataset
        All compounds.
    split
        The parts of it that were used.
    recipe
        What was trained, and how.
    metrics
        Part -> predictor -> task -> figures.
    unusable
        Rows of the data set that could not be used, and why.
    fitted
        The experts, and how their training went.
    """
    packages = ("molgen-toolkit", "torch", "torch-geometric", "rdkit", "lightgbm", "numpy")
    config = recipe.config
    card: dict[str, Any] = {
        "data": {
            **dataset.source,
            "compounds": len(dataset),
            **_of_subject(dataset),
            "left_out": [[line, reason] for line, reason in dataset.dropped[:1000]],
            "left_out_count": len(dataset.dropped) + len(unusable),
            "not_used": [[dataset.ids[row], reason] for row, reason in list(unusable.items())[:1000]],
            "limits": {task.name: n for task, n in zip(bundle.tasks, dataset.labels.count_limits(), strict=True) if n},
            "replicates": {
                **dataset.replicates,
                "merged": [list(lines) for lines in dataset.merged[:1000]],
                "disagree": [[line, reason] for line, reason in dataset.conflicts[:1000]],
            },
            "unreadable_labels": [[line, reason] for line, reason in dataset.problems[:1000]],
        },
        "labels": describe_labels(bundle.tasks, dataset.labels.take(split.train).measured()),
        "split": {"name": config.split, "sizes": split.sizes()},
        "configuration": config.model_dump(mode="json"),
        "experts": {
            expert.name: {task.name: float(w) for task, w in zip(bundle.tasks, row, strict=True)}
            for expert, row in zip(bundle.experts, bundle.weights, strict=True)
        },
        "metrics": plain(metrics),
        "versions": {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages},
        "training": {name: [describe_history(each) for each in of_members] for name, of_members in fitted.histories.items()},
        "licence": config.licence or UNSTATED_LICENCE,
    }
    if config.descriptions:
        card["descriptions"] = dict(zip((task.name for task in bundle.tasks), config.descriptions, strict=True))
    for key, expert in (("parent", "graph"), ("pretrained", "pretrained")):
        if expert in recipe.parents:
            card[key] = recipe.parents[expert]
    return card


def _of_subject(dataset: Dataset) -> dict[str, Any]:
    """Return what is told of the rows of a kind."""
    if not isinstance(dataset.subject, MoleculeSubject):
        return {"subject": dataset.subject.to_json()}
    return {"drawn_charged": dataset.drawn_charged, "charges": "neutral" if dataset.subject.neutralize else "drawn"}
