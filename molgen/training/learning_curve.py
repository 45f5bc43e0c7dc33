"""How the error falls with the number of training compounds: whether more of them would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.tasks import fit_scaling
from molgen.experts.base import FeatureTable
from molgen.training.assemble import fit_blend, measure
from molgen.training.checkpoint import Checkpoint
from molgen.training.fit import Progress, fit_experts
from molgen.training.recipe import Recipe

__all__ = ["SHARES", "CurvePoint", "learning_curve"]

#: Shares of the training rows; all of them are the run itself.
SHARES = (0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a model of some of the training rows is worth.

    Attributes
    ----------
    rows
        Training rows.
    metrics
        Part (``"valid"``, ``"test"``) -> task -> measure -> value, of the whole model.
    """

    rows: int
    metrics: dict[str, dict[str, dict[str, float]]]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"rows": self.rows, "metrics": self.metrics}


def learning_curve(
    recipe: Recipe,
    features: FeatureTable,
    dataset: Dataset,
    split: Split,
    tell: Progress,
    *,
    checkpoint: Checkpoint | None = None,
) -> list[CurvePoint]:
    """Train on 10, 20, 40 and 80 % of the training rows, each share within the next, and measure on the same parts.

    A share is left out whose labels do not tell two compounds apart in some task, or miss a class.

    Parameters
    ----------
    recipe, features, dataset, split
        Those of the run itself.
    tell
        Told what is going on.
    checkpoint
        Where the run is kept.
    """
    order = np.random.default_rng(recipe.config.seed).permutation(split.train)
    points = []
    for share in SHARES:
        rows = np.sort(order[: round(share * len(order))])
        if not dataset.can_train(rows):
            continue
        part = Split.of(rows, split.valid, split.test)
        tasks = fit_scaling(dataset.tasks, dataset.targets[rows])

        def tell_share(stage: str, done: int, total: int, share: float = share) -> None:
            tell(f"{share:.0%} of the rows: {stage}", done, total)

        kept = None if checkpoint is None else checkpoint.part(f"curve-{share:.0%}".rstrip("%"))
        fitted = fit_experts(recipe, tasks, features, dataset.labels_and_counts, part, tell_share, checkpoint=kept)
        predictions = fitted.predict(features)
        mixing = fit_blend(tasks, predictions, dataset.labels, split.valid)
        parts = {"valid": split.valid, "test": split.test}
        measured = measure(tasks, {"model": mixing.predict(predictions)}, dataset.labels, parts, mixing.half_widths)
        points.append(CurvePoint(len(rows), {part: by_predictor["model"] for part, by_predictor in measured.items()}))
    return points
