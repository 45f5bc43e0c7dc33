"""``molgen variants``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import ModelName, json_option, output_option, overwrite_option, quiet_option


@click.command()
@click.argument("vcf", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("-m", "--model", required=True, type=ModelName(), help="Model of DNA sequences that molgen train wrote.")
@click.option("--genome", required=True, type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="FASTA or 2bit file.")
@output_option("Table of effects: CSV, or Parquet if it ends in .parquet.")
@click.option("--length", type=click.IntRange(2), help="Letters of the windows [those that the model was trained on].")
@click.option("--both-strands", is_flag=True, help="Score the other strand as well, and average.")
@json_option
@overwrite_option
@quiet_option
def variants(vcf: str, model: str, output: str, quiet: bool, as_json: bool, **options: Any) -> None:
    """Predict what each allele of VCF changes: the genome's window beside that with the allele in the place of the reference.

    One row for each allele, in order, with its status: an allele whose REF is not the genome's is invalid, and so is a symbolic
    one; their reasons say why. The first letter of REF stands in the middle of both windows, and what is before it stays where
    it is.

    \b
    Examples:
      molgen variants calls.vcf.gz --genome hg38.fa -m peaks.molgen -o effects.csv
      molgen variants calls.vcf.gz --genome hg38.fa -m peaks.molgen -o effects.parquet --both-strands
    """
    import molgen
    from molgen.cli.printing import print_json, row_progress

    with row_progress(quiet) as progress:
        result = molgen.variants(vcf, model, output, progress=progress, **options)
    if as_json:
        print_json(result.to_json())
        return
    counts = ", ".join(f"{n:,} {status}" for status, n in result.statuses.most_common()) or "none"
    click.echo(f"{result.rows:,} alleles: {counts}; windows of {result.length:,} letters")
    for reason, n in result.reasons.most_common(5):
        click.echo(f"  {n:,} {reason}")
    click.echo(f"Effects written to {output}")
