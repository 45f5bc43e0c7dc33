"""``molgen motifs``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import ModelName, files_argument, json_option, output_option, overwrite_option, quiet_option


@click.command()
@files_argument("sequences")
@click.option("-m", "--model", required=True, type=ModelName(), help="Model of DNA sequences that molgen train wrote.")
@click.option(
    "--jaspar",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Known motifs, in the format of JASPAR, to name by.",
)
@output_option("Motifs to write, in the format of JASPAR.", required=False)
@click.option("--task", metavar="TASK", help="Task whose motifs are found; needed if there are several.")
@click.option("--limit", default=300, show_default=True, type=click.IntRange(10), help="Sequences to look at.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Decides which.")
@json_option
@overwrite_option
@quiet_option
def motifs(sequences: list[str], model: str, output: str | None, quiet: bool, as_json: bool, **options: Any) -> None:
    """Find the motifs that a model of DNA looks for in SEQUENCES (FASTA, FASTQ or GenBank files), the most important first.

    Stretches whose substitution takes most from the prediction are put on top of each other where they are alike, and named by the
    known motif that is most like them.

    \b
    Examples:
      molgen motifs bound.fa -m bound.molgen --jaspar JASPAR2024_CORE_vertebrates.txt
      molgen motifs bound.fa -m bound.molgen -o motifs.jaspar --limit 100
    """
    import molgen
    from molgen.cli.printing import print_json, row_progress

    with row_progress(quiet) as progress:
        found = molgen.find_motifs(sequences, model, output, progress=progress, **options)
    if as_json:
        print_json({"motifs": [each.to_json() for each in found]})
        return
    if not found:
        click.echo("no motif: too few stretches are alike")
    for number, each in enumerate(found, start=1):
        like = f", like {each.match.name} ({each.match.id}, similarity {each.similarity:.2f})" if each.match else ""
        click.echo(f"{number}  {each.motif.consensus}  {each.sites:,} sites, importance {each.importance:.3g}{like}")
    if output:
        click.echo(f"Motifs written to {output}")
