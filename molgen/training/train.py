"""From a table of measured compounds to a bundle, with the figures that say what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.tasks import Task, fit_scaling
from molgen.errors import ConfigError
from molgen.experts.base import FeatureTable
from molgen.experts.domain import Domain
from molgen.experts.structures import Structures
from molgen.featurizers.base import take_rows
from molgen.plain import plain
from molgen.subjects import AnyPairSubject
from molgen.threads import one_torch_thread
from molgen.training.applicability import Applicability, fit_applicability
from molgen.training.assemble import Blend, Metrics, fit_blend, measure, predict_baselines, sides_of
from molgen.training.card import make_card
from molgen.training.committee import train_committee
from molgen.training.config import TrainConfig
from molgen.training.cross_validation import CrossValidation, validate_on_folds
from molgen.training.fit import Fitted, Progress, Trained, fit_experts
from molgen.training.job import Job, prepare
from molgen.training.learning_curve import CurvePoint, learning_curve
from molgen.training.ranking import rank_among
from molgen.training.recipe import Recipe
from molgen.training.refit import refit
from molgen.training.search import Search
from molgen.training.swapped import swap_partners
from molgen.training.tracks import TrackMetrics, measure_tracks

__all__ = ["CrossValidation", "Progress", "TrainResult", "cross_validate", "train"]


@dataclass(slots=True)
class TrainResult:
    """A trained bundle and what is known of it.

    Attributes
    ----------
    bundle
        The predictor; its ``card`` holds ``metrics`` too.
    dataset, split
        What it was trained on.
    metrics
        Part (``"valid"``, ``"test"``) -> predictor (baselines, experts, ``"blend"``) -> task -> measure -> value.
    predictions
        Predictions for all rows of the data set, ``[rows, outputs]``: the bundle's, but of a row that its experts were trained on
        those of experts that were not, where there are such (of validation rows with ``refit``, of all rows of a committee).
    unused
        Row -> why it is in no part, whatever the split says.
    curve
        The learning curve, if it was asked for.
    cross_validation
        What the folds came to, if there were folds; then ``split`` has all rows in training, and ``metrics`` has one part,
        ``"folds"``: the out-of-fold predictions of all rows taken together.
    searches
        What was tried to find settings, if that was asked for.
    tracks
        Part -> predictor -> track -> measure -> value: how well it is predicted where counts are, for a model of tracks.
    """

    bundle: Bundle
    dataset: Dataset
    split: Split
    metrics: dict[str, dict[str, dict[str, dict[str, float]]]]
    predictions: NDArray[np.float64] = field(repr=False)
    unused: dict[int, str] = field(default_factory=dict)
    curve: list[CurvePoint] = field(default_factory=list)
    cross_validation: CrossValidation | None = None
    searches: list[Search] = field(default_factory=list)
    tracks: dict[str, TrackMetrics] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what is known of the training as plain data; a measure that does not exist is ``None``."""
        dataset = self.dataset
        described: dict[str, Any] = plain(
            {
                "tasks": [task.to_json() for task in self.bundle.tasks],
                "compounds": len(dataset),
                "split": self.split.sizes(),
                "metrics": self.metrics,
                **({"tracks": self.tracks} if self.tracks else {}),
                "cross_validation": self.cross_validation.to_json() if self.cross_validation else None,
                "searches": [search.to_json() for search in self.searches],
                "curve": [point.to_json() for point in self.curve],
                "left_out": [{"line": line, "reason": reason} for line, reason in dataset.dropped],
                "labels_not_read": [{"line": line, "reason": reason} for line, reason in dataset.problems],
                "labels_that_disagree": [{"line": line, "reason": reason} for line, reason in dataset.conflicts],
                "in_no_part": [{"id": dataset.ids[row], "reason": reason} for row, reason in self.unused.items()],
                "notes": dataset.notes,
            }
        )
        return described


