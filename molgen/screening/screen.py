"""The main job: a library of any size through a bundle, to a table of scores, hits and a report.

Rows are scored into a folder of parts first (:mod:`molgen.screening.folder`), from which a killed run goes on; the outputs are
then made from all parts in order. So an undisturbed run, a resumed one and the shards of several machines write the same bytes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from molgen.bundle import Bundle
from molgen.data.library import AnyBlock, Library
from molgen.data.pairing import PairedLibrary
from molgen.data.paths import expand_paths
from molgen.data.tasks import Task, output_names, score_views
from molgen.datasets import find_bundle
from molgen.device import choose_device
from molgen.errors import ConfigError
from molgen.filters import Filter, Pipeline, resolve
from molgen.screening.cascade import Cascade
from molgen.screening.fill import Progress
from molgen.screening.folder import PartsFolder, parts_folder
from molgen.screening.gather import Outputs
from molgen.screening.hits import is_structures
from molgen.screening.manifest import Manifest, Shard, describe, file_sha256
from molgen.screening.objective import DESIRABILITY, Objective, read_objective
from molgen.screening.on_ray import check_engine, score_on_ray
from molgen.screening.output import check_outputs
from molgen.screening.reading import Reading, open_for, with_names
from molgen.screening.resume import finished_parts
from molgen.screening.schema import OutputSchema, output_schema
from molgen.screening.score import ScoredBlock, ScorePlan
from molgen.screening.summary import Summary
from molgen.screening.watchdog import RowLimits
from molgen.screening.workers import score_blocks

__all__ = ["ScreenResult", "ranking_task", "screen"]


@dataclass(slots=True)
class ScreenResult:
    """What a screen came to.

    Attributes
    ----------
    summary
        Counts by status and reason.
    hits
        The best rows, best first; ``None`` if none were asked for.
    output
        The table of scores.
    notes
        What was unusual about the input.
    """

    summary: Summary
    hits: pa.Table | None
    output: Path
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return all but the hits as plain data: ``output, notes``, and the counts of the summary."""
        return {"output": str(self.output), **self.summary.to_json(), "notes": self.notes}


