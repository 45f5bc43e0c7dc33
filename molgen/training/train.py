"""From a table of measured compounds to a bundle, with the figures that say what it is worth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.data.dataset import Dataset, load_dataset
from molgen.data.labelled import POSITIVE, open_labelled
from molgen.data.replicates import find_leaks
from molgen.data.splits import Split, make_folds, make_split
from molgen.data.tasks import Task, check_names, fit_scaling
from molgen.errors import ConfigError, InputError
from molgen.experts.base import compute_features
from molgen.experts.domain import Domain
from molgen.experts.structures import MAX_STRUCTURES, Structures
from molgen.extras import import_extra
from molgen.featurizers import Columns, Featurizer, from_spec
from molgen.featurizers.base import take_rows
from molgen.plain import plain
from molgen.subjects import AnyPairSubject
from molgen.threads import one_torch_thread
from molgen.training.applicability import Applicability, fit_applicability
from molgen.training.assemble import Blend, Metrics, fit_blend, measure, predict_baselines, sides_of
from molgen.training.budget import within_budget
from molgen.training.card import make_card
from molgen.training.checkpoint import Checkpoint, describe_run
from molgen.training.config import TrainConfig
from molgen.training.cross_validation import CrossValidation, validate_on_folds
from molgen.training.fit import Fitted, Progress, fit_experts
from molgen.training.ingredients import ingredients_for
from molgen.training.learning_curve import CurvePoint, learning_curve
from molgen.training.ranking import check_compounds, rank_among
from molgen.training.recipe import Recipe, make_recipe, sized
from molgen.training.refit import refit
from molgen.training.search import Search, search_settings
from molgen.training.swapped import swap_partners

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
        The bundle's predictions for all rows of the data set, ``[rows, outputs]``.
    unused
        Row -> why it is in no part, whatever the split says.
    curve
        The learning curve, if it was asked for.
    cross_validation
        What the folds came to, if there were folds; then ``split`` has all rows in training, and ``metrics`` has one part,
        ``"folds"``: the out-of-fold predictions of all rows taken together.
    searches
        What was tried to find settings, if that was asked for.
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

    def to_json(self) -> dict[str, Any]:
        """Return what is known of the training as plain data; a measure that does not exist is ``None``."""
        dataset = self.dataset
        described: dict[str, Any] = plain(
            {
                "tasks": [task.to_json() for task in self.bundle.tasks],
                "compounds": len(dataset),
                "split": self.split.sizes(),
                "metrics": self.metrics,
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
    job = _prepare(data, config, checkpoint, progress or (lambda *_: None))
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
    return _validate(_prepare(data, config, checkpoint, progress or (lambda *_: None)))


@dataclass(frozen=True, slots=True)
class _Job:
    """What is ready before anything is fitted: one split, or one a fold."""

    dataset: Dataset
    splits: list[Split]
    recipe: Recipe
    features: dict[Featurizer, Any]
    unusable: dict[int, str]
    kept: Checkpoint | None
    tell: Progress
    searches: list[Search]
    asked: TrainConfig


def _prepare(
    data: str | Path | Sequence[str | Path] | Dataset, config: TrainConfig, checkpoint: str | Path | None, tell: Progress
) -> _Job:
    started = time.monotonic()
    tell("reading", 0, 0)
    if config.search is not None:
        import_extra("optuna", "search")
    dataset = data if isinstance(data, Dataset) else _load(data, config)
    check_names(dataset.tasks)
    if config.percentiles_of is not None:
        check_compounds(config.percentiles_of, dataset)
    config = _settled(config, dataset)
    ingredients = ingredients_for(dataset.subject, dataset.items, config.gene_graph)
    recipe = make_recipe(sized(config, ingredients, len(dataset)), ingredients, _own_features(dataset))
    config = recipe.config
    splits, leaks = _splits(dataset, config)
    kept = None if checkpoint is None else Checkpoint.open(checkpoint, describe_run(dataset, splits, recipe))
    for split in splits:
        _check_labels(dataset, split)
        _check_storable(dataset, len(dataset) if config.folds else len(split.train), config)
    tell("featurizing", 0, 0)
    features, unusable = _featurize(dataset, recipe)
    if len(unusable) == len(dataset):
        got = next(iter(unusable.values()))
        raise InputError(f"no {dataset.subject.noun} can be read by the model", where=dataset.source.get("file", "data"), got=got)
    splits = [_without(split, unusable) for split in splits]
    for split in splits if unusable else []:
        _check_labels(dataset, split)
    if config.budget is not None:
        tell("trying out", 0, 0)
        seconds = config.seconds_allowed - (time.monotonic() - started)
        recipe = within_budget(recipe, dataset, features, splits, seconds, kept)
    searches: list[Search] = []
    if config.search is not None:
        recipe, searches = search_settings(recipe, dataset, features, splits[0], config.search, tell, kept)
    return _Job(dataset, splits, recipe, features, unusable | leaks, kept, tell, searches, config)


def _train_on_split(job: _Job) -> TrainResult:
    """Train on one part, choose epochs, weights and calibration on the second, and measure on the third.

    With ``refit`` the experts are then trained on the first two, and it is these that the test part measures.
    """
    dataset, recipe, features, (split,) = job.dataset, job.recipe, job.features, job.splits
    tasks = fit_scaling(dataset.tasks, dataset.targets[split.train])
    fitted = fit_experts(recipe, tasks, features, dataset.labels, split, job.tell, checkpoint=job.kept)
    job.tell("blending", 0, 0)
    predictions = fitted.predict(features)
    mixing = fit_blend(tasks, predictions, dataset.labels, split.valid)
    rows = split.train
    domain = seen = _domain(fitted, dataset, rows, recipe)
    if recipe.config.refit:
        tasks, rows, fitted = refit(recipe, dataset, features, split, fitted, job.tell, job.kept)
        # Validation rows are told by the experts that did not see them.
        unseen = predictions[:, split.valid]
        predictions = fitted.predict(features)
        predictions[:, split.valid] = unseen
        domain = _domain(fitted, dataset, rows, recipe)
    final = mixing.predict(predictions)
    rivals = predict_baselines(tasks, features, dataset, split, recipe)
    if recipe.config.refit:  # on the test part baselines know what the experts do
        for name, values in predict_baselines(tasks, features, dataset, Split.of(rows, [], split.test), recipe).items():
            rivals[name][split.test] = values[split.test]
    rivals |= dict(zip([expert.name for expert in fitted.experts], predictions, strict=True))
    rivals["model"] = final
    if isinstance(dataset.subject, AnyPairSubject):
        name, swapped = swap_partners(features, dataset.subject, recipe.config.seed)
        held_out = split.test if recipe.config.refit else np.sort(np.concatenate([split.valid, split.test]))
        rivals[name] = np.full_like(final, np.nan)
        rivals[name][held_out] = mixing.predict(fitted.predict(swapped, held_out))
    parts = {"valid": split.valid, "test": split.test}
    metrics = measure(tasks, rivals, dataset.labels, parts, mixing.half_widths, sides_of(dataset))
    curve = _curve(job, split, metrics) if recipe.config.curve else []
    bundle = _bundle(tasks, fitted, mixing, domain, dataset, rows, recipe)
    bundle.card = make_card(bundle, dataset, split, recipe, metrics, job.unusable, fitted)
    # Validation rows are judged by how near they are to what the experts that predicted them have seen.
    similarity = seen.similarity(take_rows(features[recipe.ingredients.fingerprint], split.valid))
    _warn_outside(bundle, fit_applicability(tasks, final[split.valid], dataset.labels.take(split.valid), similarity))
    if curve:
        bundle.card["learning_curve"] = plain([point.to_json() for point in curve])
    if job.searches:
        # A run with the same configuration searches, and finds the same.
        tried = [search.to_json() for search in job.searches]
        bundle.card |= plain({"search": tried, "configuration": job.asked.model_dump(mode="json")})
    return TrainResult(bundle, dataset, split, metrics, final, job.unusable, curve, searches=job.searches)


def _train_on_folds(job: _Job) -> TrainResult:
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
    fitted = fit_experts(recipe, tasks, features, dataset.labels, split, job.tell, checkpoint=whole, stop_after=folds.epochs)
    job.tell("blending", 0, 0)
    unseen = np.stack([folds.predictions[name] for name in folds.experts])
    mixing = fit_blend(tasks, unseen, dataset.labels, folds.tested)
    metrics = measure(tasks, folds.predictions, dataset.labels, {"folds": folds.tested}, sides=sides_of(dataset))
    domain = _domain(fitted, dataset, rows, recipe)
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


def _validate(job: _Job) -> CrossValidation:
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


def _domain(fitted: Fitted, dataset: Dataset, rows: NDArray[np.int64], recipe: Recipe) -> Domain:
    """Choose what later rows are compared with; by what an expert needs anyway, else by what costs less."""
    needed = [featurizer for expert in fitted.experts for featurizer in expert.featurizers]
    cheap, own = recipe.ingredients.plain_fingerprint, recipe.ingredients.fingerprint
    featurizer = own if own in needed else cheap
    items = dataset.subject.side([dataset.items[row] for row in rows], featurizer.reads)
    return Domain.fit(featurizer, items, seed=recipe.config.seed)


def _curve(job: _Job, split: Split, metrics: Metrics) -> list[CurvePoint]:
    """Return the learning curve, whose last point is the run itself."""
    points = learning_curve(job.recipe, job.features, job.dataset, split, job.tell, checkpoint=job.kept)
    return [*points, CurvePoint(len(split.train), {part: values["model"] for part, values in metrics.items()})]


def _load(path: str | Path | Sequence[str | Path], config: TrainConfig) -> Dataset:
    targets = list(config.targets)
    if config.negatives is not None:
        if len(targets) > 1:
            raise ConfigError("negatives are the other class of one target", where="--negatives", got=", ".join(targets))
        targets = targets or [POSITIVE]
    table = open_labelled(
        path,
        labels=config.labels,
        joins=config.joins,
        negatives=config.negatives,
        target=targets[0] if targets else POSITIVE,
        genome=config.genome,
        length=config.length,
        sample=config.sample,
        profiles=config.profiles,
        seed=config.seed,
    )
    return load_dataset(
        table,
        targets=targets,
        smiles=config.smiles,
        sequence=config.sequence,
        alphabet=config.alphabet,
        ids=config.ids,
        kind=config.kind,
        directions=config.directions,
        units=config.units,
        positives=config.positives,
        relations=config.relations,
        convert=config.convert,
        unit_columns=config.unit_columns,
        weight=config.weight,
        features=config.features,
        replicates=config.replicates,
        extra_columns=[config.split_column] if config.split_column else [],
        max_atoms=config.max_atoms,
        charges=config.charges,
    )


def _settled(config: TrainConfig, dataset: Dataset) -> TrainConfig:
    """Settle what is left open by what the rows are about."""
    if config.split == "auto":
        by_structure = "chromosome" if dataset.contigs is not None else "cluster"
        config = config.model_copy(update={"split": by_structure if dataset.subject.kind == "sequence" else "scaffold"})
    if dataset.subject.kind == "sequence" and config.sequence_network.strands is None:
        both = dataset.contigs is not None and not dataset.stranded
        config = config.with_network_settings("sequence", {"strands": "average" if both else "forward"})
    return config


def _splits(dataset: Dataset, config: TrainConfig) -> tuple[list[Split], dict[int, str]]:
    """Return the split, or one a fold, and the rows that were taken out of training for being held out as well."""
    if config.folds:
        splits = make_folds(dataset, config.split, config.folds, config.seed, column=config.split_column, **config.split_options)
        # Out of training in one fold, tested in another: such rows are left out of no fold but their own.
        return [_without_leaks(dataset, split, config)[0] for split in splits], {}
    split = make_split(
        dataset,
        config.split,
        column=config.split_column,
        fractions=config.fractions,
        seed=config.seed,
        **config.split_options,
    )
    split, leaks = _without_leaks(dataset, split, config)
    return [split], leaks


def _without_leaks(dataset: Dataset, split: Split, config: TrainConfig) -> tuple[Split, dict[int, str]]:
    """Take compounds out of training that a split by column holds out as well."""
    if config.split_column is None or config.replicates == "keep":
        return split, {}
    leaks = find_leaks(dataset.subject.keys(dataset.items), split)
    if leaks and config.replicates == "error":
        row, why = next(iter(leaks.items()))
        where = f"{dataset.source.get('file', 'data')}, column {config.split_column!r}"
        got = f"{len(leaks)} such rows, the first: {dataset.ids[row]}, {why.partition(':')[0]}"
        remedy = "use --replicates aggregate to leave them out of training, or keep"
        raise InputError("a compound is in two parts of the split", where=where, got=got, remedy=remedy)
    return _without(split, leaks), leaks


def _check_labels(dataset: Dataset, split: Split) -> None:
    """Stop where training could only give nonsense; a test part may be empty."""
    for at, task in enumerate(dataset.tasks):
        for part, rows in (("training", split.train), ("validation", split.valid)):
            labels = dataset.labels.take(rows).of_task(at).measured()
            labels = labels[~np.isnan(labels)]
            where = f"{dataset.source.get('file', 'data')}, target {task.name!r}, {part} part of the split"
            if not len(labels):
                got = f"{len(dataset)} {dataset.subject.noun}s: " + ", ".join(f"{n} {name}" for name, n in split.sizes().items())
                raise InputError("no labels", where=where, got=got, remedy="use another split, or more data")
            if not dataset.labels.weights[rows].any():
                raise InputError("all weights are 0", where=where, remedy="use another split, or other weights")
            if part == "training" and len(np.unique(labels)) < 2:
                raise InputError("all labels are the same", where=where, got=f"{labels[0]:g}")
            if part == "training" and task.kind == "multiclass" and len(np.unique(labels)) < task.width:
                unseen = [word for code, word in enumerate(task.classes) if code not in labels]
                raise InputError("no row of a class", where=where, got=f"none of {', '.join(unseen)}", remedy="use another split")


def _check_storable(dataset: Dataset, n: int, config: TrainConfig) -> None:
    if config.store_structures and len(dataset.subject.columns) > 1:
        raise ConfigError("pairs are not stored", where="--store-structures", remedy="leave it out")
    if config.store_structures and n > MAX_STRUCTURES:
        expected = f"at most {MAX_STRUCTURES:,} training compounds"
        raise ConfigError("too many structures to store", expected=expected, got=f"{n:,}", remedy="leave out --store-structures")


def _structures(dataset: Dataset, rows: NDArray[np.int64]) -> Structures:
    labels = dataset.labels.take(rows).measured()
    keys = dataset.subject.keys([dataset.items[row] for row in rows])
    return Structures.of(keys, [dataset.ids[row] for row in rows], labels)


def _featurize(dataset: Dataset, recipe: Recipe) -> tuple[dict[Featurizer, Any], dict[int, str]]:
    # The trees' inputs are computed whatever is trained: boosted trees are one of the baselines.
    needed = [*recipe.ingredients.featurizers, *recipe.own]
    made = [from_spec(each.spec(), n_jobs=recipe.config.n_jobs) for each in needed]
    batch = dataset.subject.batch(dataset.items)
    found = compute_features(made, batch, dataset.numbers)
    dataset.subject.release(batch)
    return found


def _own_features(dataset: Dataset) -> list[Featurizer]:
    """Return what reads the user's own numbers, if there are some."""
    return [Columns(list(dataset.numbers))] if dataset.numbers else []


def _without(split: Split, rows: dict[int, str]) -> Split:
    gone = list(rows)
    return Split.of(*(part[~np.isin(part, gone)] for part in (split.train, split.valid, split.test)))
