"""``molgen filter``."""

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


def _print_list(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from molgen.filters.collect import describe_filters

    for name, settings, source, patterns in describe_filters():
        click.echo(f"{name}: {source}" + (f"; {patterns} patterns" if patterns else ""))
        if settings:
            click.echo(f"    {settings}")
    context.exit()


@click.command("filter")
@files_argument("library", folders=True)
@output_option("Table of the rows that pass: CSV, or Parquet if it ends in .parquet.")
@filter_options
@click.option("--rejected", type=click.Path(dir_okay=False), metavar="FILE", help="Table of the other rows, with the reasons.")
@column_options
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option("--strict", is_flag=True, help="Stop at the first row that is no molecule.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_print_list, help="Show all filters and exit.")
@json_option
@overwrite_option
@quiet_option
def filter_command(
    library: list[str],
    quiet: bool,
    as_json: bool,
    names: tuple[str, ...],
    windows: tuple[str, ...],
    smarts: tuple[str, ...],
    reject: tuple[str, ...],
    require: tuple[str, ...],
    **options: Any,
) -> None:
    """Keep the rows of LIBRARY (CSV, TSV, SMI, SDF or Parquet, plain or packed; - is standard input) that pass all filters.

    Salts are stripped and charges settled before the filters look. The rows that pass come out in order, with the file and row
    they come from, the canonical SMILES that was looked at, and the library's own columns.

    \b
    Examples:
      molgen filter library.smi -o kept.csv --filter lipinski --filter pains
      molgen filter library.csv -o kept.csv --window '200<=MolWt<=450' --window 'TPSA<=120' --rejected rejected.csv
      molgen filter a.smi b.smi -o kept.parquet --drop-duplicates --annotate qed --annotate sa-score
      molgen filter --list
    """
    import molgen
    from molgen.cli.printing import print_counts, print_funnel, row_progress, told
    from molgen.filters.collect import collect_filters

    filters = collect_filters(names, windows=windows, smarts=smarts, reject=reject, require=require)
    with row_progress(quiet, "filtering") as progress:
        result = molgen.filter_library(library, filters=filters, progress=progress, **options)
    if told(result, as_json=as_json):
        return
    summary = result.summary
    print_counts(summary.rows, summary.statuses, ok="kept")
    print_funnel(summary)
    click.echo(f"Kept rows written to {result.output}")
    if result.rejected:
        click.echo(f"Other rows written to {result.rejected}")
