"""``molgen pretrain``."""

from __future__ import annotations

import statistics
from typing import Any

import click

from molgen.cli.options import files_argument, json_option, output_option, overwrite_option, quiet_option
from molgen.nn.parts import MESSAGE_PASSING, part_names


@click.command()
@files_argument("library", folders=True)
@output_option("Model to write, NAME.molgen by custom.")
@click.option("--network", help=f"Message passing of the graph network: {', '.join(part_names(MESSAGE_PASSING))} [dmpnn].")
@click.option("--width", type=int, help="Size of its vectors [128].")
@click.option("--steps", type=int, help="Rounds of message passing [2].")
@click.option("--epochs", type=click.IntRange(1), help="Times it sees each compound [10].")
@click.option("--share", type=float, help="Share of the descriptors that the loss looks at in each step [0.15].")
@click.option("--seed", type=click.IntRange(0), help="Decides everything random [0].")
@click.option("--device", help="auto, cpu, cuda, cuda:1 ... [auto].")
@click.option("--checkpoint", type=click.Path(file_okay=False), metavar="FOLDER", help="Keep the run here, to go on after a kill.")
@click.option("--config", type=click.Path(exists=True, dir_okay=False), help="TOML file of settings; flags come first.")
@json_option
@overwrite_option
@quiet_option
def pretrain(
    library: list[str],
    output: str,
    share: float | None,
    seed: int | None,
    device: str | None,
    checkpoint: str | None,
    config: str | None,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
    **graph: Any,
) -> None:
    """Train a graph network to tell the descriptors of LIBRARY, a prepared library of compounds that nobody has to have measured.

    molgen train --from starts from it: what the network has learnt of molecules helps where measured compounds are few. The library
    is held in memory, some 4 KB a compound.

    \b
    Examples:
      molgen prepare library.smi.gz -o library/ --store Descriptors
      molgen pretrain library/ -o encoder.molgen --checkpoint run
      molgen train measured.csv --target pIC50 --from encoder.molgen -o pic50.molgen
    """
    import molgen
    from molgen.cli.printing import print_json, stage_progress

    settings: dict[str, Any] = {
        key: value for key, value in {"share": share, "seed": seed, "device": device}.items() if value is not None
    }
    if chosen := {key: value for key, value in graph.items() if value is not None}:
        settings["graph"] = chosen
    with stage_progress(quiet) as progress:
        result = molgen.pretrain(
            library, output, config=config, checkpoint=checkpoint, overwrite=overwrite, progress=progress, **settings
        )
    if as_json:
        print_json({"model": output, **result.to_json()})
        return
    train, valid = result.compounds
    click.echo(f"Trained on {train:,} compounds; {valid:,} were kept from training.")
    if result.r2:
        middle = statistics.median(result.r2.values())
        click.echo(f"Of the variance of {len(result.r2)} descriptors of those it tells {middle:.3f} in the median.")
    click.echo(f"Model written to {output}")
