"""Cross-validation: every row predicted by experts that did not see it, and what the spread over the folds is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.tasks import Task, fit_scaling, score_views, spans
from molgen.experts.base import FeatureTable
from molgen.experts.domain import Domain
from molgen.featurizers.base import take_rows
from molgen.training.assemble import Metrics, fit_blend, measure, predict_baselines, sides_of
from molgen.training.checkpoint import Checkpoint
from molgen.training.fit import Progress, best_epoch, fit_experts
from molgen.training.recipe import Recipe
from molgen.training.refit import refit
from molgen.training.tracks import measure_tracks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CrossValidation", "validate_on_folds"]

#: Predictor -> task, or track -> measure -> value.
Measured = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """What folds say of a recipe.

    Attributes
    ----------
    dataset, folds
        The rows, and the split of each fold; a fold's figures are those of its test part.
    metrics
        One a fold: predictor (baselines, experts, ``"model"``) -> task -> measure -> value.
    predictions
        Predictor -> out-of-fold predictions ``[rows, tasks]``; NaN for a row that no fold tests.
    experts
        The names of the experts among the predictors, in order.
    epochs
        Graph expert -> median over the folds of the epoch that was best.
    similarity
        Of each row that a fold tests to the nearest reference among that fold's training compounds.
    tracks
        One a fold, for a model of tracks: predictor -> track -> measure -> value.
    """

    dataset: Dataset
    folds: list[Split]
    metrics: list[Measured]
    predictions: dict[str, NDArray[np.float64]] = field(repr=False)
    experts: list[str]
    epochs: dict[str, int]
    similarity: NDArray[np.float64] = field(repr=False)
    tracks: list[Measured] = field(default_factory=list)

    @property
    def tested(self) -> NDArray[np.int64]:
        """Rows that some fold tests."""
        return np.sort(np.concatenate([fold.test for fold in self.folds]))

    def summary(self) -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
        """Return predictor -> task -> measure -> mean and standard deviation over the folds where the measure exists."""
        return _over_folds(self.metrics)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain data for a card."""
        sizes = [fold.sizes() for fold in self.folds]
        told = {"folds": sizes, "metrics": _named(self.summary()), "epochs": self.epochs}
        return told | ({"tracks": _named(_over_folds(self.tracks))} if self.tracks else {})

    def table(self) -> pd.DataFrame:
        """Return a line for each tested row: ``id``, its SMILES or sequence, ``fold`` (from 1), then labels and predictions.

        The columns of a task are ``<task>_measured``, ``<task>`` (the whole model) and ``<task>_<expert>``; of several classes,
        the measured class, and in place of ``<task>`` the ``<task>_<class>`` of each.
        """
        import pandas as pd

        rows = self.tested
        fold = np.zeros(len(self.dataset), dtype=np.int64)
        for number, split in enumerate(self.folds, start=1):
            fold[split.test] = number
        columns: dict[str, Any] = {
            "id": [self.dataset.ids[row] for row in rows],
            **self.dataset.subject.named([self.dataset.texts[row] for row in rows]),
            "fold": fold[rows],
        }
        for at, (task, span) in enumerate(zip(self.dataset.tasks, spans(self.dataset.tasks), strict=True)):
            columns[f"{task.name}_measured"] = _labels(task, self.dataset.targets[rows, at])
            for output, view in zip(range(span.start, span.stop), score_views(task), strict=True):
                columns[view.name] = self.predictions["model"][rows, output]
                for name in self.experts:
                    columns[f"{view.name}_{name}"] = self.predictions[name][rows, output]
        return pd.DataFrame(columns)


def _over_folds(metrics: Sequence[Measured]) -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    return {
        name: {
            task: {each: _mean_and_spread([fold[name][task][each] for fold in metrics]) for each in measures}
            for task, measures in by_task.items()
        }
        for name, by_task in metrics[0].items()
    }


def _named(summary: dict[str, dict[str, dict[str, tuple[float, float]]]]) -> dict[str, Any]:
    return {
        name: {
            task: {each: {"mean": mean, "spread": spread} for each, (mean, spread) in measures.items()}
            for task, measures in by_task.items()
        }
        for name, by_task in summary.items()
    }


def _labels(task: Task, values: NDArray[np.float64]) -> Sequence[Any]:
    """Return measured values, those of several classes as the words for them."""
    if task.kind != "multiclass":
        return list(values)
    return [None if np.isnan(code) else task.classes[int(code)] for code in values]


