"""``molgen prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from molgen.cli.options import (
    ModelName,
    column_options,
    files_argument,
    json_option,
    overwrite_option,
    quiet_option,
    restart_option,
    row_limit_options,
)


@click.command()
@files_argument("library")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="FOLDER", help="Folder to write.")
@click.option(
    "--for",
    "model",
    type=ModelName(),
    help="Store what this model reads, too: it screens the library fastest.",
)
@click.option("--store", multiple=True, metavar="NAME", help="Store a featurizer's values, too (molgen featurize --list).")
@click.option("--tautomers", is_flag=True, help="Put compounds into their canonical tautomer (slow).")
@click.option("--max-atoms", default=300, show_default=True, type=click.IntRange(1), help="Larger molecules are too_large.")
@column_options
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@row_limit_options
@restart_option
@json_option
@overwrite_option
@quiet_option
def prepare(library: list[str], store: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Read LIBRARY (CSV, TSV, SMI, SDF or Parquet files, plain or packed; - is standard input) once, for screens to come.

    Compounds are parsed, standardised and marked for duplicates, and stored in FOLDER with what models read of them. Every command
    that takes a library takes the folder; molgen screen goes several times as fast from it, with the same scores. After a kill the
    same command goes on from what is done.

    \b
    Examples:
      molgen prepare vendor.smi.gz -o vendor/ --workers 8
      molgen screen vendor/ -m esol.molgen -o scores.parquet
      molgen prepare 'catalogue/*.sdf.gz' -o catalogue-for-esol/ --for esol.molgen
    """
    import molgen
    from molgen.cli.printing import print_counts, row_progress, told
    from molgen.cli.stopping import stoppable
    from molgen.featurizers import from_spec
    from molgen.screening.folder import parts_folder

    with row_progress(quiet, "preparing") as progress, stoppable(parts_folder(Path(options["output"]), None)):
        result = molgen.prepare(library, store=[from_spec({"type": name}) for name in store], progress=progress, **options)
    if told(result, as_json=as_json):
        return
    print_counts(result.rows, result.statuses)
    for reason, n in result.reasons.most_common(10):
        click.echo(f"  {n:,} not usable: {reason}")
    click.echo(f"{result.duplicates:,} rows are the same compound as an earlier row")
    click.echo(f"Library written to {result.output}: {result.bytes:,} bytes, {result.bytes / max(1, result.rows):,.0f} a row")
