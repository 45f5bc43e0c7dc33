"""``molgen screen``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import (
    column_options,
    files_argument,
    filter_options,
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
)


@click.command()
@files_argument("library", folders=True)
@click.option("-m", "--model", required=True, type=click.Path(exists=True, dir_okay=False), help="Model that molgen train wrote.")
@output_option("Table of scores: CSV, or Parquet if it ends in .parquet.")
@column_options
@click.option("--columns", metavar="A,B,...", help="Output columns to keep, by comma; fewer cost less [all].")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--hits", type=click.Path(dir_okay=False), metavar="FILE", help="Best rows to write: CSV, Parquet, or structures (.sdf, .smi)."
)
@click.option("--top", default=100, show_default=True, type=click.IntRange(1), help="Number of hits.")
@click.option("--rank-by", metavar="TASK", help="Task, or column of a class, that ranks the hits [the only one].")
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="HTML report to write.")
@filter_options
@click.option("--strict", is_flag=True, help="Stop at the first row that cannot be scored.")
@json_option
@overwrite_option
@quiet_option
def screen(
    library: list[str],
    columns: str | None,
    quiet: bool,
    as_json: bool,
    names: tuple[str, ...],
    windows: tuple[str, ...],
    smarts: tuple[str, ...],
    reject: tuple[str, ...],
    require: tuple[str, ...],
    **options: Any,
) -> None:
    """Score every row of LIBRARY (CSV, TSV, SMI, SDF or Parquet files, plain or packed; - is standard input).

    One output row for each input row, in order: row, source, id, smiles, status, reason, notes, canonical_smiles, then each task
    with its 90 % interval (of several classes: the likeliest, and the probability of each), and the similarity to the training
    compounds (domain). Rows that cannot be scored, or that a filter rejects, keep their place and say why. molgen predict is
    another name of this command.

    \b
    Examples:
      molgen screen library.smi -m esol.molgen -o scores.csv
      molgen screen a.csv.gz b.csv.gz -m esol.molgen -o scores.parquet --workers 2
      molgen screen library.smi -m esol.molgen -o scores.csv --top 50 --hits hits.sdf --report report.html
      molgen screen library.smi -m esol.molgen -o scores.csv --columns id,status,logS
      molgen screen library.smi -m esol.molgen -o scores.csv --filter lipinski --filter pains --window 'MolWt<=450' --annotate qed
    """
    import molgen
    from molgen.cli.printing import print_funnel, print_json, row_progress
    from molgen.filters.collect import collect_filters

    wanted = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    filters = collect_filters(names, windows=windows, smarts=smarts, reject=reject, require=require)
    with row_progress(quiet) as progress:
        result = molgen.screen(library, columns=wanted, filters=filters, progress=progress, **options)
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json(result.to_json())
        return
    summary = result.summary
    counts = ", ".join(f"{n:,} {status}" for status, n in summary.statuses.most_common())
    click.echo(f"{summary.rows:,} rows: {counts or 'the library is empty'}")
    for (status, reason), n in summary.reasons.most_common(10):
        click.echo(f"  {n:,} {status}: {reason}")
    if filters or options["drop_duplicates"]:
        print_funnel(summary)
    click.echo(f"Scores written to {result.output}")
    for what, path in (("Hits", options["hits"]), ("Report", options["report"])):
        if path:
            click.echo(f"{what} written to {path}")
