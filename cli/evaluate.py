"""``molgen evaluate``."""

from __future__ import annotations

import math
from typing import Any

import click

from molgen.cli.options import (
    ModelName,
    column_options,
    files_argument,
    json_option,
    label_options,
    measured_options,
    output_option,
    overwrite_option,
    pairs_option,
)


@click.command()
@files_argument("data")
@click.option("-m", "--model", type=ModelName(), help="Model that molgen train wrote, or one that molgen data list names.")
@pairs_option(
    "--target",
    "targets",
    "TASK=COLUMN",
    "Column with the measured values of a task; repeat for several [the columns named like the tasks].",
)
@click.option(
    "--by", metavar="COLUMN", help="Figures for each word in a column, too; 'domain': by similarity to the training compounds."
)
@click.option("--enrichment", is_flag=True, help="Say how early the ranking by a binary task finds the positives.")
@click.option("--score", metavar="COLUMN", help="Measure the enrichment by this column, and not a model's predictions.")
@click.option("--label", metavar="COLUMN", help="Column that says which compounds are active, with --score.")
@click.option("--lowest-first", is_flag=True, help="The lowest score is the best, with --score.")
@output_option("Table of measured and predicted values: CSV, or Parquet if it ends in .parquet.", required=False)
@column_options
@measured_options
@label_options
@json_option
@overwrite_option
def evaluate(
    data: list[str],
    model: str | None,
    as_json: bool,
    score: str | None,
    label: str | None,
    lowest_first: bool,
    **options: Any,
) -> None:
    """Compare what MODEL predicts with the measured values in DATA (CSV, TSV, SMI, SDF, Parquet; - is standard input).

    \b
    Examples:
      molgen evaluate new.csv -m esol.molgen
      molgen evaluate new.csv -m esol.molgen --target logS=solubility -o predictions.csv
      molgen evaluate new.csv -m tox.molgen --smiles structure --id name --json
      molgen evaluate new.csv -m esol.molgen --by domain
      molgen evaluate test.csv -m cliffs.molgen --by cliff_mol
      molgen evaluate actives_and_decoys.csv -m active.molgen --enrichment
      molgen evaluate bound.fa --negatives unbound.fa -m peaks.molgen
      molgen evaluate docked.csv --enrichment --score dock --lowest-first --label active
    """
    if (model is None) == (score is None):
        raise click.UsageError("name a model with -m FILE, or a column of scores with --score COLUMN")
    if (score is None) != (label is None):
        raise click.UsageError("--score and --label go together")
    if lowest_first and score is None:
        raise click.UsageError("--lowest-first goes with --score")
    if options["by"] and score is not None:
        raise click.UsageError("--by goes with -m")
    import molgen
    from molgen.cli.printing import print_json, print_metrics

    if score is not None:
        if options["output"]:
            raise click.UsageError("scores that are there already make no table of predictions: leave out -o")
        _evaluate_scores(molgen.evaluate_scores(data, label or "", score, lowest_first=lowest_first), score, as_json)
        return
    result = molgen.evaluate(data, model or "", **options)
    if as_json:
        print_json(result.to_json())
        return
    _print_left_out(result)
    for task, values in result.metrics.items():
        whole = "all" if result.groups else "model"
        print_metrics("Measured against predicted", {whole: {task: values}, **result.groups})
    if result.tracks:
        print_metrics("Where counts are", {"model": result.tracks})
    for task, found in result.enrichment.items():
        _print_enrichment(task, found)
    if options["output"]:
        click.echo(f"\nPredictions written to {options['output']}")


def _evaluate_scores(result: Any, score: str, as_json: bool) -> None:
    from molgen.cli.printing import told

    if told(result, as_json=as_json):
        return
    click.echo(f"{result.rows:,} compounds, {result.actives:,} of them active ({result.positive})")
    for reason, n in result.left_out.most_common():
        click.echo(f"{n:,} rows left out: {reason}")
    _print_enrichment(score, result.enrichment)


def _print_left_out(result: Any) -> None:
    click.echo(f"{len(result.dataset):,} {result.dataset.subject.noun}s")
    entries = [(f"line {line}", reason) for line, reason in result.dataset.dropped]
    labels = [(f"line {line}", reason) for line, reason in result.dataset.problems]
    refused = [(f"compound {result.dataset.ids[row]}", reason) for row, reason in result.unscored.items()]
    for what, found in (("rows left out", entries), ("labels not read", labels), ("compounds not scored", refused)):
        if found:
            click.echo(f"{len(found):,} {what}; the first, {found[0][0]}: {found[0][1]}")
    for note in (*result.dataset.notes, *result.notes):
        click.echo(f"note: {note}", err=True)


def _print_enrichment(task: str, found: dict[str, Any]) -> None:
    from molgen.cli.printing import print_table

    click.echo(f"\nEnrichment, with 95 % intervals by bootstrap: {task}")
    rows = [[name, *("-" if math.isnan(each) else f"{each:.3f}" for each in values)] for name, values in found.items()]
    print_table(["", "value", "from", "to"], rows)
