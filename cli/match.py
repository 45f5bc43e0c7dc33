"""``molgen match``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import column_options, files_argument, json_option, output_option, overwrite_option, quiet_option


@click.command()
@files_argument("library", folders=True)
@click.option("-s", "--smarts", multiple=True, metavar="SMARTS", help="Pattern, named by itself; repeat for several.")
@click.option("--named", multiple=True, nargs=2, metavar="NAME SMARTS", help="Pattern with a name; repeat for several.")
@click.option(
    "--mode",
    default="any",
    show_default=True,
    type=click.Choice(["any", "all", "none"]),
    help="Whether rows have any, all or none of the patterns.",
)
@output_option("Table of rows that match: CSV, or Parquet if it ends in .parquet; structures if it ends in .sdf or .smi.")
@click.option("--counts", is_flag=True, help="Add how often each pattern matches.")
@click.option("--atoms", is_flag=True, help="Add the numbers of the atoms that match, from 0.")
@click.option("--max", "limit", type=click.IntRange(1), help="Stop after so many rows that match.")
@column_options
@json_option
@overwrite_option
@quiet_option
def match(
    library: list[str], smarts: tuple[str, ...], named: tuple[tuple[str, str], ...], quiet: bool, as_json: bool, **options: Any
) -> None:
    """Find the rows of LIBRARY (CSV, TSV, SMI, SDF or Parquet, plain or packed; - is standard input) that contain substructures.

    Molecules are taken as they are written: no salt is stripped, and atoms have the numbers of the SMILES.

    \b
    Examples:
      molgen match library.smi -s 'c1ccncc1' -o pyridines.csv
      molgen match library.csv --named acid 'C(=O)[OH]' --named amine '[NX3;H2]' --mode all -o both.csv
      molgen match library.sdf -s '[#6]S(=O)(=O)N' --counts --atoms --max 100 -o some.sdf
      molgen match library.smi -s '[N+](=O)[O-]' --mode none -o without.smi
    """
    import molgen
    from molgen.cli.printing import print_tally, row_progress, told

    patterns = {each: each for each in smarts}
    for name, pattern in named:
        if name in patterns:
            raise click.UsageError(f"two patterns are named {name}")
        patterns[name] = pattern
    if not patterns:
        raise click.UsageError("give a pattern with -s SMARTS, or --named NAME SMARTS")
    with row_progress(quiet, "matching") as progress:
        result = molgen.match(library, patterns, progress=progress, **options)
    if told(result, as_json=as_json):
        return
    print_tally(result.tally)
    for name, rows in result.matched.items():
        click.echo(f"  {rows:,} have {name}")
    click.echo(f"{result.found:,} rows written to {result.output}")
