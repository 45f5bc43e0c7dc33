"""What has to be ready before anything is fitted: rows, their parts, what is read of them, and the recipe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.counted import CountedTable
from molgen.data.counts import COUNTS_UNIT, Counts
from molgen.data.dataset import Dataset, load_dataset
from molgen.data.labelled import POSITIVE, open_labelled
from molgen.data.replicates import find_leaks
from molgen.data.splits import Split, make_folds, make_split
from molgen.data.tasks import check_names
from molgen.errors import ConfigError, InputError
from molgen.experts.base import compute_features
from molgen.experts.structures import MAX_STRUCTURES
from molgen.extras import import_extra
from molgen.featurizers import Columns, Featurizer, from_spec
from molgen.training.budget import within_budget
from molgen.training.checkpoint import Checkpoint, describe_run
from molgen.training.committee import committee_parts
from molgen.training.config import TrainConfig
from molgen.training.expert_config import SequenceConfig
from molgen.training.fit import Progress
from molgen.training.ingredients import Ingredients, ingredients_for
from molgen.training.ranking import check_compounds
from molgen.training.recipe import Recipe, make_recipe, sized
from molgen.training.search import Search, search_settings

__all__ = ["Job", "prepare"]

#: Layers of a network of tracks, at most: BPNet's nine see a thousand letters.
_MOST_STEPS = 9


@dataclass(frozen=True, slots=True)
class Job:
    """A training run before anything is fitted.

    Attributes
    ----------
    dataset
        The rows.
    splits
        One, or one a fold.
    recipe
        Which experts are fitted, and how.
    features
        What is read of all rows.
    parts
        The rows of each part of a committee; none without one.
    unusable
        Row -> why it is in no part, whatever the split says.
    kept
        Where the run is kept.
    tell
        Told what is going on.
    searches
        What was tried to find settings.
    asked
        The configuration before a search settled it.
    """

    dataset: Dataset
    splits: list[Split]
    recipe: Recipe
    features: dict[Featurizer, Any]
    parts: list[NDArray[np.int64]]
    unusable: dict[int, str]
    kept: Checkpoint | None
    tell: Progress
    searches: list[Search]
    asked: TrainConfig


def prepare(
    data: str | Path | Sequence[str | Path] | Dataset, config: TrainConfig, checkpoint: str | Path | None, tell: Progress
) -> Job:
    """Read rows, divide and featurize them, and settle the recipe; arguments as for :func:`~molgen.training.train.train`.

    Raises
    ------
    InputError
        If the data cannot be used: no labels, a part of the split without them, a class that is missing.
    ConfigError
        If the configuration does not fit the data.
    """
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
    splits, leaks = _splits(dataset, config)
    for split in splits:
        _check_labels(dataset, split)
    config, parts = _divided(sized(config, ingredients, len(dataset)), config, ingredients, dataset, splits[0])
    recipe = make_recipe(config, ingredients, _own_features(dataset))
    config = recipe.config
    kept = None if checkpoint is None else Checkpoint.open(checkpoint, describe_run(dataset, splits, recipe))
    for split in splits:
        both = config.refit or config.committee
        trained = len(dataset) if config.folds else len(split.train) + (len(split.valid) if both else 0)
        _check_storable(dataset, trained, config)
    tell("featurizing", 0, 0)
    features, unusable = _featurize(dataset, recipe)
    if len(unusable) == len(dataset):
        got = next(iter(unusable.values()))
        raise InputError(f"no {dataset.subject.noun} can be read by the model", where=dataset.source.get("file", "data"), got=got)
    splits = [_without(split, unusable) for split in splits]
    parts = [part[~np.isin(part, list(unusable))] for part in parts]
    for split in splits if unusable else []:
        _check_labels(dataset, split)
    if config.budget is not None:
        tell("trying out", 0, 0)
        seconds = config.seconds_allowed - (time.monotonic() - started)
        recipe = within_budget(recipe, dataset, features, splits, seconds, kept)
    searches: list[Search] = []
    if config.search is not None:
        recipe, searches = search_settings(recipe, dataset, features, splits[0], config.search, tell, kept)
    parts = parts if recipe.config.committee else []  # a budget may not be enough for one
    return Job(dataset, splits, recipe, features, parts, unusable | leaks, kept, tell, searches, config)


def _load(path: str | Path | Sequence[str | Path], config: TrainConfig) -> Dataset:
    targets = list(config.targets)
    if config.negatives is not None:
        if len(targets) > 1:
            raise ConfigError("negatives are the other class of one target", where="--negatives", got=", ".join(targets))
        if not config.tracks:
            targets = targets or [POSITIVE]
    table = open_labelled(
        path,
        labels=config.labels,
        joins=config.joins,
        negatives=config.negatives,
        target=targets[0] if targets else None,
        genome=config.genome,
        length=config.length,
        sample=config.sample,
        profiles=config.profiles,
        tracks=config.tracks,
        seed=config.seed,
    )
    units: Sequence[str] = config.units
    if isinstance(table, CountedTable):
        units = units or [*[""] * len(targets), *[COUNTS_UNIT] * len(table.strands)]
        targets += table.strands
    return load_dataset(
        table,
        targets=targets,
        smiles=config.smiles,
        sequence=config.sequence,
        alphabet=config.alphabet,
        ids=config.ids,
        kind=config.kind,
        directions=config.directions,
        units=units,
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
    if dataset.counts is not None:
        config = config.with_network_settings("sequence", _for_tracks(config.sequence_network, dataset.counts))
    return config


def _for_tracks(settings: SequenceConfig, counts: Counts) -> dict[str, Any]:
    """Return what is left open of a network of tracks: one that has a place for each letter, and sees most of a row from it."""
    steps = min(_MOST_STEPS, max(settings.steps, int(np.log2(counts.values.shape[2])) - 1))
    return {name: value for name, value in (("network", "bpnet"), ("steps", steps)) if name not in settings.model_fields_set}


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


def _divided(
    config: TrainConfig, asked: TrainConfig, ingredients: Ingredients, dataset: Dataset, split: Split
) -> tuple[TrainConfig, list[NDArray[np.int64]]]:
    """Return the parts of a committee, and the configuration: without one where labels are too few, if it was not asked for."""
    parts = committee_parts(dataset, split, config) if config.committee else []
    if parts or not config.committee:
        return config, parts
    if asked.committee:
        raise ConfigError("labels are too few for a committee", where="--committee", got=str(asked.committee))
    return sized(asked.model_copy(update={"committee": 0}), ingredients, len(dataset)), []


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
                remedy = "use another split, or more data"
                if dataset.conflicts:
                    remedy += f", or say with --replicates what becomes of the {len(dataset.conflicts)} labels that disagree"
                raise InputError("no labels", where=where, got=got, remedy=remedy)
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


def _featurize(dataset: Dataset, recipe: Recipe) -> tuple[dict[Featurizer, Any], dict[int, str]]:
    needed = dict.fromkeys([*recipe.ingredients.featurizers, *recipe.extra_trees, *recipe.own])
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
