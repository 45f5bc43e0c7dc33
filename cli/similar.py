"""``molgen similar``."""

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
@click.option(
    "--query", "queries", multiple=True, required=True, metavar="SMILES|FILE", help="Molecule, or file of them; repeat for several."
)
@output_option("Table of neighbours: CSV, or Parquet if it ends in .parquet; structures if it ends in .sdf or .smi.")
@click.option("-k", "--top", type=click.IntRange(1), help="Rows for each query  [100, or all with --threshold].")
@click.option("--threshold", type=float, help="Similarity from which on a row is written, 0 to 1.")
@click.option("--alpha", default=1.0, show_default=True, help="Tversky's weight of what only the query has; 1 is Tanimoto.")
@click.option("--beta", default=1.0, show_default=True, help="Tversky's weight of what only the row has; 1 is Tanimoto.")
@fingerprint_options
@column_options
@json_option
@overwrite_option
@quiet_option
def similar(
    library: list[str], quiet: bool, as_json: bool, fingerprint: str, settings: dict[str, Any], output: str, **options: Any
) -> None:
    """Find the rows of LIBRARY (CSV, TSV, SMI, SDF or Parquet, plain or packed; - is standard input) most similar to each query.

    The search is exact, and memory does not grow with the library. Salts are stripped and charges settled before molecules are
    compared.

    \b
    Examples:
      molgen similar library.smi --query 'CC(=O)Oc1ccccc1C(=O)O' -o neighbours.csv
      molgen similar a.smi.gz b.smi.gz --query actives.csv -k 500 -o neighbours.csv
      molgen similar library.csv --query lead.sdf --threshold 0.6 -o neighbours.sdf
      molgen similar library.csv --query 'c1ccc2ncccc2c1' --alpha 1 --beta 0 -o contain.csv
      molgen similar library.csv --query lead.sdf --fingerprint AtomPair --set size=4096 -o neighbours.csv
    """
    import molgen
    from molgen.cli.printing import print_tally, row_progress, told

    chosen = {"type": fingerprint, **settings}
    with row_progress(quiet, "searching") as progress:
        result = molgen.similar(library, output=output, fingerprint=chosen, progress=progress, **options)
    if told(result, as_json=as_json):
        return
    print_tally(result.tally)
    n = len(result.found)
    found = sum(rows for _, rows in result.found)
    click.echo(f"{found:,} neighbours of {n:,} quer{'y' if n == 1 else 'ies'} written to {result.output}")
