"""``molgen explain``."""

from __future__ import annotations

import math
from typing import Any

import click

from molgen.cli.options import ModelName, json_option, output_option, overwrite_option


@click.command()
@click.argument("model", type=ModelName())
@click.argument("smiles", nargs=-1, required=True, metavar="SMILES...")
@click.option("--task", "tasks", multiple=True, metavar="TASK", help="Task to explain; repeat for several [all].")
@click.option(
    "--method",
    type=click.Choice(["auto", "gradients", "masking"]),
    default="auto",
    show_default=True,
    help="Integrated gradients through networks, or something neutral in the place of each atom, for any model.",
)
@click.option("--steps", type=click.IntRange(1, 512), default=64, show_default=True, help="Points of the integral of gradients.")
@click.option(
    "--neighbours",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Training compounds to name, where the model keeps them.",
)
@output_option("Table of all parts to write: CSV, or Parquet if it ends in .parquet.", required=False)
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="HTML page of drawings to write.")
@json_option
@overwrite_option
def explain(
    model: str, smiles: tuple[str, ...], output: str | None, report: str | None, overwrite: bool, as_json: bool, **options: Any
) -> None:
    """Say what the predictions of MODEL for SMILES rest on: atoms that raise and lower them, and the nearest training compounds.

    \b
    Examples:
      molgen explain pic50.molgen 'CC(=O)Nc1ccc(O)cc1' --report why.html
      molgen explain admet-fast 'CC(=O)Nc1ccc(O)cc1' --task herg --task ames
      molgen explain pic50.molgen CCO CCN -o parts.csv --method masking
    """
    import molgen
    from molgen.cli.printing import print_json

    found = molgen.explain(list(smiles), model, output, report=report, overwrite=overwrite, **options)
    if as_json:
        print_json({"compounds": [each.to_json() for each in found]})
        return
    for each in found:
        _print_compound(each)
    for path in filter(None, (output, report)):
        click.echo(f"\nWritten to {path}")


def _print_compound(explained: Any) -> None:
    click.echo(f"\n{explained.smiles}")
    if explained.mol is None:
        click.echo(f"  {explained.status}: {explained.reason}")
        return
    if explained.notes:
        click.echo(f"  note: {explained.notes}")
    if explained.scored != explained.smiles:
        click.echo(f"  atoms are numbered as in {explained.scored}")
    names = [f"{atom.GetSymbol()}{atom.GetIdx()}" for atom in explained.mol.GetAtoms()]
    for each in explained.tasks:
        interval = f" ({each.lower:.3g} to {each.upper:.3g})" if math.isfinite(each.lower) else ""
        unit = f" {each.task.unit}" if each.task.unit else ""
        label = f" {each.label}" if each.label else ""
        click.echo(f"  {each.task.name}:{label} {each.value:.3g}{interval}{unit}, by {each.method}")
        parts = [*zip(names, each.atoms, strict=True), *each.features.items()]
        ordered = sorted((part, name) for name, part in parts if math.isfinite(part))
        for word, most in (
            ("raised", [part for part in ordered[::-1] if part[0] > 0]),
            ("lowered", [part for part in ordered if part[0] < 0]),
        ):
            if most:
                click.echo(f"    {word} by {', '.join(f'{name} {part:+.2g}' for part, name in most[:5])}")
    click.echo(f"  similarity to the nearest reference compound: {explained.domain:.2f}")
    for near in explained.neighbours:
        labels = ", ".join(f"{task} {label if isinstance(label, str) else f'{label:.4g}'}" for task, label in near.measured.items())
        click.echo(f"    {near.similarity:.2f}  {near.id}  {near.smiles}  measured {labels or 'nothing'}")
