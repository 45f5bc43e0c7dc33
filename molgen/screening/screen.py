"""The main job: a library of any size through a bundle, to a table of scores, hits and a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from molgen.bundle import Bundle
from molgen.data.library import Library, open_library
from molgen.data.paths import expand_paths
from molgen.data.tasks import Task
from molgen.errors import ConfigError, InputError
from molgen.screening.output import TableWriter, check_outputs
from molgen.screening.ranking import TopHits
from molgen.screening.schema import OutputSchema, output_schema
from molgen.screening.summary import Summary
from molgen.screening.workers import score_blocks

__all__ = ["ScreenResult", "screen"]

#: Told how many rows are done, and about which share of the library that is.
Progress = Callable[[int, float], None]

_REPORT_HITS = 24


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
        Table to write: CSV, or Parquet if its name ends in ``.parquet``. One row an input row, in input order.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    columns
        Output columns to keep; what only others need is not computed.
    workers
        Processes.
    top
        Number of hits.
    hits
        Table to write the best rows to.
    report
        HTML file to write counts, distributions and the best structures to.
    rank_by
        Task whose direction ranks the hits; needed if there are several.
    strict
        Stop at the first row that cannot be scored.
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
    opened = open_library(paths, smiles=smiles, ids=ids)
    schema = output_schema(bundle.tasks, opened.extras, columns)
    task = _ranking_task(bundle, rank_by) if hits or report or rank_by else None
    scored = _needed(bundle, opened, schema, task, for_report=report is not None)
    summary = Summary()
    best = TopHits(task, top if hits else _REPORT_HITS, scored.arrow) if task else None
    with ExitStack() as stack:
        writer = stack.enter_context(TableWriter(targets[0], schema.arrow))
        for batch in score_blocks(opened.blocks(), bundle, str(model), scored, opened.extras, workers=workers):
            if strict:
                _refuse_bad_row(batch)
            summary.add(batch)
            if best:
                best.add(batch)
            writer.write(batch.select(schema.columns))
            if progress:
                progress(summary.rows, opened.share_read())
    found = best.table() if best else None
    if hits and found is not None:
        _write_hits(Path(hits), found.select(["rank", *schema.columns]))
    if report and found is not None and task is not None:
        from molgen.screening.report import write_report

        write_report(Path(report), bundle, summary, found.slice(0, _REPORT_HITS), task, paths)
    return ScreenResult(summary, found, Path(output), opened.notes)


def _write_hits(path: Path, hits: pa.Table) -> None:
    with TableWriter(path, hits.schema) as writer:
        for batch in hits.to_batches():
            writer.write(batch)


def _ranking_task(bundle: Bundle, name: str | None) -> Task:
    if name is None and len(bundle.tasks) == 1:
        return bundle.tasks[0]
    by_name = {task.name: task for task in bundle.tasks}
    if name not in by_name:
        raise ConfigError(
            "which task ranks the hits is not clear" if name is None else f"no task {name!r} to rank by",
            where="--rank-by",
            expected=f"one of {', '.join(by_name)}",
        )
    return by_name[name]


def _needed(bundle: Bundle, library: Library, schema: OutputSchema, task: Task | None, *, for_report: bool) -> OutputSchema:
    """Return the columns to compute: those to write, and those that counting, ranking and the report look at."""
    looked_at = ["row", "source", "status", "reason", "notes"]
    if task:
        looked_at += ["id", "smiles", task.name]
    if for_report:
        looked_at += output_schema(bundle.tasks, ()).scores
    columns = [*schema.columns, *looked_at]
    return output_schema(bundle.tasks, library.extras, columns)


def _refuse_bad_row(batch: pa.RecordBatch) -> None:
    statuses = batch.column("status").to_pylist()
    bad = next((at for at, status in enumerate(statuses) if status != "ok"), None)
    if bad is not None:
        row = batch.slice(bad, 1).to_pylist()[0]
        raise InputError(
            f"{row['status']}: {row['reason']}",
            where=f"{row['source']}, row {row['row']}",
            remedy="leave out --strict to go on past such rows",
        )
