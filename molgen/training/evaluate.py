"""How well a bundle predicts a table of measured compounds it has not seen."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.data.columns import find_column
from molgen.data.counts import Counts, strand_names
from molgen.data.dataset import Dataset, load_dataset
from molgen.data.labelled import open_labelled
from molgen.data.targets import Targets
from molgen.data.tasks import Task, output_names
from molgen.errors import ConfigError, InputError
from molgen.plain import plain
from molgen.training.assemble import sides_of
from molgen.training.enrichment import Enrichment
from molgen.training.enrichment import enrichment as measure_enrichment
from molgen.training.metrics import correlations, task_metrics
from molgen.training.tracks import track_metrics

__all__ = ["Evaluation", "evaluate"]

#: The column of similarities to the training compounds, and where its ranges end.
_DOMAIN = "domain"
_SIMILARITY_EDGES = (0.3, 0.4, 0.5, 0.7)
_MAX_GROUPS = 50


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    metrics
        Task -> measure -> value; for regression also ``coverage``, the share of labels within the interval.
    predictions
        One row a compound: ``id, smiles, reason`` (why it has no prediction, or empty), for each task its label
        (``<task>_measured``, behind ``<task>_relation`` if some are limits), prediction and interval, and ``domain``, the
        similarity to the training compounds.
    dataset
        The compounds, with what was left out and why.
    unscored
        Row of ``predictions`` -> why the model refused it; such rows are not in the metrics.
    notes
        What has to be known to read the metrics.
    enrichment
        Binary task -> measure -> value and confidence interval, if asked for; see :func:`~molgen.training.enrichment.enrichment`.
    groups
        Group of compounds -> task -> measure -> value, if they were asked for.
    tracks
        Track -> measure -> value, where counts were given: how well it is predicted where they are.
    """

    metrics: dict[str, dict[str, float]]
    predictions: pd.DataFrame
    dataset: Dataset
    unscored: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    enrichment: dict[str, dict[str, Enrichment]] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    tracks: dict[str, dict[str, float]] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return ``predictions``, and behind them a row for each row of the data that was left out, with the reason."""
        if not self.dataset.dropped:
            return self.predictions
        left_out = pd.DataFrame({"reason": [f"line {line}: {reason}" for line, reason in self.dataset.dropped]})
        return pd.concat([self.predictions, left_out], ignore_index=True)

    def to_json(self) -> dict[str, Any]:
        """Return all but the predictions as plain data; a measure that does not exist is ``None``."""
        return {
            "metrics": plain(self.metrics),
            **({"groups": plain(self.groups)} if self.groups else {}),
            **({"tracks": plain(self.tracks)} if self.tracks else {}),
            **({"enrichment": self._plain_enrichment()} if self.enrichment else {}),
            "compounds": len(self.dataset),
            "left_out": [{"line": line, "reason": reason} for line, reason in self.dataset.dropped],
            "labels_not_read": [{"line": line, "reason": reason} for line, reason in self.dataset.problems],
            "not_scored": [{"id": self.dataset.ids[row], "reason": reason} for row, reason in self.unscored.items()],
            "notes": self.notes,
        }

    def _plain_enrichment(self) -> Any:
        return plain({task: {name: each._asdict() for name, each in found.items()} for task, found in self.enrichment.items()})


def evaluate(
    data: str | Path | Sequence[str | Path],
    model: str | Path | Bundle,
    *,
    smiles: str | None = None,
    sequence: str | None = None,
    ids: str | None = None,
    labels: str | None = None,
    joins: Sequence[str] = (),
    negatives: str | None = None,
    genome: str | None = None,
    length: int | None = None,
    sample: str | None = None,
    profiles: Sequence[str] = (),
    tracks: Sequence[str] = (),
    targets: Mapping[str, str] | None = None,
    relations: Sequence[str] = (),
    convert: Mapping[str, str] | None = None,
    unit_columns: Sequence[str] = (),
    enrichment: bool = False,
    by: str | None = None,
) -> Evaluation:
    """Compare a bundle's predictions with measured values.

    Parameters
    ----------
    data
        CSV, TSV, SMI, SD or Parquet file with labels, or several; patterns and ``-`` for standard input, too. For a model of
        sequences also FASTA, FASTQ or GenBank files, or BED files with ``genome``.
    model
        A bundle, or its file.
    smiles, sequence, ids
        Column names; guessed where the guess is unambiguous.
    labels, joins, negatives, genome, length, sample, profiles, tracks
        Where labels, further columns, the other class of a model's only task, letters, numbers of samples, and counts are; see
        :func:`~molgen.data.labelled.open_labelled`. The length is that of training where nothing is said.
    targets
        Task -> label column; only these tasks are evaluated. Without it, every task that has a column of its name.
    relations
        Columns of ``=``, ``<`` and ``>``, one for all these tasks or one each.
    convert
        Task -> ``FROM:TO``, for a column that is not in the task's unit. A column of the name that the training labels were
        converted from is converted in the same way.
    unit_columns
        Columns of the labels' units, one for all these tasks or one each.
    enrichment
        Measure how early the ranking by each binary task finds its positives, too.
    by
        Measure the compounds of each word in this column by themselves, too; with ``"domain"``, where the table has no such
        column, those of each range of similarity to the training compounds.

    Raises
    ------
    ConfigError
        If the model has no such task, or no binary task for enrichment.
    InputError
        If a column is missing, or a label is of another kind than the task.
    """
    bundle = model if isinstance(model, Bundle) else Bundle.load(model)
    notes: list[str] = []
    classes = [task.name for task in bundle.tasks if task.name not in bundle.tracks]
    if negatives is not None and len(classes) != 1 and not (bundle.tracks and not classes):
        got = ", ".join(classes)
        raise ConfigError("negatives are the other class of one task", where="--negatives", expected="a model of one", got=got)
    own = getattr(bundle.subject, "length", None) if genome is not None else None
    if tracks and own is not None and length not in (None, own):
        raise ConfigError("windows are as long as those of training", where="--length", expected=str(own), got=str(length))
    table = open_labelled(
        data,
        labels=labels,
        joins=joins,
        negatives=negatives,
        target=classes[0] if classes else None,
        genome=genome,
        length=length or own,
        sample=sample,
        profiles=profiles,
        tracks=tracks,
    )
    wanted = _choose(bundle.tasks, targets, table.columns, table.name, notes, bundle.tracks)
    binary = {at: task.name for at, task in enumerate(wanted) if enrichment and task.kind == "binary"}
    if enrichment and not binary:
        got = ", ".join(f"{task.name}: {task.kind}" for task in wanted)
        raise ConfigError("enrichment needs a task of two classes", where="--enrichment", expected="a binary task", got=got)
    by_similarity = by == _DOMAIN and not {_DOMAIN}.intersection(name.strip().casefold() for name in table.columns)
    grouped_by = None if by is None or by_similarity else find_column(table.columns, by, flag="--by", where=table.name)
    dataset = load_dataset(
        table,
        targets=list(wanted.values()),
        smiles=smiles,
        sequence=sequence,
        ids=ids,
        tasks=list(wanted),
        relations=relations,
        convert=_conversions(wanted, convert or {}, notes),
        unit_columns=unit_columns,
        features=bundle.columns,
        extra_columns=[] if grouped_by is None else [grouped_by],
        subject=bundle.subject,
    )
    _note_classes(dataset, wanted, notes)
    rows_of = {} if grouped_by is None else _rows_by_word([word.strip() for word in dataset.columns[grouped_by]], grouped_by)
    if dataset.source.get("sha256") == _trained_on(bundle):
        notes.append("the model was trained on this very table: the metrics say nothing about new compounds")
    scores = bundle.score(dataset.items, dict(zip(bundle.columns, dataset.numbers.values(), strict=True)))
    columns = bundle.named_columns(scores)
    half_widths = {task: calibration.half_width for task, calibration in zip(bundle.tasks, bundle.calibration, strict=True)}
    chosen = {task: half_widths[task] for task in wanted}
    metrics = _measure_all(chosen, columns, dataset.labels)
    sides = sides_of(dataset)
    for at, task in enumerate(chosen):
        metrics[task.name] |= correlations(task, columns[task.name], dataset.labels.of_task(at), sides)
    if by_similarity:
        rows_of = _rows_by_word(_similarity_words(columns[_DOMAIN]), _DOMAIN)
    groups = {
        name: _measure_all(chosen, {key: values[rows] for key, values in columns.items()}, dataset.labels.take(rows))
        for name, rows in rows_of.items()
    }
    early = {name: measure_enrichment(dataset.labels.of_task(at).values, columns[name]) for at, name in binary.items()}
    predictions = _table(dataset, list(wanted), columns, scores.errors)
    where = _measure_places(bundle, dataset)
    return Evaluation(metrics, predictions, dataset, scores.errors, notes, early, groups, where)


def _measure_places(bundle: Bundle, dataset: Dataset) -> dict[str, dict[str, float]]:
    """Return how well it is predicted where counts are, if there are any."""
    if dataset.counts is None:
        return {}
    counts, known = dataset.counts, bundle.tracks
    if not counts.strands.items() <= known.items():
        expected, got = (", ".join(strand_names(strands)) or "none" for strands in (known, counts.strands))
        raise ConfigError("the model predicts other tracks", where="--track", expected=expected, got=got)
    shares = Counts(known, bundle.expected_shares(dataset.items))
    return track_metrics(shares.named(counts.strands).values, counts)


def _choose(
    tasks: Sequence[Task],
    targets: Mapping[str, str] | None,
    columns: Sequence[str],
    where: str,
    notes: list[str],
    tracks: Collection[str],
) -> dict[Task, str]:
    """Return the label column of each task to evaluate."""
    by_name = {task.name: task for task in tasks}
    if targets:
        for name in targets:
            if name not in by_name:
                raise ConfigError(f"the model has no task {name!r}", expected=f"one of {', '.join(map(repr, by_name))}")
        return {by_name[name]: _find(columns, column, name, where) for name, column in targets.items()}
    there = {name.strip().casefold() for name in columns}
    # A column of the task's name is in its unit; one of the name that training converted from is not yet.
    names = {name: [own for own in (name, task.column) if own.strip().casefold() in there] for name, task in by_name.items()}
    missing = [name for name, own in names.items() if not own]
    if len(missing) == len(by_name) and missing[0] in tracks:
        raise InputError(f"nothing was counted for {missing[0]!r}", where=where, remedy=f"say --track {missing[0]}=FILE")
    if len(missing) == len(by_name):
        _find(columns, missing[0], missing[0], where)
    if missing:
        notes.append(f"not evaluated, for want of a column of that name: {', '.join(missing)}")
    return {task: _find(columns, names[name][0], name, where) for name, task in by_name.items() if name not in missing}


def _conversions(wanted: Mapping[Task, str], given: Mapping[str, str], notes: list[str]) -> dict[str, str]:
    """Return how each column is converted."""
    by_name = {task.name: task for task in wanted}
    for name in given:
        if name not in by_name:
            raise ConfigError(f"no task {name!r} to convert", where="--convert", expected=f"one of {', '.join(by_name)}")
    found = {column: given[task.name] for task, column in wanted.items() if task.name in given}
    for task, column in wanted.items():
        same = task.column and column.strip().casefold() == task.column.strip().casefold()
        if same and column not in found:
            found[column] = task.conversion
            notes.append(f"{column} is converted to {task.name} as in training: {task.conversion}")
    return found


def _find(columns: Sequence[str], wanted: str, task: str, where: str) -> str:
    flag = f"--target {task}="
    try:
        return find_column(columns, wanted, flag=flag, where=where)
    except InputError as error:
        # A column goes with its task here: no blank between the flag and the name.
        remedy = (error.remedy or "").replace(f"{flag} ", flag)
        raise InputError(error.what, where=error.where, expected=error.expected, got=error.got, remedy=remedy) from None


def _note_classes(dataset: Dataset, wanted: Iterable[Task], notes: list[str]) -> None:
    for task, found in zip(wanted, dataset.tasks, strict=True):
        words = {task.positive.casefold(), found.positive.casefold()} - {"", "1"}
        if len(words) == 2:
            notes.append(f"{task.name}: positive was {task.positive!r} in training and is {found.positive!r} here")


def _trained_on(bundle: Bundle) -> object:
    data = bundle.card.get("data") if isinstance(bundle.card, dict) else None
    # A card that does not say is told from a table that does not.
    return data.get("sha256", False) if isinstance(data, dict) else False


def _measure_all(
    half_widths: Mapping[Task, float], columns: Mapping[str, NDArray[Any]], targets: Targets
) -> dict[str, dict[str, float]]:
    return {
        task.name: _measure(task, half_width, columns, targets.of_task(at))
        for at, (task, half_width) in enumerate(half_widths.items())
    }


def _rows_by_word(words: Sequence[str], by: str) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each word, named for a table of figures; the words in order, numbers by size."""
    distinct = sorted(set(words), key=lambda word: (*_as_number(word), word))
    if len(distinct) > _MAX_GROUPS:
        got = f"{len(distinct):,}: {', '.join(map(repr, distinct[:3]))} ..."
        raise ConfigError("too many groups", where=f"column {by!r}", expected=f"at most {_MAX_GROUPS} words", got=got)
    given = np.array(words, dtype=object)
    return {f"{by} {word}" if word else f"no {by}": np.flatnonzero(given == word) for word in distinct}


