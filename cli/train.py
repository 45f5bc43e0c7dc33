"""``molgen train``."""

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
    quiet_option,
    split_options,
)
from molgen.nn.parts import MESSAGE_PASSING, SEQUENCE, part_names


@click.command()
@files_argument("data")
@click.option("--target", "targets", multiple=True, metavar="COLUMN", help="Column to predict; repeat for several.")
@column_options
@click.option("--alphabet", type=click.Choice(["auto", "dna", "rna", "protein"]), help="Of sequences [auto].")
@measured_options
@click.option(
    "--gene-graph",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Table of two columns of genes that interact: networks of samples pass messages between them.",
)
@output_option("Model to write, NAME.molgen by custom.")
@click.option("--kind", type=click.Choice(["auto", "regression", "binary", "multiclass"]), help="Kind of the targets [auto].")
@click.option(
    "--direction",
    "directions",
    multiple=True,
    type=click.Choice(["high", "low"]),
    help="Is a high or a low value good? Ranks hits; one for all targets, or one each [high].",
)
@click.option(
    "--positive", "positives", multiple=True, metavar="CLASS", help="Positive class of two, or of several the one that ranks hits."
)
@click.option("--unit", "units", multiple=True, metavar="UNIT", help="Unit of the target, for display; one for all, or one each.")
@label_options
@click.option("--weight", metavar="COLUMN", help="Column of how much each row counts in training.")
@click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="COLUMN",
    help="Column of numbers to read beside the structure; repeat for several.",
)
@click.option(
    "--replicates",
    type=click.Choice(["aggregate", "keep", "first", "error"]),
    help="Rows of the same compound: one by median or majority, all of them, the first, or none allowed [aggregate].",
)
@split_options
@click.option(
    "--experts",
    type=click.Choice(["graph", "network", "tabular", "blend"]),
    help="Networks (graph: of molecules), boosted trees, or both [blend].",
)
@click.option("--fast", is_flag=True, default=None, help="A blend that computes no expensive descriptors.")
@click.option(
    "--network",
    metavar="NAME",
    help=f"Of molecules: {', '.join(part_names(MESSAGE_PASSING))} [dmpnn]; sequences: {', '.join(part_names(SEQUENCE))} [dilated].",
)
@click.option(
    "--strands",
    type=click.Choice(["forward", "augment", "average", "share"]),
    help="What networks make of the two strands [average for intervals without a strand, else forward].",
)
@click.option(
    "--ensemble",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Networks of each kind on the same rows, averaged [if no committee: 2 in a blend of up to 5,000 rows, else 1].",
)
@click.option(
    "--committee",
    type=click.IntRange(0, 100),
    metavar="N",
    help="Networks of each kind, each trained without another part: 0 for none, else 3 or more [5 for up to 10,000 compounds].",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
    help="Of matrix products in training [auto: 16 bits on a GPU].",
)
@click.option("--from", "parent", type=ModelName(), help="Start from the networks of a model.")
@click.option(
    "--pretrained",
    metavar="MODEL",
    help="What the pretrained network of a blend starts from, or 'none' for no such network [encoder].",
)
@click.option("--freeze", metavar="LAYERS", help="With --from: layers that stay, 'encoder' or how many from the input.")
@click.option("--checkpoint", type=click.Path(file_okay=False), metavar="FOLDER", help="Keep the run here, to go on after a kill.")
@click.option("--folds", type=click.IntRange(3, 100), metavar="K", help="Cross-validate on K folds, then train on all rows.")
@click.option("--refit", is_flag=True, default=None, help="Train once more, on the validation compounds, too; twice the time.")
@click.option(
    "--out-of-fold", type=click.Path(dir_okay=False), metavar="FILE", help="With --folds: table of out-of-fold predictions."
)
@click.option("--curve", is_flag=True, default=None, help="Train on shares of the data too: would more compounds help?")
@click.option("--balance/--no-balance", default=None, help="Weigh rare positives up in training.")
@click.option("--epochs", type=click.IntRange(1), help="Epochs of each network, at most [60; beyond 5,000 compounds fewer].")
@click.option(
    "--charges",
    type=click.Choice(["auto", "neutral", "drawn"]),
    help="Settle charges that a proton can settle, or leave them as drawn [auto: as drawn if 5 % or more are].",
)
@click.option("--budget", metavar="TIME", help="Time that training may take, such as 10m: fewer epochs and experts if need be.")
@click.option(
    "--search",
    type=click.IntRange(1, 10_000),
    metavar="TRIALS",
    help="Try settings of networks and of trees on the validation compounds, and train with the best.",
)
@click.option("--seed", type=click.IntRange(0), help="Decides everything random [0].")
@click.option("--device", help="auto, cpu, cuda, cuda:1 ... [auto].")
@click.option("--n-jobs", type=int, help="Processes that featurize [1].")
@click.option(
    "--report", type=click.Path(dir_okay=False), metavar="FILE", help="HTML report to write: data, metrics, plots, errors."
)
@click.option(
    "--store-structures", is_flag=True, default=None, help="Keep SMILES, names and labels of the training compounds in the model."
)
@click.option(
    "--percentiles-of",
    metavar="LIBRARY",
    help="Compounds, such as approved drugs, among which predictions are told as percentiles.",
)
@click.option("--config", type=click.Path(exists=True, dir_okay=False), help="TOML file of settings; flags come first.")
@json_option
@overwrite_option
@quiet_option
def train(
    data: list[str],
    targets: tuple[str, ...],
    output: str,
    network: str | None,
    strands: str | None,
    epochs: int | None,
    report: str | None,
    config: str | None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Train a model on DATA, a table of measured compounds (CSV, TSV, SMI, SDF or Parquet, plain or packed; - is standard input).

    Or on sequences: a table with a column of them, FASTA, FASTQ or GenBank files with --labels or --negatives, or BED files over a
    --genome. Or on pairs of both, with --smiles and --sequence: what binds what. Or on responses of samples, such as cell lines, to
    compounds, with --sample and --profiles.

    The model is printed beside its baselines (mean, nearest neighbour, LightGBM; of sequences linear models of letters and words;
    of pairs means of both sides and KronRLS), on validation and test rows that training did not see.

    \b
    Examples:
      molgen train esol.csv --target logS -o esol.molgen --report esol.html
      molgen train tox.csv --target AMES --target hERG --direction low -o tox.molgen
      molgen train pic50.csv --target pIC50 --split-column split --experts graph -o fast.molgen
      molgen train pic50.csv --target pIC50 --folds 5 --out-of-fold oof.csv -o pic50.molgen
      molgen train genes.fasta --labels labels.csv --target expression -o expression.molgen
      molgen train pairs.csv --smiles smiles --sequence sequence --target pKd -o kinases.molgen
      molgen train response.csv --sample cell --profiles expression.csv --target ln_ic50 -o response.molgen
      molgen train peaks.bed --genome hg38.fa --length 200 --negatives gc -o peaks.molgen
      molgen train peaks.bed --genome hg38.fa --length 1000 --track ctcf=plus.bw,minus.bw -o ctcf.molgen
    """
    import molgen
    from molgen.cli.printing import (
        print_applicability,
        print_curve,
        print_folds,
        print_json,
        print_metrics,
        print_search,
        stage_progress,
    )

    settings = {key: value for key, value in flags.items() if value not in (None, (), {})}
    settings |= _network_settings(network, strands, epochs)
    with stage_progress(quiet) as progress:
        result = molgen.train(
            data, output, report=report, target=targets, config=config, overwrite=overwrite, progress=progress, **settings
        )
    if as_json:
        print_json({"model": output, **result.to_json()})
        return
    _print_data(result)
    _print_budget(result.bundle)
    for search in result.searches:
        print_search(search.to_json())
    for part, title in (("valid", "Validation"), ("test", "Test")):
        if part in result.metrics:
            print_metrics(title, result.metrics[part])
    for part, found in result.tracks.items():
        print_metrics(f"Where counts are, {part} part", found)
    if result.cross_validation:
        print_folds(result.cross_validation.to_json())
        if flags["out_of_fold"]:
            click.echo(f"\nOut-of-fold predictions written to {flags['out_of_fold']}")
    print_applicability(result.bundle.card.get("applicability", {}))
    if result.curve:
        print_curve([point.to_json() for point in result.curve])
    _print_no_intervals(result.bundle)
    click.echo(f"\nModel written to {output}")
    if report:
        click.echo(f"Report written to {report}")


def _network_settings(network: str | None, strands: str | None, epochs: int | None) -> dict[str, Any]:
    """Return the settings of networks of molecules, of sequences and of pairs: which of them is trained, the data decide."""
    reads_sequences = network in part_names(SEQUENCE)
    asked = {
        "graph": {"network": None if reads_sequences else network, "epochs": epochs},
        "sequence_network": {"network": network if reads_sequences else None, "strands": strands, "epochs": epochs},
        "pair_network": {"reader" if reads_sequences else "network": network, "epochs": epochs},
    }
    stated = {part: {key: value for key, value in each.items() if value is not None} for part, each in asked.items()}
    return {part: each for part, each in stated.items() if each}


def _print_data(result: Any) -> None:
    sizes = result.split.sizes()
    left = len(result.dataset) - sum(sizes.values())
    parts = [f"{n:,} {part}" for part, n in sizes.items()] + ([f"{left:,} in no part"] if left else [])
    noun = f"{result.dataset.subject.noun}s"
    click.echo(f"{len(result.dataset):,} {noun}: {', '.join(parts)}")
    for note in result.dataset.notes:
        click.echo(f"note: {note}", err=True)
    for what, entries in (("rows left out", result.dataset.dropped), ("labels not read", result.dataset.problems)):
        if entries:
            click.echo(f"{len(entries):,} {what}; the first, line {entries[0][0]}: {entries[0][1]}")
    if result.unused:
        row, reason = next(iter(result.unused.items()))
        click.echo(f"{len(result.unused):,} {noun} in no part; the first, {result.dataset.ids[row]}: {reason}")
    _print_replicates(result.dataset)
    if result.dataset.subject.to_json().get("neutralize") is False:
        click.echo(f"charges are left as drawn: {result.dataset.drawn_charged:.0%} of the compounds are drawn charged")
    for task, limits in zip(result.bundle.tasks, result.dataset.labels.count_limits(), strict=True):
        good = f"{task.direction} is good" + (f", positive is {task.positive!r}" if task.positive else "")
        good += f", classes {', '.join(task.classes)}" if task.kind == "multiclass" else ""
        limited = f", {limits:,} labels are limits" if limits else ""
        click.echo(f"{task.name}: {task.kind}{f' in {task.unit}' if task.unit else ''}, {good}{limited}")


def _print_budget(bundle: Any) -> None:
    """Print what a limited time allowed."""
    allowed = bundle.card["configuration"]["budget"]
    if allowed is None:
        return
    networks = [history for histories in bundle.card["training"].values() for history in histories]
    each = max(map(len, bundle.card["training"].values()), default=0)
    of_networks = f"; networks of each kind: {each}, epochs: {max(one['epochs'] for one in networks)} at most" if networks else ""
    click.echo(f"within {allowed}: {', '.join(expert.name for expert in bundle.experts)}{of_networks}")


def _print_no_intervals(bundle: Any) -> None:
    """Print of which quantities the model gives no intervals."""
    fitted = zip(bundle.tasks, bundle.calibration, strict=True)
    without = [task.name for task, calibration in fitted if task.is_regression and math.isnan(calibration.half_width)]
    if without:
        click.echo(f"\nNo intervals of {', '.join(without)}: too few compounds that experts were not trained on")


def _print_replicates(dataset: Any) -> None:
    found = dataset.replicates
    if dataset.merged:
        click.echo(f"{found['compounds']:,} {dataset.subject.noun}s are measured {found['rows']:,} times: {found['rule']}")
    if dataset.conflicts:
        line, reason = dataset.conflicts[0]
        click.echo(f"{len(dataset.conflicts):,} of these labels disagree; the first, line {line}: {reason}")
