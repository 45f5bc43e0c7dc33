"""``molgen scan``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import ModelName, files_argument, json_option, output_option, overwrite_option
from molgen.errors import ConfigError


def _places(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal()):
        raise click.BadParameter(f"{text!r} is not FIRST-LAST, such as 700-800")
    return int(first), int(last)


@click.command()
@files_argument("sequences")
@click.option("-m", "--model", required=True, type=ModelName(), help="Model of sequences, or of pairs, that molgen train wrote.")
@output_option("Table of effects, one row a substitution: CSV, or Parquet if it ends in .parquet.", required=False)
@click.option("--smiles", metavar="SMILES", help="Molecule whose binding is looked at, for a model of pairs.")
@click.option("--positions", metavar="FIRST-LAST", callback=_places, help="Places to look at, from 1 [all].")
@click.option("--plot", type=click.Path(dir_okay=False), metavar="FILE", help="Logo to draw: PNG, SVG or PDF.")
@json_option
@overwrite_option
def scan(sequences: list[str], model: str, output: str | None, as_json: bool, plot: str | None, **options: Any) -> None:
    """Predict what every single substitution of SEQUENCES (FASTA, FASTQ or GenBank files) changes: in-silico mutagenesis.

    \b
    Examples:
      molgen scan promoter.fasta -m promoters.molgen -o effects.csv --plot logo.svg
      molgen scan egfr.fasta -m kinases.molgen --smiles 'COc1cc2ncnc(Nc3ccccc3)c2cc1OC' --positions 712-860 -o effects.csv
    """
    import molgen
    from molgen.cli.printing import print_json

    if output is None and plot is None and not as_json:
        raise ConfigError("nothing to write", expected="-o FILE, --plot FILE or --json")
    found = molgen.scan(sequences, model, output, plot=plot, **options)
    if as_json:
        print_json({"sequences": [each.to_json() for each in found]})
        return
    for each in found:
        click.echo(f"{each.id}: {each.reason or f'{len(each.sequence):,} letters'}")
        for name, told in each.to_json().get("tasks", {}).items():
            largest = ", ".join(f"{one['ref']}{one['position']}{one['alt']} {one['effect']:+.3g}" for one in told["largest"][:5])
            click.echo(f"  {name} {told['value']:.3g}; changed most by {largest}")
    for path in filter(None, (output, plot)):
        click.echo(f"Written to {path}")