@one_torch_thread()
def train(
    data: str | Path | Sequence[str | Path] | Dataset,
    config: TrainConfig,
    *,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Train a bundle.

    Parameters
    ----------
    data
        A table of compounds with labels, or several with the same columns, or a data set that is loaded already.
    config
        How; see :class:`~molgen.training.config.TrainConfig`.
    checkpoint
        A folder where the run is kept as it goes: after a kill the same call goes on from there, to the same result.
    progress
        Told what is going on.

    Raises
    ------
    InputError
        If the data cannot be used: no labels, a part of the split without them, a class that is missing.
    """
    job = prepare(data, config, checkpoint, progress or (lambda *_: None))
    return _train_on_folds(job) if config.folds else _train_on_split(job)


@one_torch_thread()
def cross_validate(
    data: str | Path | Sequence[str | Path] | Dataset,
    config: TrainConfig,
    *,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> CrossValidation:
    """Train on each fold and make no bundle; arguments as for :func:`train`, and ``config.folds`` says how many folds."""
    if not config.folds:
        raise ConfigError("cross-validation needs a number of folds", expected="folds of 3 or more")
    return _validate(prepare(data, config, checkpoint, progress or (lambda *_: None)))


def _trained(job: Job, split: Split) -> Trained:
    """Fit the experts: to the training part, with ``refit`` then to the validation part, too, or a committee to both."""
    dataset, recipe, features = job.dataset, job.recipe, job.features
    if job.parts:
        return train_committee(recipe, dataset, features, job.parts, job.tell, job.kept)
    tasks = fit_scaling(dataset.tasks, dataset.targets[split.train])
    fitted = fit_experts(recipe, tasks, features, dataset.labels_and_counts, split, job.tell, checkpoint=job.kept)
    predictions, told = fitted.predict(features), [Split.of(split.train, [], split.valid)]
    if not recipe.config.refit:
        return Trained(tasks, split.train, fitted, predictions, told)
    tasks, rows, fitted = refit(recipe, dataset, features, split, fitted, job.tell, job.kept)
    # Validation rows are told by the experts that did not see them.
    unseen = predictions[:, split.valid]
    predictions = fitted.predict(features)
    predictions[:, split.valid] = unseen
    return Trained(tasks, rows, fitted, predictions, told)


def _train_on_split(job: Job) -> TrainResult:
    """Train on one part, choose epochs, weights and calibration on the second, and measure on the third.

    With ``refit`` the experts are then trained on the first two, and it is these that the test part measures. A committee trains on
    both at once, and each row is told by those who have not seen it.
    """
    dataset, recipe, features, (split,) = job.dataset, job.recipe, job.features, job.splits
    tasks, rows, fitted, predictions, told = _trained(job, split)
    job.tell("blending", 0, 0)
    unseen = np.concatenate([part.test for part in told])
    mixing = fit_blend(tasks, predictions, dataset.labels, unseen)
    domain = _domain(fitted, mixing, dataset, rows, recipe)
    final = mixing.predict(predictions)
    rivals = predict_baselines(tasks, features, dataset, split, recipe)
    known = len(rows) > len(split.train)  # of validation rows
    if known:  # on the test part baselines know what the experts do
        for name, values in predict_baselines(tasks, features, dataset, Split.of(rows, [], split.test), recipe).items():
            rivals[name][split.test] = values[split.test]
    rivals |= dict(zip([expert.name for expert in fitted.experts], predictions, strict=True))
    rivals["model"] = final
    if isinstance(dataset.subject, AnyPairSubject):
        name, swapped = swap_partners(features, dataset.subject, recipe.config.seed)
        unseen_rows = split.test if known else np.sort(np.concatenate([split.valid, split.test]))
        rivals[name] = np.full_like(final, np.nan)
        rivals[name][unseen_rows] = mixing.predict(fitted.predict(swapped, unseen_rows))
    parts = {"valid": split.valid, "test": split.test}
    metrics = measure(tasks, rivals, dataset.labels, parts, mixing.half_widths, sides_of(dataset))
    held_out = {"test": split.test} if known else parts
    tracks = _tracks(fitted, dataset, features, rows, held_out)
    curve = _curve(job, split, metrics) if recipe.config.curve else []
    bundle = _bundle(tasks, fitted, mixing, domain, dataset, rows, recipe)
    bundle.card = make_card(bundle, dataset, split, recipe, metrics, job.unusable, fitted)
    similarity = np.concatenate([_similarity(job, domain, rows, part) for part in told])
    _warn_outside(bundle, fit_applicability(tasks, final[unseen], dataset.labels.take(unseen), similarity))
    if tracks:
        bundle.card["tracks"] = plain(tracks)
    if curve:
        bundle.card["learning_curve"] = plain([point.to_json() for point in curve])
    if job.searches:
        # A run with the same configuration searches, and finds the same.
        tried = [search.to_json() for search in job.searches]
        bundle.card |= plain({"search": tried, "configuration": job.asked.model_dump(mode="json")})
    return TrainResult(bundle, dataset, split, metrics, final, job.unusable, curve, searches=job.searches, tracks=tracks)


def _train_on_folds(job: Job) -> TrainResult:
    """Measure by cross-validation, then train on all rows with what the folds have chosen.

    Networks stop after the median of the folds' best epochs; weights and calibration are fitted on the out-of-fold predictions.
    So the bundle has each expert once, and screens at the cost of one that was trained on a split.
    """
    dataset, recipe, features = job.dataset, job.recipe, job.features
    folds = _validate(job)
    rows = np.array([row for row in range(len(dataset)) if row not in job.unusable], dtype=np.int64)
    split = Split.of(rows, [], [])
    tasks = fit_scaling(dataset.tasks, dataset.targets[rows])
    whole = None if job.kept is None else job.kept.part("all")
    fitted = fit_experts(
        recipe, tasks, features, dataset.labels_and_counts, split, job.tell, checkpoint=whole, stop_after=folds.epochs
    )
    job.tell("blending", 0, 0)
    unseen = np.stack([folds.predictions[name] for name in folds.experts])
    mixing = fit_blend(tasks, unseen, dataset.labels, folds.tested)
    metrics = measure(tasks, folds.predictions, dataset.labels, {"folds": folds.tested}, sides=sides_of(dataset))
    domain = _domain(fitted, mixing, dataset, rows, recipe)
    bundle = _bundle(tasks, fitted, mixing, domain, dataset, rows, recipe)
    bundle.card = make_card(bundle, dataset, split, recipe, metrics, job.unusable, fitted)
    bundle.card["cross_validation"] = plain(folds.to_json())
    _warn_outside(bundle, fit_applicability(tasks, folds.predictions["model"], dataset.labels, folds.similarity))
    final = mixing.predict(fitted.predict(features))
    return TrainResult(bundle, dataset, split, metrics, final, job.unusable, cross_validation=folds)


def _warn_outside(bundle: Bundle, applicability: Applicability) -> None:
    """Let the bundle say which rows are unlike what it was trained on."""
    bundle.domain.threshold = applicability.threshold
    bundle.card["applicability"] = plain(applicability.to_json())


def _validate(job: Job) -> CrossValidation:
    return validate_on_folds(
        job.recipe,
        job.features,
        job.dataset,
        job.splits,
        job.tell,
        checkpoint=job.kept,
    )


def _bundle(
    tasks: list[Task], fitted: Fitted, mixing: Blend, domain: Domain, dataset: Dataset, rows: NDArray[np.int64], recipe: Recipe
) -> Bundle:
    """Put together what was fitted on some rows; the card is still to be written."""
    config = recipe.config
    weights, calibration = mixing.weights, mixing.calibration
    structures = _structures(dataset, rows) if config.store_structures else None
    bundle = Bundle(tasks, fitted.experts, weights, calibration, domain, {}, dataset.subject, structures=structures)
    if config.percentiles_of is not None:
        bundle.percentiles = rank_among(bundle, config.percentiles_of)
    return bundle


def _domain(fitted: Fitted, mixing: Blend, dataset: Dataset, rows: NDArray[np.int64], recipe: Recipe) -> Domain:
    """Choose what later rows are compared with; by what an expert with a weight needs anyway, else by what costs less."""
    heard = [expert for expert, weights in zip(fitted.experts, mixing.weights, strict=True) if weights.any()]
    needed = [featurizer for expert in heard for featurizer in expert.featurizers]
    cheap, own = recipe.ingredients.plain_fingerprint, recipe.ingredients.fingerprint
    featurizer = own if own in needed else cheap
    items = dataset.subject.side([dataset.items[row] for row in rows], featurizer.reads)
    return Domain.fit(featurizer, items, seed=recipe.config.seed)


def _similarity(job: Job, domain: Domain, rows: NDArray[np.int64], part: Split) -> NDArray[np.float32]:
    """Return how near rows are to what the experts that told them have seen, as the domain of all ``rows`` compares."""
    if not np.array_equal(part.train, rows):
        items = job.dataset.subject.side([job.dataset.items[row] for row in part.train], domain.featurizer.reads)
        domain = Domain.fit(domain.featurizer, items, seed=job.recipe.config.seed)
    return domain.similarity(take_rows(job.features[job.recipe.ingredients.fingerprint], part.test))


def _tracks(
    fitted: Fitted, dataset: Dataset, features: FeatureTable, trained: NDArray[np.int64], parts: Mapping[str, NDArray[np.int64]]
) -> dict[str, TrackMetrics]:
    if dataset.counts is None:
        return {}
    counts = dataset.counts
    return {part: measure_tracks(fitted.experts, features, counts, trained, rows) for part, rows in parts.items() if len(rows)}


def _curve(job: Job, split: Split, metrics: Metrics) -> list[CurvePoint]:
    """Return the learning curve, whose last point is the run itself."""
    points = learning_curve(job.recipe, job.features, job.dataset, split, job.tell, checkpoint=job.kept)
    return [*points, CurvePoint(len(split.train), {part: values["model"] for part, values in metrics.items()})]


def _structures(dataset: Dataset, rows: NDArray[np.int64]) -> Structures:
    labels = dataset.labels.take(rows).measured()
    keys = dataset.subject.keys([dataset.items[row] for row in rows])
    return Structures.of(keys, [dataset.ids[row] for row in rows], labels)