def validate_on_folds(
    recipe: Recipe,
    features: FeatureTable,
    dataset: Dataset,
    folds: Sequence[Split],
    tell: Progress,
    *,
    checkpoint: Checkpoint | None = None,
) -> CrossValidation:
    """Fit a recipe once a fold, and predict each fold's test part.

    A fold's own validation part chooses the epochs of its networks; with ``refit`` all experts are then trained on it, too. The
    weights and the calibration that a fold's ``"model"`` is measured with are fitted on the out-of-fold predictions of the other
    folds, so that it, too, is judged on labels it never saw.

    Parameters
    ----------
    recipe, features, dataset
        What is fitted, and to what.
    folds
        A split each; no row is in two test parts.
    tell
        Told what is going on.
    checkpoint
        Where the run is kept.
    """
    found: dict[str, NDArray[np.float64]] = {}
    fingerprint = recipe.ingredients.fingerprint
    similarity = np.full(len(dataset), np.nan)
    best: dict[str, list[int]] = {}
    experts: list[str] = []
    tracks: list[Measured] = []
    for number, fold in enumerate(folds, start=1):

        def tell_fold(stage: str, done: int, total: int, number: int = number) -> None:
            tell(f"fold {number} of {len(folds)}: {stage}", done, total)

        tasks = fit_scaling(dataset.tasks, dataset.targets[fold.train])
        kept = None if checkpoint is None else checkpoint.part(f"fold-{number}")
        fitted = fit_experts(recipe, tasks, features, dataset.labels_and_counts, fold, tell_fold, checkpoint=kept)
        experts = [expert.name for expert in fitted.experts]
        for name, histories in fitted.histories.items():
            best.setdefault(name, []).extend(best_epoch(history) for history in histories)
        trained = fold
        if recipe.config.refit:
            tasks, rows, fitted = refit(recipe, dataset, features, fold, fitted, tell_fold, kept)
            trained = Split.of(rows, [], fold.test)
        if dataset.counts is not None:
            tracks.append(measure_tracks(fitted.experts, features, dataset.counts, trained.train, fold.test))
        rivals = predict_baselines(tasks, features, dataset, trained, recipe)
        tested = {name: values[fold.test] for name, values in rivals.items()}
        tested |= dict(zip(experts, fitted.predict(features, fold.test), strict=True))
        for name, values in tested.items():
            found.setdefault(name, np.full((len(dataset), values.shape[1]), np.nan))[fold.test] = values
        seen = dataset.subject.side([dataset.items[row] for row in trained.train], fingerprint.reads)
        domain = Domain.fit(fingerprint, seen, seed=recipe.config.seed)
        similarity[fold.test] = domain.similarity(take_rows(features[fingerprint], fold.test))
    found["model"], half_widths = _blend_by_others(dataset.tasks, np.stack([found[name] for name in experts]), dataset, folds)
    sides = sides_of(dataset)
    metrics: list[Metrics] = [
        measure(dataset.tasks, found, dataset.labels, {"test": fold.test}, widths, sides)
        for fold, widths in zip(folds, half_widths, strict=True)
    ]
    epochs = {name: max(1, round(float(np.median(numbers)))) for name, numbers in best.items()}
    return CrossValidation(dataset, list(folds), [each["test"] for each in metrics], found, experts, epochs, similarity, tracks)


def _blend_by_others(
    tasks: list[Task], predictions: NDArray[np.float64], dataset: Dataset, folds: Sequence[Split]
) -> tuple[NDArray[np.float64], list[list[float]]]:
    """Blend each fold's predictions as those of the other folds say, which also say how wide its intervals are.

    A single fold has nobody to ask: it gets equal weights, and no intervals.
    """
    blended = np.full(predictions.shape[1:], np.nan)
    half_widths = []
    for at, fold in enumerate(folds):
        others = np.sort(np.concatenate([np.array([], np.int64), *(other.test for n, other in enumerate(folds) if n != at)]))
        fitted = fit_blend(tasks, predictions, dataset.labels, others)
        blended[fold.test] = fitted.predict(predictions[:, fold.test])
        half_widths.append(fitted.half_widths)
    return blended, half_widths


def _mean_and_spread(values: list[float]) -> tuple[float, float]:
    known = np.array([value for value in values if np.isfinite(value)])
    if not len(known):
        return float("nan"), float("nan")
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else float("nan")
