"""Tables and progress on a terminal; plain lines, and no progress, in a pipe."""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from molgen.screening.cascade import Recall
    from molgen.screening.screen import ScreenResult
    from molgen.screening.summary import Summary
    from molgen.search.reading import Tally

__all__ = [
    "print_counts",
    "print_curve",
    "print_folds",
    "print_funnel",
    "print_json",
    "print_metrics",
    "print_recall",
    "print_screen",
    "print_table",
    "print_tally",
    "row_progress",
    "stage_progress",
    "told",
]


class Result(Protocol):
    """What a library call came to, as commands tell it."""

    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        ...


def print_json(value: Any) -> None:
    """Print a result for a program to read."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns; the first is text, the others numbers."""
    table = [list(columns), *[list(row) for row in rows]]
    widths = [max(len(row[at]) for row in table) for at in range(len(columns))]
    for row in table:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        click.echo("  " + "  ".join(cells).rstrip())


def told(result: Result, *, as_json: bool) -> bool:
    """Print the notes of a result on stderr and, if asked for, the result as JSON; return whether that is all there is to say."""
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json(result.to_json())
    return as_json


def print_counts(rows: int, statuses: Counter[str], *, ok: str = "ok") -> None:
    """Print how many rows there were, and of which status; ``ok`` is the word for those that are."""
    counts = ", ".join(f"{n:,} {ok if status == 'ok' else status}" for status, n in statuses.most_common())
    click.echo(f"{rows:,} rows: {counts or 'the library is empty'}")


def print_funnel(summary: Summary) -> None:
    """Print what each stage of a screen did and cost, and what the filters saved."""
    stages = summary.funnel.values()
    click.echo("\nFunnel (microseconds of CPU time a row)")
    columns = ["stage", "rows in", "rejected", "us a row"]
    print_table(columns, [[each.name, f"{each.rows:,}", f"{each.rejected:,}", f"{each.microseconds:,.0f}"] for each in stages])
    if summary.seconds_saved:
        saved, spent = summary.seconds_saved, summary.seconds_filtering
        click.echo(f"The filters took {spent:.1f} s of CPU time and saved about {saved:.1f} s of prediction.")


def print_screen(
    result: ScreenResult, hits: str | None, report: str | None, *, as_json: bool = False, funnel: bool = False
) -> None:
    """Print what a screen came to, and which files it wrote."""
    if told(result, as_json=as_json):
        return
    summary = result.summary
    print_counts(summary.rows, summary.statuses)
    for (status, reason), n in summary.reasons.most_common(10):
        click.echo(f"  {n:,} {status}: {reason}")
    if funnel:
        print_funnel(summary)
    if summary.recall:
        print_recall(summary.recall)
    click.echo(f"Scores written to {result.output}")
    for what, path in (("Hits", hits), ("Report", report)):
        if path:
            click.echo(f"{what} written to {path}")


def print_recall(recall: Recall) -> None:
    """Print how much of a full model's choice a cascade keeps."""
    correlation = f"; on a sample of {recall.sample:,} both models correlate by {recall.correlation:.2f}"
    click.echo(f"{recall.rescored:,} rows were rescored{correlation}")
    for share, rows, kept, low, high in recall.kept:
        click.echo(f"  of the full model's best {share:.0%}, {kept} of {rows} were let through ({low:.0%} to {high:.0%})")


def print_tally(tally: Tally) -> None:
    """Print how many rows were read, and why some could not be."""
    print_counts(tally.rows, tally.statuses, ok="read")
    for reason, n in tally.reasons.most_common(10):
        click.echo(f"  {n:,} {reason}")


def print_metrics(title: str, by_predictor: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Print a table for each task: one predictor a row, one measure a column."""
    tasks = list(next(iter(by_predictor.values())))
    for task in tasks:
        measures = _measures(by_predictor, task)
        rows = [
            [name, *(_figure(measure, values[task].get(measure)) for measure in measures)] for name, values in by_predictor.items()
        ]
        click.echo(f"\n{title}: {task}")
        print_table(["", *measures], rows)


def print_folds(validation: Mapping[str, Any]) -> None:
    """Print what cross-validation found: a table for each task, one predictor a row, mean and spread of one measure a column."""
    said = f"{len(validation['folds'])} folds, mean and standard deviation"
    _print_spread(said, validation["metrics"])
    if "tracks" in validation:
        _print_spread(f"Where counts are, {said}", validation["tracks"])


def _print_spread(title: str, metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    for task in next(iter(metrics.values())):
        measures = [name for name in _measures(metrics, task) if name != "n"]
        rows = [[name, *(_mean_and_spread(by_task[task].get(each, {})) for each in measures)] for name, by_task in metrics.items()]
        click.echo(f"\n{title}: {task}")
        print_table(["", *measures], rows)


def print_applicability(applicability: Mapping[str, Any]) -> None:
    """Print how large errors are of compounds that are like the training compounds, and of those that are not."""
    if applicability.get("threshold") is None:
        return
    title = f"Unseen rows, inside the domain from a similarity of {applicability['threshold']:.2f} on"
    print_metrics(title, applicability["errors"])


def print_search(search: Mapping[str, Any]) -> None:
    """Print what a search of settings came to."""
    settings = ", ".join(f"{name} {value:.3g}" for name, value in search["settings"].items())
    click.echo(
        f"\nSettings of {search['part']}: validation loss {_loss(search['best'])} after {search['trials']} trials "
        f"({search['pruned']} given up early), {_loss(search['default'])} with the default: {settings}"
    )


def _loss(value: float | None) -> str:
    return "none" if value is None or not math.isfinite(value) else f"{value:.4g}"


def print_curve(points: Sequence[Mapping[str, Any]]) -> None:
    """Print a table for each task: a number of training compounds a row, the first measure on each part a column."""
    parts = points[0]["metrics"]
    for task in next(iter(parts.values())):
        shown = [(part, name) for part, of in parts.items() for name in [each for each in of[task] if each != "n"][:1]]
        rows = [
            [f"{point['rows']:,}", *(_figure(name, point["metrics"][part][task][name]) for part, name in shown)] for point in points
        ]
        click.echo(f"\nLearning curve: {task}")
        print_table(["training rows", *(" ".join(each) for each in shown)], rows)


def _measures(by_predictor: Mapping[str, Mapping[str, Mapping[str, Any]]], task: str) -> list[str]:
    """Return the measures of a task that any predictor has: intervals, of which coverage is one, are the model's alone."""
    return list(dict.fromkeys(measure for by_task in by_predictor.values() for measure in by_task[task]))


def _mean_and_spread(value: Mapping[str, float | None]) -> str:
    mean, spread = (_figure("", value.get(which)) for which in ("mean", "spread"))
    return mean if mean == "-" else f"{mean} +- {spread}"


def _figure(measure: str, value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if measure in ("n", "n_limits") else f"{value:.3f}"


@contextlib.contextmanager
def stage_progress(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show what training is doing, on a terminal only."""
    if quiet:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with console.status("starting") as status:
        yield lambda stage, done, total: status.update(f"{stage} {done}/{total}" if total else stage)


@contextlib.contextmanager
def row_progress(quiet: bool, what: str = "screening") -> Iterator[Callable[..., Any] | None]:
    """Show rows done, rate and time left, on a terminal only."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=1.0, rows=0, rate=0.0)

        def tell(rows: int, share: float) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            # The reader runs ahead of the scores: the bar waits just short of its end until the last row is written.
            progress.update(task, completed=min(share, 0.99), rows=rows, rate=rows / elapsed if elapsed else 0.0)

        yield tell
        progress.update(task, completed=1.0)