def screen(
    library: str | Path | Sequence[str | Path],
    model: str | Path,
    output: str | Path,
    *,
    smiles: str | None = None,
    sequence: str | None = None,
    ids: str | None = None,
    protein: str | Path | Sequence[str | Path] = (),
    profiles: Sequence[str | Path] = (),
    genome: str | Path | None = None,
    length: int | None = None,
    columns: Sequence[str] | None = None,
    percentiles: bool = False,
    workers: int = 1,
    device: str = "cpu",
    top: int = 100,
    hits: str | Path | None = None,
    report: str | Path | None = None,
    rank_by: str | None = None,
    objective: str | Path | Objective | None = None,
    rescore: int | None = None,
    rescore_with: str | Path | None = None,
    filters: Iterable[str | Filter] = (),
    annotate: Iterable[str | Filter] = (),
    drop_duplicates: bool = False,
    row_timeout: float | None = None,
    row_memory: float | None = None,
    strict: bool = False,
    overwrite: bool = False,
    shard: str | None = None,
    restart: bool = False,
    engine: str = "processes",
    ray_address: str | None = None,
    progress: Progress | None = None,
) -> ScreenResult:
    """Score every row of a library.

    While it runs, what is done lies in a folder beside the output (``scores.csv.parts``). After a kill the same call goes on from
    there, to the same bytes; a folder of another call is refused. A library from a pipe cannot be read again, and starts anew.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed, or FASTA, FASTQ and GenBank files for a model of
        sequences; patterns and ``-`` for standard input, too.
    model
        A bundle file, or the name of a model that comes with the package.
    output
        Table to write: CSV, packed if its name ends in ``.gz``, or Parquet if it ends in ``.parquet``. One row an input row, in
        input order.
    smiles, sequence, ids
        Column names; guessed where the guess is unambiguous.
    protein
        FASTA or GenBank files, for a model of pairs: every molecule of the library is scored with each of their sequences, one row
        a pair, whose id is in the column ``protein``. Without it the library has a column of sequences itself.
    profiles
        Tables of what was measured of samples, for a model of responses: every molecule is scored with each sample, one row a pair,
        whose name is in the column ``sample``. See :func:`~molgen.data.profiles.read_profiles`.
    genome, length
        A FASTA or 2bit file: the library is BED files then, and rows are its intervals, or so many letters around their middle.
    columns
        Output columns to keep; what only others need is not computed.
    percentiles
        Add a column ``<task>_percentile``: where a prediction stands among those for the compounds that the model knows
        (approved drugs, for the models that come along), 0 to 100.
    workers
        Processes, or actors.
    device
        Where networks compute: ``"cpu"``, ``"cuda"``, ``"cuda:1"``; ``"auto"`` is a GPU where there is one. Several workers share
        it: while the rows of one are there, others read and featurize. What a GPU computes agrees with a CPU to the precision of
        float32, and is the same from run to run.
    top
        Number of hits; the report draws up to 100 of them.
    hits
        File to write the best rows to: a table, or structures if it ends in ``.sdf`` or ``.smi``; see
        :func:`~molgen.screening.hits.write_hits`.
    report
        HTML file to write counts, distributions and the best structures to.
    rank_by
        Task whose direction ranks the hits; needed if there are several. Of several classes the column of one, if training was
        not told which is positive.
    objective
        What is wanted of several properties, or the TOML file that says so (:func:`~molgen.screening.objective.read_objective`). It
        fills a last column ``desirability``, ranks the hits by it unless told otherwise, and gives them a ``pareto_rank``.
        Properties are columns of the output; filters and descriptors among them are computed.
    rescore, rescore_with
        A number of rows, and the bundle that scores so many of the best again: columns ``rescored_<task>`` and the like, which then
        rank the hits. How much of what that bundle alone would have chosen is kept so is measured on a sample, in the summary.
    filters
        Filters by name, with their settings after a colon (``"pains"``, ``"qed:min=0.6"``), or made already. The cheapest goes
        first; a row that one rejects is not looked at by the next, and not scored.
    annotate
        Filters that reject nothing, but each fill a column for the rows that are scored.
    drop_duplicates
        Whether a row of the same parent compound as an earlier row is filtered.
    row_timeout, row_memory
        Seconds, and MB of memory, that one row may take: a row that takes more gets the status ``timeout`` or ``too_large``, and
        the others their scores. 0 for no limit; by default 30 s and 4,000 MB with several workers or on Ray, and none with one
        worker, which is a process of its own if a limit is given.
    strict
        Stop at the first row that cannot be scored; a row that was filtered does not count as one.
    overwrite
        Replace files that exist.
    shard
        ``"3/8"`` scores the third eighth of the library alone, and leaves it in a folder (``scores.csv.shard-3-of-8``) for
        :func:`~molgen.screening.merge.merge`; no table, hits or report are written.
    restart
        Throw away what a call that was killed has left.
    engine
        ``"processes"`` of this machine, or ``"ray"``: actors on the nodes of a Ray cluster, with the usual limits of a row. The
        output is the same.
    ray_address
        The cluster's; by default that of ``RAY_ADDRESS``, one that runs on this machine, or one of its own.
    progress
        Told how many rows are done, and about which share of the library that is.

    Raises
    ------
    InputError, ConfigError, BundleError
        Before any row is scored, if the call cannot succeed; later if a file turns out to be damaged.
    MissingExtraError
        If the engine is not installed.
    """
    paths, model = expand_paths(library), find_bundle(model)
    turn = None if shard is None else Shard.parse(shard)
    if turn and (hits or report or rescore or rescore_with):
        raise ConfigError("a shard has no hits, no report and no cascade", where="--shard", remedy="ask molgen merge for them")
    folder_path = parts_folder(Path(output), shard)
    # A run that was killed while it put its outputs into place finds some of them there.
    overwrite = overwrite or bool(turn) or PartsFolder(folder_path).finishing
    reading = Reading(smiles, sequence, ids, protein, profiles, genome, length)
    read = (*paths, *reading.files, model, rescore_with, objective if isinstance(objective, str | Path) else None)
    targets = check_outputs((output, hits, report), read, overwrite=overwrite)
    if workers < 1 or top < 1:
        raise ConfigError("workers and top must be at least 1", got=f"workers {workers}, top {top}")
    check_engine(engine, ray_address)
    placed = str(choose_device(device))
    if engine == "ray" and placed != "cpu":
        raise ConfigError("the engine ray computes on CPUs", where="device", got=device, remedy="leave out --device")
    limits = None if row_timeout is None and row_memory is None else RowLimits.asked(row_timeout, row_memory)
    bundle = Bundle.load(model)
    about = bundle.subject.about
    if hits is not None and about == "sequence" and is_structures(Path(hits)):
        raise ConfigError("sequences have no structures", where="--hits", got=str(hits), remedy="name a table, such as hits.csv")
    opened, as_read = open_for(bundle, paths, reading)
    wishes = read_objective(objective) if isinstance(objective, str | Path) else objective
    pipeline = Pipeline(resolve(filters), _annotations(resolve(annotate), bundle, opened, wishes))
    if about != "smiles" and (pipeline.filters or pipeline.annotations):
        got = [*pipeline.filters, *pipeline.annotations][0].name
        raise ConfigError(f"filters look at molecules, and the model at {bundle.subject.noun}s", got=got)
    ranks = _percentile_columns(bundle, columns, asked=percentiles)
    if columns is None and isinstance(opened, PairedLibrary):
        columns = with_names(bundle, output_schema(bundle.tasks, opened.extras, percentiles=ranks, about=about).columns)
    schema = output_schema(bundle.tasks, opened.extras, columns, annotations=pipeline.columns, percentiles=ranks, about=about)
    task = ranking_task(bundle, rank_by, wishes) if hits or report or rank_by or rescore else None
    cascade = make_cascade(rescore, rescore_with, rank_by, bundle, workers, limits, placed)
    ranked = [view.name for each in bundle.tasks for view in score_views(each)] if turn else [task.name] if task else []
    ranked = [*(name for name in ranked if name != DESIRABILITY.name), *(wishes.wishes if wishes else ())]
    scored = _needed(bundle, opened, schema, ranked, pipeline, for_report=report is not None)
    plan = ScorePlan(scored, opened.extras, pipeline.filling(scored.annotations), drop_duplicates, placed)
    run = {
        "columns": schema.columns,
        "computed": [(field.name, str(field.type)) for field in scored.arrow],
        "emptied": plan.emptied,
        **as_read,
        "filters": [each.spec() for each in pipeline.filters],
        "annotated": list(pipeline.columns),
        "annotations": [each.spec() for each in pipeline.annotations],
        "files": {path: file_sha256(path) for each in (*pipeline.filters, *pipeline.annotations) for path in each.files},
        "drop_duplicates": drop_duplicates,
        "row_limits": [row_timeout, row_memory],
        "device": placed.partition(":")[0],
    }
    manifest = Manifest(describe(opened.fingerprint(), file_sha256(model), run), str(model), turn or Shard())

    def score(blocks: Iterable[AnyBlock]) -> Generator[ScoredBlock]:
        if engine == "ray":
            return score_on_ray(blocks, str(model), plan, workers=workers, limits=limits, address=ray_address)
        return score_blocks(blocks, bundle, str(model), plan, workers=workers, limits=limits)

    with finished_parts(folder_path, manifest, opened, score, restart=restart, strict=strict, progress=progress) as finished:
        folder, results, end = finished
        if turn:
            return ScreenResult(results.write(Outputs(strict=strict))[0], None, folder.path, end.notes)
        folder.finish(targets[0])
        asked = Outputs(targets[0], _path(hits), _path(report), top, task, strict, wishes, cascade)
        summary, found = results.write(asked, bundle, [str(path) for path in paths], list(pipeline.columns))
        folder.remove()
    return ScreenResult(summary, found, Path(output), end.notes)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def make_cascade(
    rows: int | None,
    model: str | Path | None,
    rank_by: str | None,
    first: Bundle,
    workers: int = 1,
    limits: RowLimits | None = None,
    device: str = "cpu",
) -> Cascade | None:
    """Return what scores the best rows again, if that is asked for.

    Raises
    ------
    ConfigError
        If a model is named without a number of rows or the other way round, or the model reads columns beside the structure.
    """
    if rows is None and model is None:
        return None
    if rows is None or model is None or rows < 1:
        given = f"rescore {rows}, rescore_with {model}"
        raise ConfigError("a cascade needs a number of rows and a model", expected="--rescore ROWS --with MODEL", got=given)
    bundle = Bundle.load(model)
    if bundle.columns:
        raise ConfigError("a model that reads columns beside the structure cannot rescore", where=str(model))
    if len(bundle.subject.columns) > 1:
        raise ConfigError("pairs are not scored in two rounds", where="--rescore")
    if bundle.subject.kind != first.subject.kind:
        expected, got = f"a model of {first.subject.noun}s", f"one of {bundle.subject.noun}s"
        raise ConfigError("a model of something else cannot rescore", where=str(model), expected=expected, got=got)
    about = bundle.subject.about
    schema = output_schema(bundle.tasks, (), about=about)
    needed = output_schema(bundle.tasks, (), [name for name in schema.columns if name != "domain"], about=about)
    plan = ScorePlan(needed, [], Pipeline(), device=device)

    def score(blocks: Iterable[AnyBlock]) -> Generator[ScoredBlock]:
        return score_blocks(blocks, bundle, str(model), plan, workers=workers, limits=limits)

    names = {name for task in bundle.tasks for name in output_names(task)}
    return Cascade(ranking_task(bundle, rank_by if rank_by in names else None), rows, schema, score, about)


