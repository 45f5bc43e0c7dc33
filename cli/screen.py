"""``molgen screen``."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from molgen.cli.options import (
    ModelName,
    column_options,
    files_argument,
    filter_options,
    genome_options,
    hits_options,
    json_option,
    output_option,
    overwrite_option,
    profiles_option,
    quiet_option,
    restart_option,
    row_limit_options,
    sequence_option,
)


@click.command()
@files_argument("library", folders=True)
@click.option(
    "-m",
    "--model",
    default="admet",
    show_default=True,
    type=ModelName(),
    help="Model that molgen train wrote, or one that molgen data list names.",
)
@output_option("Table of scores: CSV, or Parquet if it ends in .parquet.")
@sequence_option()
@column_options
@click.option(
    "--protein",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="FASTA or GenBank file, for a model of pairs: every molecule is scored with each sequence of it.",
)
@profiles_option
@genome_options
@click.option("--columns", metavar="A,B,...", help="Output columns to keep, by comma; fewer cost less [all].")
@click.option("--percentiles", is_flag=True, help="Add where each value stands among those of compounds that the model knows.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes, or actors of Ray.")
@click.option("--device", default="cpu", show_default=True, help="Where networks compute: cpu, cuda, cuda:1 ..., or auto.")
@click.option(
    "--engine",
    default="processes",
    show_default=True,
    type=click.Choice(["processes", "ray"]),
    help="What runs the workers: this machine, or a Ray cluster.",
)
@click.option(
    "--ray-address", metavar="ADDRESS", help="Ray cluster to use [RAY_ADDRESS, one on this machine, or a new one for the run]."
)
@hits_options
@filter_options
@row_limit_options
@click.option("--shard", metavar="I/N", help="Score the I-th of N shares alone, for molgen merge to put together.")
@restart_option
@click.option("--strict", is_flag=True, help="Stop at the first row that cannot be scored.")
@json_option
@overwrite_option
@quiet_option
def screen(
    library: list[str],
    columns: str | None,
    quiet: bool,
    as_json: bool,
    names: tuple[str, ...],
    windows: tuple[str, ...],
    smarts: tuple[str, ...],
    reject: tuple[str, ...],
    require: tuple[str, ...],
    **options: Any,
) -> None:
    """Score every row of LIBRARY (CSV, TSV, SMI, SDF or Parquet files, plain or packed; - is standard input).

    A model of sequences reads FASTA, FASTQ and GenBank files, tables with a column of sequences, and BED files over a --genome. A
    model of pairs reads molecules against each --protein, one row a pair, or tables with columns of both; one of responses reads
    molecules with each sample of --profiles.

    One output row for each input row, in order: row, source, id, smiles, status, reason, notes, canonical_smiles, then each task
    with its 90 % interval (of several classes: the likeliest, and the probability of each), and the similarity to the training
    compounds (domain). Rows that cannot be scored, or that a filter rejects, keep their place and say why. molgen predict is
    another name of this command.

    While it runs, what is done lies in OUTPUT.parts: after a kill the same command goes on from there, to the same bytes. With
    --shard the folder OUTPUT.shard-I-of-N is the result, and molgen merge puts the shards together: in a SLURM array of 8 tasks
    (sbatch --array=1-8) give each task --shard $SLURM_ARRAY_TASK_ID/8, and merge when all are done. Or let --engine ray spread one
    run over the nodes of a Ray cluster.

    \b
    Examples:
      molgen screen library.smi -o admet.csv
      molgen screen library.smi -m esol.molgen -o scores.csv
      molgen screen a.csv.gz b.csv.gz -m esol.molgen -o scores.parquet --workers 2
      molgen screen library.smi -m esol.molgen -o scores.csv --engine ray --ray-address 10.0.0.1:6379 --workers 64
      molgen screen library.smi -m esol.molgen -o scores.csv --top 50 --hits hits.sdf --report report.html
      molgen screen library.smi -m esol.molgen -o scores.csv --columns id,status,logS
      molgen screen library.smi --protein kinases.fasta -m kinases.molgen -o scores.csv --hits hits.csv
      molgen screen library.smi --profiles expression.csv -m response.molgen -o scores.csv
      molgen screen genes.fasta -m expression.molgen -o scores.csv
      molgen screen library.smi -m esol.molgen -o scores.csv --filter lipinski --filter pains --window 'MolWt<=450' --annotate qed
    """
    import molgen
    from molgen.cli.printing import print_screen, row_progress
    from molgen.cli.stopping import stoppable
    from molgen.filters.collect import collect_filters
    from molgen.screening.folder import parts_folder

    wanted = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    filters = collect_filters(names, windows=windows, smarts=smarts, reject=reject, require=require)
    folder = parts_folder(Path(options["output"]), options["shard"])
    # What Ray tells of nodes that die is no part of the output.
    with row_progress(quiet) as progress, stoppable(folder), redirect_stdout(sys.stderr):
        result = molgen.screen(library, columns=wanted, filters=filters, progress=progress, **options)
    print_screen(result, options["hits"], options["report"], as_json=as_json, funnel=bool(filters or options["drop_duplicates"]))
