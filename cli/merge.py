"""``molgen merge``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import hits_options, json_option, output_option, overwrite_option


@click.command()
@click.argument("shards", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
@output_option("Table of scores: CSV, or Parquet if it ends in .parquet.")
@click.option("-m", "--model", type=click.Path(dir_okay=False), help="The model, if it has moved; hits and report need it.")
@hits_options
@json_option
@overwrite_option
def merge(shards: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Put SHARDS (the folders that molgen screen --shard left) together to what one run would have written, byte for byte.

    All of them must be there, finished, and of one screen; which is missing is said. They stay as they are.

    \b
    Examples:
      molgen screen library.smi -m model.molgen -o scores.csv --shard 1/2
      molgen screen library.smi -m model.molgen -o scores.csv --shard 2/2
      molgen merge scores.csv.shard-* -o scores.csv --hits hits.csv --rank-by activity
    """
    import molgen
    from molgen.cli.printing import print_screen

    result = molgen.merge(list(shards), **options)
    print_screen(result, options["hits"], options["report"], as_json=as_json)