def _annotations(asked: list[Filter], bundle: Bundle, library: Library, wishes: Objective | None) -> list[Filter]:
    """Return the filters that fill a column: those asked for, and those that an objective needs."""
    if wishes is None:
        return asked
    there = output_schema(bundle.tasks, library.extras, annotations={each.column: each.column_type for each in asked}).columns
    if DESIRABILITY.name in there:
        raise ConfigError(f"the output has a column {DESIRABILITY.name!r} already", where="--objective")
    return [*asked, *wishes.annotations(there)]


def ranking_task(bundle: Bundle, name: str | None, wishes: Objective | None = None) -> Task:
    """Return what ranks the hits: the desirability, the task, or the column of a class, of that name, or the only one.

    Raises
    ------
    ConfigError
        If there is none of that name, or no name and several to choose from.
    """
    if wishes is not None and name in (None, DESIRABILITY.name):
        return DESIRABILITY
    # Of several classes the probability of one ranks: the column's name says which, or the task does.
    by_name = {view.name: view for task in bundle.tasks for view in score_views(task)}
    by_name |= {task.name: view for task in bundle.tasks for view in score_views(task) if view.positive == task.positive != ""}
    if name is None and len(bundle.tasks) == 1:
        name = bundle.tasks[0].name if bundle.tasks[0].name in by_name else None
    if name not in by_name:
        raise ConfigError(
            "which task ranks the hits is not clear" if name is None else f"no task {name!r} to rank by",
            where="--rank-by",
            expected=f"one of {', '.join(by_name)}",
        )
    return by_name[name]


