"""The main job: a library of any size through a bundle, to a table of scores, hits and a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from molgen.bundle import Bundle
from molgen.data.library import Library, open_library
from molgen.data.paths import expand_paths
from molgen.data.tasks import Task, score_views
from molgen.errors import ConfigError
from molgen.filters import Filter, Pipeline, resolve
from molgen.screening.hits import write_hits
from molgen.screening.output import TableWriter, check_outputs
from molgen.screening.ranking import TopHits
from molgen.screening.schema import OutputSchema, output_schema
from molgen.screening.score import ScorePlan, refuse_bad_row
from molgen.screening.summary import Summary
from molgen.screening.workers import score_blocks

__all__ = ["ScreenResult", "screen"]

#: Told how many rows are done, and about which share of the library that is.
Progress = Callable[[int, float], None]

#: Structures that a report draws at most.
_REPORT_HITS = 100


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
    ids: str | None = None,
    columns: Sequence[str] | None = None,
    workers: int = 1,
    top: int = 100,
    hits: str | Path | None = None,
    report: str | Path | None = None,
    rank_by: str | None = None,
    filters: Iterable[str | Filter] = (),
    annotate: Iterable[str | Filter] = (),
    drop_duplicates: bool = False,
    strict: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ScreenResult:
    """Score every row of a library.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns and ``-`` for standard input, too.
    model
        A bundle file.
    output
        Table to write: CSV, packed if its name ends in ``.gz``, or Parquet if it ends in ``.parquet``. One row an input row, in
        input order.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    columns
        Output columns to keep; what only others need is not computed.
    workers
        Processes.
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
    filters
        Filters by name, with their settings after a colon (``"pains"``, ``"qed:min=0.6"``), or made already. The cheapest goes
        first; a row that one rejects is not looked at by the next, and not scored.
    annotate
        Filters that reject nothing, but each fill a column for the rows that are scored.
    drop_duplicates
        Whether a row of the same parent compound as an earlier row is filtered.
    strict
        Stop at the first row that cannot be scored; a row that was filtered does not count as one.
    overwrite
        Replace files that exist.
    progress
        Told how many rows are done, and about which share of the library that is.

    Raises
    ------
    InputError, ConfigError, BundleError
        Before any row is scored, if the call cannot succeed; later if a file turns out to be damaged.
    """
    paths = expand_paths(library)
    targets = check_outputs((output, hits, report), (*paths, model), overwrite=overwrite)
    if workers < 1 or top < 1:
        raise ConfigError("workers and top must be at least 1", got=f"workers {workers}, top {top}")
    bundle = Bundle.load(model)
    opened = open_library(paths, smiles=smiles, ids=ids, needed=bundle.columns)
    pipeline = Pipeline(resolve(filters), resolve(annotate))
    schema = output_schema(bundle.tasks, opened.extras, columns, annotations=pipeline.columns)
    task = _ranking_task(bundle, rank_by) if hits or report or rank_by else None
    scored = _needed(bundle, opened, schema, task, pipeline, for_report=report is not None)
    plan = ScorePlan(scored, opened.extras, pipeline.filling(scored.annotations), drop_duplicates)
    summary = Summary()
    best = TopHits(task, top if hits else min(top, _REPORT_HITS), scored.arrow) if task else None
    with ExitStack() as stack:
        writer = stack.enter_context(TableWriter(targets[0], schema.arrow))
        for block in score_blocks(opened.blocks(), bundle, str(model), plan, workers=workers):
            batch = block.batch
            if strict:
                refuse_bad_row(batch)
            summary.add(batch, block.stages)
            if best:
                best.add(batch)
            writer.write(batch.select(schema.columns))
            if progress:
                progress(summary.rows, opened.share_read())
    found = best.table() if best else None
    if hits and found is not None:
        write_hits(Path(hits), found, ["rank", *schema.columns], bundle.read)
    if report and found is not None and task is not None:
        from molgen.screening.report import write_report

        write_report(Path(report), bundle, summary, found.slice(0, _REPORT_HITS), task, paths, annotations=list(pipeline.columns))
    return ScreenResult(summary, found, Path(output), opened.notes)


def _ranking_task(bundle: Bundle, name: str | None) -> Task:
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
    bundle: Bundle, library: Library, schema: OutputSchema, task: Task | None, pipeline: Pipeline, *, for_report: bool
) -> OutputSchema:
    """Return the columns to compute: those to write, and those that counting, ranking and the report look at."""
    looked_at = ["row", "source", "status", "reason", "notes"]
    if task:
        looked_at += ["id", "smiles", task.name]
    if for_report:
        looked_at += [*output_schema(bundle.tasks, ()).scores, *pipeline.columns]
    columns = [*schema.columns, *looked_at]
    return output_schema(bundle.tasks, library.extras, columns, annotations=pipeline.columns)
