"""``molgen tracks``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import ModelName, files_argument, json_option, output_option, overwrite_option, quiet_option


@click.command()
@files_argument("data")
@click.option("-m", "--model", required=True, type=ModelName(), help="Model that molgen train --track wrote.")
@click.option("--genome", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="FASTA or 2bit file, of BED files.")
@output_option("Table of expected counts to write: Parquet.")
@click.option(
    "--bedgraph",
    "bed_graph",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Write a bedGraph file of each strand there, too; where windows overlap, their mean.",
)
@json_option
@overwrite_option
@quiet_option
def tracks(data: list[str], model: str, output: str, quiet: bool, as_json: bool, **options: Any) -> None:
    """Predict how many counts each letter of DATA has: BED files over a --genome, FASTA files, or tables of sequences.

    One row for each, in order, with its status: the number of counts that is expected, and that of each letter. Windows of BED
    files are as long as those that the model was trained on.

    \b
    Examples:
      molgen tracks peaks.bed --genome hg38.fa -m ctcf.molgen -o expected.parquet --bedgraph browser/
      molgen tracks windows.fa -m ctcf.molgen -o expected.parquet
    """
    import molgen
    from molgen.cli.printing import print_json, row_progress

    with row_progress(quiet) as progress:
        result = molgen.predict_tracks(data, model, output, progress=progress, **options)
    if as_json:
        print_json(result.to_json())
        return
    counts = ", ".join(f"{n:,} {status}" for status, n in result.statuses.most_common()) or "none"
    click.echo(f"{result.rows:,} rows: {counts}; tracks {', '.join(result.tracks)}, {result.length:,} letters a row")
    for reason, n in result.reasons.most_common(5):
        click.echo(f"  {n:,} {reason}")
    for path in (result.output, *result.bed_graphs):
        click.echo(f"Written to {path}")