def _needed(
    bundle: Bundle, library: Library, schema: OutputSchema, ranked: Sequence[str], pipeline: Pipeline, *, for_report: bool
) -> OutputSchema:
    """Return the columns to compute: those to write, and those that counting, ranking and the report look at."""
    looked_at = ["row", "source", "status", "reason", "notes"]
    if ranked:
        looked_at += ["id", *bundle.subject.columns, *ranked]
    if for_report:
        looked_at += [*output_schema(bundle.tasks, (), about=bundle.subject.about).scores, *pipeline.columns]
    columns = [*schema.columns, *looked_at]
    ranks = [name for name in schema.columns if name in bundle.percentile_columns]
    about = bundle.subject.about
    return output_schema(bundle.tasks, library.extras, columns, annotations=pipeline.columns, percentiles=ranks, about=about)


def _percentile_columns(bundle: Bundle, columns: Sequence[str] | None, *, asked: bool) -> list[str]:
    """Return the columns of percentiles to write: all if they are asked for, else those named among the columns."""
    there = bundle.percentile_columns
    if asked and not there:
        remedy = "train it with --percentiles-of LIBRARY"
        raise ConfigError("the model knows no compounds to compare predictions with", where="--percentiles", remedy=remedy)
    if columns is None:
        return there if asked else []
    named = [name for name in there if name in columns]
    if asked and not named:
        expected = f"columns such as {there[0]} among those that are named"
        raise ConfigError(
            "no column of percentiles is named", where="--columns", expected=expected, remedy="or leave out --percentiles"
        )
    return named
