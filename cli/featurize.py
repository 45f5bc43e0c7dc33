"""``molgen featurize``."""

from __future__ import annotations

from typing import Any

import click

from molgen.cli.options import (
    column_options,
    files_argument,
    genome_options,
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
    sequence_option,
    settings_option,
)


def _print_list(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from molgen.featurization import list_featurizers

    for name, about, parameters in list_featurizers():
        click.echo(f"{name}: {about}")
        if parameters:
            click.echo(f"    {', '.join(parameters)}")
    context.exit()


@click.command()
@files_argument("library", folders=True)
@click.option("-f", "--featurizer", metavar="NAME", help="Featurizer; --list shows them.")
@settings_option("featurizer")
@click.option("--spec", type=click.Path(exists=True, dir_okay=False), help="JSON file with the featurizer and its parameters.")
@output_option("File of features: .npz, or .parquet for all but graphs.")
@sequence_option()
@column_options
@genome_options
@click.option("--n-jobs", default=1, show_default=True, type=click.IntRange(-1), help="Processes; -1 for all cores.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_print_list, help="List the featurizers.")
@json_option
@overwrite_option
@quiet_option
def featurize(
    library: list[str],
    output: str,
    featurizer: str | None,
    settings: dict[str, Any],
    spec: str | None,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Turn every row of LIBRARY into features.

    LIBRARY is one or several CSV, TSV, SMI, SDF or Parquet files, or FASTA, FASTQ and GenBank files for a featurizer of sequences,
    plain or packed; - is standard input. One row (or graph) for each input row, in order; a row that cannot be featurized is empty
    and says why. The file holds the featurizer's parameters, too; molgen.featurizers.load_features reads it back. Molecules are
    taken as they are written: no salt is stripped.

    \b
    Examples:
      molgen featurize --list
      molgen featurize library.smi -f MolGraph -o graphs.npz
      molgen featurize library.csv -f Morgan --set radius=3 --set counts=true -o counts.npz
      molgen featurize library.csv -f Morgan --set output=dense -o bits.parquet
      molgen featurize library.csv -f Descriptors --set 'names=["MolWt", "TPSA"]' -o descriptors.parquet
      molgen featurize genes.fa.gz -f Kmer --set k=6 --set canonical=true -o words.npz
      molgen featurize peaks.bed --genome hg38.fa --length 200 -f OneHot --set length=200 -o peaks.npz
      molgen featurize a.csv.gz b.csv.gz --spec both.json -o both.npz --n-jobs 2
    """
    if (featurizer is None) == (spec is None):
        raise click.UsageError("name the featurizer with -f NAME, or with --spec FILE")
    import molgen
    from molgen.cli.printing import row_progress, told
    from molgen.featurization import read_spec

    described = {"type": featurizer} if spec is None else read_spec(spec)
    with row_progress(quiet, "featurizing") as progress:
        result = molgen.featurize(library, output, {**described, **settings}, progress=progress, **options)
    if told(result, as_json=as_json):
        return
    click.echo(f"{result.rows:,} rows: {', '.join(f'{n:,} {status}' for status, n in result.statuses.most_common())}")
    for reason, n in result.reasons.most_common(10):
        click.echo(f"  {n:,} {reason}")
    click.echo(f"Features written to {result.output}")
