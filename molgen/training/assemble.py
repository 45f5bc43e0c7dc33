"""From fitted experts to what a bundle says: weights, calibration, and figures beside the baselines'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.experts.base import FeatureTable
from molgen.experts.blend import blend, fit_weights
from molgen.experts.calibration import Calibration, calibrate, fit_calibration
from molgen.experts.domain import pack_bits
from molgen.packed import Repeated
from molgen.subjects import AnyPairSubject
from molgen.training.baselines import predict_from_sides, predict_mean, predict_nearest
from molgen.training.experts import fit_linear_expert, fit_tabular_expert
from molgen.training.kronecker import fit_kernel_expert
from molgen.training.metrics import evaluate
from molgen.training.recipe import Recipe

__all__ = ["Blend", "Metrics", "fit_blend", "measure", "predict_baselines", "sides_of"]

#: Part of the split -> predictor -> task -> measure -> value.
Metrics = dict[str, dict[str, dict[str, dict[str, float]]]]


@dataclass(frozen=True, slots=True)
class Blend:
    """How the predictions of several experts become one.

    Attributes
    ----------
    tasks
        What is predicted.
    weights
        ``[experts, tasks]``.
    calibration
        One a task.
    """

    tasks: Sequence[Task]
    weights: NDArray[np.float64]
    calibration: list[Calibration] = field(repr=False)

    @property
    def half_widths(self) -> list[float]:
        """Half the width of the interval of each task."""
        return [each.half_width for each in self.calibration]

    def predict(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Blend and calibrate ``[experts, rows, outputs]``."""
        mixed = blend(self.tasks, predictions, self.weights)
        return calibrate(self.tasks, self.calibration, mixed)


def fit_blend(tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets, rows: NDArray[np.int64]) -> Blend:
    """Fit weights and calibration on rows that no expert was trained on (``predictions`` of all rows, by expert)."""
    labels = targets.take(rows)
    weights = fit_weights(tasks, predictions[:, rows], labels)
    return Blend(tasks, weights, fit_calibration(tasks, blend(tasks, predictions[:, rows], weights), labels))


def predict_baselines(
    tasks: list[Task],
    features: FeatureTable,
    dataset: Dataset,
    split: Split,
    recipe: Recipe,
) -> dict[str, NDArray[np.float64]]:
    """Predict held-out rows as every model has to be able to: by the mean, the nearest neighbour, boosted trees, linear models.

    Parameters
    ----------
    tasks, features, dataset, split
        What is trained on.
    recipe
        Says what the baselines read. Boosted trees are none where an expert is just that.
    """
    predictions = {"mean": predict_mean(tasks, dataset.labels, split.train)}
    fingerprint = features[recipe.ingredients.fingerprint]
    if isinstance(fingerprint, Repeated):
        sides = list(sides_of(dataset).values())
        predictions["means of both"] = predict_from_sides(tasks, sides, dataset.targets, split.train)
    else:
        packed = pack_bits(recipe.ingredients.fingerprint, dataset.items)
        held_out = np.sort(np.concatenate([split.valid, split.test]))
        predictions["nearest neighbour"] = predict_nearest(tasks, fingerprint, packed, dataset.targets, split.train, held_out)
    if recipe.ingredients.kernel is not None and recipe.kernel is None:
        pair, seed = recipe.ingredients.kernel, recipe.config.seed
        kernel = fit_kernel_expert("KronRLS", tasks, pair, features, dataset.labels, split, seed=seed)
        predictions["KronRLS"] = kernel.predict(features)
    for name, inputs in recipe.baselines.items():
        linear = fit_linear_expert(name, tasks, inputs, features, dataset.labels, split, recipe.config)
        predictions[name] = linear.predict(features)
    if recipe.baseline_trees:
        trees = fit_tabular_expert("trees", tasks, recipe.baseline_trees, features, dataset.labels, split, recipe.config)
        predictions["lightgbm"] = trees.predict(features)
    return predictions


def measure(
    tasks: list[Task],
    predictions: Mapping[str, NDArray[np.float64]],
    targets: Targets,
    parts: Mapping[str, NDArray[Any]],
    half_widths: Sequence[float] | None = None,
    sides: Mapping[str, NDArray[np.int64]] | None = None,
) -> Metrics:
    """Measure each predictor on each part that has rows.

    Parameters
    ----------
    tasks, predictions, targets
        What is predicted, by predictor, and the labels of all rows.
    parts
        Part -> rows.
    half_widths
        Those of the intervals of ``"model"``.
    sides
        Of pairs; see :func:`sides_of`.
    """
    return {
        part: {
            name: evaluate(
                tasks,
                values[rows],
                targets.take(rows),
                half_widths if name == "model" else None,
                {side: of_row[rows] for side, of_row in (sides or {}).items()},
            )
            for name, values in predictions.items()
        }
        for part, rows in parts.items()
        if len(rows)
    }


def sides_of(dataset: Dataset) -> dict[str, NDArray[np.int64]]:
    """Return of pairs the number of each row's molecule, and of its partner, by what they are; of other rows nothing."""
    subject = dataset.subject
    if not isinstance(subject, AnyPairSubject):
        return {}
    parts = subject.batch(dataset.items).parts
    return {"molecule": parts[subject.molecules.column].of_row, subject.partners.noun: parts[subject.partners.column].of_row}
