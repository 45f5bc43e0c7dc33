"""``molgen demo``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import overwrite_option, quiet_option

_TOP = 10


@click.command()
@click.option(
    "-o",
    "--output",
    "folder",
    default="molgen-demo",
    show_default=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder to write.",
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Processes.")
@overwrite_option
@quiet_option
def demo(folder: str, quiet: bool, **options: Any) -> None:
    """Train on 1,017 measured compounds and screen 4,999 others, all of which come with RDKit, in a minute or two.

    Writes measured.csv, library.smi, model.molgen, scores.csv, hits.csv and report.html, and prints the two commands that do the
    same.

    \b
    Examples:
      molgen demo
      molgen demo -o try --workers 1
    """
    from molgen.cli.printing import print_metrics
    from molgen.demo import run_demo

    tell = None if quiet else lambda line: click.echo(f"{line} ...", err=True)
    result = run_demo(folder, tell=tell, **options)
    metrics = result.training.metrics
    sizes = result.training.split.sizes()
    click.echo(f"Trained on {sizes['train']:,} compounds, chosen on {sizes['valid']:,}, tested on {sizes['test']:,}.")
    print_metrics("Test compounds", metrics["test"])
    _print_hits(result.screening)
    click.echo(f"\nEverything is in {result.folder}; report.html shows the hits' structures. The same by hand:\n")
    for command in result.commands:
        click.echo(f"  {command}")


def _print_hits(screening: Any) -> None:
    from molgen.cli.printing import print_table

    summary = screening.summary
    click.echo(f"\nScreened {summary.rows:,} rows: {', '.join(f'{n:,} {status}' for status, n in summary.statuses.most_common())}.")
    click.echo(f"The best {_TOP}, with their 90 % interval and their similarity to the nearest training compound:\n")
    names = ["id", "activity", "activity_lower", "activity_upper", "domain"]
    hits = screening.hits.slice(0, _TOP).select([*names, "smiles"]).to_pylist()
    rows = [[hit["id"], *("-" if hit[name] is None else f"{hit[name]:.2f}" for name in names[1:])] for hit in hits]
    print_table(["id", "activity", "lower", "upper", "similarity"], rows)
    click.echo(
        "\nBelow a similarity of 0.3 or so a compound is like nothing the model has seen: its score is a guess, interval included."
    )
