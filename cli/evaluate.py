"""``molgen evaluate``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import (
    column_options,
    files_argument,
    json_option,
    label_options,
    output_option,
    overwrite_option,
    pairs_option,
)


@click.command()
@files_argument("data")
@click.option("-m", "--model", required=True, type=click.Path(exists=True, dir_okay=False), help="Model that molgen train wrote.")
@pairs_option(
    "--target",
    "targets",
    "TASK=COLUMN",
    "Column with the measured values of a task; repeat for several [the columns named like the tasks].",
)
@output_option("Table of measured and predicted values: CSV, or Parquet if it ends in .parquet.", required=False)
@column_options
@label_options
@json_option
@overwrite_option
def evaluate(data: list[str], model: str, as_json: bool, **options: Any) -> None:
    """Compare what MODEL predicts with the measured values in DATA (CSV, TSV, SMI, SDF, Parquet; - is standard input).

    \b
    Examples:
      molgen evaluate new.csv -m esol.molgen
      molgen evaluate new.csv -m esol.molgen --target logS=solubility -o predictions.csv
      molgen evaluate new.csv -m tox.molgen --smiles structure --id name --json
    """
    import molgen
    from molgen.cli.printing import print_json

    result = molgen.evaluate(data, model, **options)
    if as_json:
        print_json(result.to_json())
        return
    _print_left_out(result)
    for task, values in result.metrics.items():
        _print_task(task, values)
    if options["output"]:
        click.echo(f"\nPredictions written to {options['output']}")


def _print_left_out(result: Any) -> None:
    click.echo(f"{len(result.dataset):,} compounds")
    entries = [(f"line {line}", reason) for line, reason in result.dataset.dropped]
    labels = [(f"line {line}", reason) for line, reason in result.dataset.problems]
    refused = [(f"compound {result.dataset.ids[row]}", reason) for row, reason in result.unscored.items()]
    for what, found in (("rows left out", entries), ("labels not read", labels), ("compounds not scored", refused)):
        if found:
            click.echo(f"{len(found):,} {what}; the first, {found[0][0]}: {found[0][1]}")
    for note in (*result.dataset.notes, *result.notes):
        click.echo(f"note: {note}", err=True)


def _print_task(task: str, values: dict[str, float]) -> None:
    from molgen.cli.printing import print_metrics

    print_metrics("Measured against predicted", {"model": {task: values}})