def _as_number(word: str) -> tuple[bool, float]:
    try:
        number = float(word)
    except ValueError:
        return True, 0.0
    return not np.isfinite(number), number if np.isfinite(number) else 0.0


def _similarity_words(similarity: NDArray[np.float32]) -> list[str]:
    """Name the range that each similarity to the training compounds is in."""
    edges = (0.0, *_SIMILARITY_EDGES, 1.0)
    names = [f"{low:.1f} to {high:.1f}" for low, high in itertools.pairwise(edges)]
    places = np.searchsorted(_SIMILARITY_EDGES, similarity, side="right")
    return ["" if np.isnan(each) else names[place] for each, place in zip(similarity, places, strict=True)]


def _measure(task: Task, half_width: float, columns: Mapping[str, NDArray[np.float64]], targets: Targets) -> dict[str, float]:
    names = output_names(task)
    predicted = np.column_stack([columns[name] for name in names[1:]]) if task.width > 1 else columns[task.name]
    return task_metrics(task, predicted, targets.values, targets.bounds, half_width=half_width)


def _table(
    dataset: Dataset, tasks: Sequence[Task], columns: Mapping[str, NDArray[np.float64]], unscored: Mapping[int, str]
) -> pd.DataFrame:
    reasons = [unscored.get(row, "") for row in range(len(dataset))]
    table: dict[str, object] = {"id": dataset.ids, **dataset.subject.named(dataset.texts), "reason": reasons}
    for at, task in enumerate(tasks):
        labels = dataset.labels.of_task(at)
        if labels.bounds.any():
            table[f"{task.name}_relation"] = np.choose(labels.bounds + 1, ["<", "", ">"])
        measured: Any = labels.values
        if task.kind == "multiclass":
            measured = [None if np.isnan(code) else task.classes[int(code)] for code in labels.values]
        table[f"{task.name}_measured"] = measured
        table |= {name: columns[name] for name in output_names(task)}
    return pd.DataFrame(table | {"domain": columns["domain"]})
