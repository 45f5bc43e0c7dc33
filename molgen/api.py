"""The library calls behind the commands: one function a command, settings by keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from molgen.attribution.explain import explain
from molgen.attribution.result import Explanation
from molgen.bundle import Bundle
from molgen.card import inspect
from molgen.curation import AuditReport, SplitResult, audit, split_table
from molgen.data.counted import named_tracks
from molgen.data.dataset import Dataset
from molgen.data.labelled import GENERATED
from molgen.data.paths import expand_paths, named_file
from molgen.datasets import find_bundle
from molgen.effects import FoundMotif, ScanResult, TrackResult, VariantResult, find_motifs, predict_tracks, scan, variants
from molgen.errors import ConfigError
from molgen.featurization import FeaturizeResult, featurize
from molgen.preparation import PrepareResult, prepare
from molgen.screening.merge import merge
from molgen.screening.output import check_outputs, write_frame
from molgen.screening.screen import ScreenResult, screen
from molgen.screening.sift import FilterResult, filter_library
from molgen.search.diverse import DiverseResult, diverse
from molgen.search.match import MatchResult, match
from molgen.search.similar import SimilarResult, similar
from molgen.training.config import TrainConfig
from molgen.training.evaluate import Evaluation
from molgen.training.evaluate import evaluate as _evaluate
from molgen.training.pretraining import PretrainConfig, PretrainResult
from molgen.training.pretraining import pretrain as _pretrain
from molgen.training.run_config import read_toml
from molgen.training.scored import ScoreEvaluation, evaluate_scores
from molgen.training.train import CrossValidation, Progress, TrainResult
from molgen.training.train import cross_validate as _cross_validate
from molgen.training.train import train as _train

__all__ = [
    "AuditReport",
    "CrossValidation",
    "DiverseResult",
    "Evaluation",
    "Explanation",
    "FeaturizeResult",
    "FilterResult",
    "FoundMotif",
    "MatchResult",
    "PrepareResult",
    "PretrainResult",
    "ScanResult",
    "ScoreEvaluation",
    "ScreenResult",
    "SimilarResult",
    "SplitResult",
    "TrackResult",
    "TrainResult",
    "VariantResult",
    "audit",
    "cross_validate",
    "diverse",
    "evaluate",
    "evaluate_scores",
    "explain",
    "featurize",
    "filter_library",
    "find_motifs",
    "inspect",
    "match",
    "merge",
    "predict_tracks",
    "prepare",
    "pretrain",
    "scan",
    "screen",
    "similar",
    "split_table",
    "train",
    "variants",
]


def train(
    data: str | Path | Sequence[str | Path] | Dataset,
    output: str | Path | None = None,
    *,
    report: str | Path | None = None,
    target: str | Sequence[str] = (),
    config: str | Path | TrainConfig | None = None,
    checkpoint: str | Path | None = None,
    out_of_fold: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> TrainResult:
    """Train a model on a table of measured compounds, and save it as a bundle.

    Parameters
    ----------
    data
        A CSV, TSV, SMI, SD or Parquet file, plain or packed, or several with the same columns; patterns, and ``-`` for standard
        input, too. For a model of sequences also FASTA, FASTQ or GenBank files, or BED files with ``genome``. Or a data set that
        is loaded already.
    output
        The bundle file to write; nothing is written without it.
    report
        HTML file to write: the data, the metrics, plots of each task and the worst predictions.
    target
        Label column, or several.
    config
        A TOML file of settings, or a ready configuration.
    checkpoint
        A folder where the run is kept as it goes: after a kill the same call goes on from there, to the same result.
    out_of_fold
        With ``folds``: the table of out-of-fold predictions to write, CSV or Parquet.
    overwrite
        Replace outputs that exist.
    progress
        Told what is going on.
    settings
        Fields of :class:`~molgen.training.config.TrainConfig`, over those of ``config``.

    Returns
    -------
    TrainResult
        ``.bundle`` predicts; ``.metrics`` says how well, beside the baselines.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.
    InputError
        If the data cannot be used.

    Examples
    --------
    >>> result = molgen.train("esol.csv", "esol.molgen", target="logS")  # doctest: +SKIP
    >>> result.bundle.predict(["CCO"])  # doctest: +SKIP
    """
    resolved = _resolve(config, target, settings)
    if out_of_fold is not None and not resolved.folds:
        raise ConfigError("out-of-fold predictions need folds", got="folds not set", remedy="add --folds 5")
    check_outputs([output, out_of_fold, report], _files_read(data, config, resolved), overwrite=overwrite)
    result = _train(data, resolved, checkpoint=checkpoint, progress=progress)
    if out_of_fold is not None and result.cross_validation is not None:
        write_frame(result.cross_validation.table(), Path(out_of_fold))
    if output is not None:
        result.bundle.save(output, overwrite=overwrite)
    if report is not None:
        from molgen.training.report import write_training_report

        write_training_report(Path(report), result)
    return result


def cross_validate(
    data: str | Path | Sequence[str | Path] | Dataset,
    out_of_fold: str | Path | None = None,
    *,
    target: str | Sequence[str] = (),
    folds: int | None = None,
    config: str | Path | TrainConfig | None = None,
    checkpoint: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> CrossValidation:
    """Predict every compound by models that did not see it, and make no bundle; ``train(..., folds=5)`` makes one as well.

    Parameters
    ----------
    data, target, config, checkpoint, overwrite, progress, settings
        As for :func:`train`.
    out_of_fold
        Table of out-of-fold predictions to write: CSV, or Parquet if it ends in ``.parquet``.
    folds
        Number of folds, of the split that the settings name; the configuration's, or 5.

    Returns
    -------
    CrossValidation
        ``.summary()`` has mean and standard deviation over the folds; ``.table()`` the out-of-fold predictions.

    Examples
    --------
    >>> molgen.cross_validate("esol.csv", target="logS").summary()["model"]["logS"]["rmse"]  # doctest: +SKIP
    (0.72, 0.05)
    """
    if not isinstance(config, TrainConfig):
        known = read_toml(config).get("folds") if config is not None else None
        settings["folds"] = folds or known or 5
    elif folds is not None:
        settings["folds"] = folds
    resolved = _resolve(config, target, settings)
    check_outputs([out_of_fold], _files_read(data, config, resolved), overwrite=overwrite)
    validation = _cross_validate(data, resolved, checkpoint=checkpoint, progress=progress)
    if out_of_fold is not None:
        write_frame(validation.table(), Path(out_of_fold))
    return validation


def pretrain(
    library: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    config: str | Path | PretrainConfig | None = None,
    checkpoint: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> PretrainResult:
    """Train a graph network to tell the descriptors of compounds that nobody has measured; other networks start from it.

    Parameters
    ----------
    library
        One or several folders of prepared libraries that hold descriptors: ``prepare(..., store=[Descriptors()])``. They are
        held in memory, some 4 KB a compound.
    output
        The model file to write, for ``train(..., parent=...)``; nothing is written without it.
    config
        A TOML file of settings, or a ready configuration.
    checkpoint
        A folder where the run is kept after each epoch: after a kill the same call goes on from there, to the same result.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told what is going on.
    settings
        Fields of :class:`~molgen.training.pretraining.PretrainConfig`, over those of ``config``.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.
    InputError
        If the library is not prepared, holds no descriptors, or too few compounds.

    Examples
    --------
    >>> molgen.pretrain("library/", "encoder.molgen", graph={"epochs": 5})  # doctest: +SKIP
    """
    if not isinstance(config, PretrainConfig):
        layers = [read_toml(config)] if config is not None else []
        config = PretrainConfig.build(*layers, settings, where=str(config or "settings"))
    elif settings:
        raise ConfigError("a ready configuration takes no further settings", got=", ".join(settings))
    check_outputs([output], [*expand_paths(library)], overwrite=overwrite)
    result = _pretrain(library, config, checkpoint=checkpoint, progress=progress)
    if output is not None:
        result.bundle.save(output, overwrite=overwrite)
    return result


def _files_read(
    data: str | Path | Sequence[str | Path] | Dataset, config: str | Path | TrainConfig | None, resolved: TrainConfig
) -> list[str | Path]:
    """Return the files that a training run reads, which none of its outputs may be."""
    tables = [] if isinstance(data, Dataset) else expand_paths(data)
    alone = (resolved.labels, resolved.negatives, resolved.genome, resolved.gene_graph)
    tables += [Path(each) for each in alone if each and each not in GENERATED]
    tables += [named_file(each)[1] for each in (*resolved.joins, *resolved.profiles)]
    tables += chain(*named_tracks(resolved.tracks).values())
    models = [find_bundle(each) for each in (resolved.parent, resolved.pretrained) if each not in (None, "none")]
    return [*tables, *models, *([config] if isinstance(config, str | Path) else [])]


def _resolve(config: str | Path | TrainConfig | None, target: str | Sequence[str], settings: Mapping[str, Any]) -> TrainConfig:
    """Put a configuration together from a file, or a ready one, and settings."""
    targets = [target] if isinstance(target, str) else list(target)
    named = {"targets": targets} if targets else {}
    if isinstance(config, TrainConfig):
        if settings or named:
            raise ConfigError("a ready configuration takes no further settings", got=", ".join({**named, **settings}))
        return config
    layers = [read_toml(config)] if config is not None else []
    return TrainConfig.build(*layers, {**named, **settings}, where=str(config or "settings"))


def evaluate(
    data: str | Path | Sequence[str | Path],
    model: str | Path | Bundle,
    output: str | Path | None = None,
    *,
    targets: Mapping[str, str] | None = None,
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
    relations: Sequence[str] = (),
    convert: Mapping[str, str] | None = None,
    unit_columns: Sequence[str] = (),
    enrichment: bool = False,
    by: str | None = None,
    overwrite: bool = False,
) -> Evaluation:
    """Compare a bundle's predictions with measured values, and save them side by side.

    Parameters
    ----------
    data
        CSV, TSV, SMI, SD or Parquet file with labels, plain or packed, or several; patterns and ``-`` for standard input, too.
    model
        A bundle, or its file.
    output
        Table of measured and predicted values to write: CSV, or Parquet if it ends in ``.parquet``. Rows that were left out stand
        at its end, with the reason.
    targets
        Task -> label column; only these tasks are evaluated. Without it, every task that has a column of its name.
    smiles, sequence, ids
        Column names; guessed where the guess is unambiguous.
    labels, joins, negatives, genome, length, sample, profiles, tracks
        Where labels, further columns, the other class, letters of a genome, numbers of samples, and counts are, as for
        :func:`train`.
    relations
        Columns of ``=``, ``<`` and ``>`` that say which labels are limits, one for all evaluated tasks or one each.
    convert, unit_columns
        Task -> ``FROM:TO`` for a column that is in another unit than the task, and columns that say the unit of each row.
    enrichment
        Measure how early the ranking by each binary task finds its positives, with confidence intervals.
    by
        Measure the compounds of each word in this column by themselves, too; ``"domain"``: by similarity to the training compounds.
    overwrite
        Replace ``output`` if it exists.

    Returns
    -------
    Evaluation
        ``.metrics`` by task; ``.predictions``, one row a compound.

    Raises
    ------
    ConfigError
        If the model has no such task.
    InputError
        If the data cannot be used.

    Examples
    --------
    >>> molgen.evaluate("new.csv", "esol.molgen").metrics["logS"]["rmse"]  # doctest: +SKIP
    """
    alone = (model, labels, negatives, genome)
    inputs = [*expand_paths(data), *(each for each in alone if isinstance(each, str | Path) and each not in GENERATED)]
    inputs += [*(named_file(each)[1] for each in (*joins, *profiles)), *chain(*named_tracks(tracks).values())]
    check_outputs([output], inputs, overwrite=overwrite)
    evaluation = _evaluate(
        data,
        model,
        smiles=smiles,
        sequence=sequence,
        ids=ids,
        labels=labels,
        joins=joins,
        negatives=negatives,
        genome=genome,
        length=length,
        sample=sample,
        profiles=profiles,
        tracks=tracks,
        targets=targets,
        relations=relations,
        convert=convert,
        unit_columns=unit_columns,
        enrichment=enrichment,
        by=by,
    )
    if output is not None:
        write_frame(evaluation.table(), Path(output))
    return evaluation
