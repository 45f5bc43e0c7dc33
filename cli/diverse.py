"""``molgen diverse``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import (
    column_options,
    files_argument,
    fingerprint_options,
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
)


@click.command()
@files_argument("library", folders=True)
@click.option("-n", "n", required=True, type=click.IntRange(1), help="Rows to pick.")
@output_option("Table of the picks: CSV, or Parquet if it ends in .parquet; structures if it ends in .sdf or .smi.")
@click.option(
    "--method",
    default="maxmin",
    show_default=True,
    type=click.Choice(["maxmin", "sphere", "butina", "scaffold"]),
    help="How rows are picked.",
)
@click.option("--similarity", default=0.65, show_default=True, help="Tanimoto from which on rows are alike, for sphere and butina.")
@click.option("--by", metavar="COLUMN", help="Column of numbers that says which rows are better [the rows' order].")
@click.option("--lowest-first", is_flag=True, help="The lowest number is the best.")
@click.option("--already", multiple=True, metavar="FILE", help="Compounds that the picks must differ from, too.")
@fingerprint_options
@column_options
@json_option
@overwrite_option
@quiet_option
def diverse(
    library: list[str], quiet: bool, as_json: bool, fingerprint: str, settings: dict[str, Any], output: str, n: int, **options: Any
) -> None:
    """Pick rows of LIBRARY (CSV, TSV, SMI, SDF or Parquet, plain or packed; - is standard input) that differ from one another.

    maxmin: each pick is the row least similar to those before; sphere: down the rows, each that is not like one before;
    butina: one of each cluster; scaffold: one of each Bemis-Murcko scaffold.

    \b
    Examples:
      molgen diverse hits.csv -n 96 -o plate.csv
      molgen diverse hits.csv -n 96 --method sphere --similarity 0.5 --by pIC50 -o plate.sdf
      molgen diverse hits.csv -n 20 --method butina --by dock --lowest-first --already bought.smi -o order.csv
      molgen diverse hits.csv -n 50 --method scaffold -o series.smi
    """
    import molgen
    from molgen.cli.printing import print_tally, row_progress, told

    chosen = {"type": fingerprint, **settings}
    with row_progress(quiet, "reading") as progress:
        result = molgen.diverse(library, output, n, fingerprint=chosen, progress=progress, **options)
    if told(result, as_json=as_json):
        return
    print_tally(result.tally)
    click.echo(f"{result.picked:,} of {result.available:,} available rows picked, written to {result.output}")
