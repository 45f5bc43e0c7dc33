"""``molgen export``."""

from __future__ import annotations

import click

from molgen.cli.options import ModelName, json_option, output_option, overwrite_option


@click.command()
@click.argument("model", type=ModelName())
@output_option("ONNX file to write.")
@click.option("--expert", metavar="NAME", help="Which graph network of a blend [the first].")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "int8"]),
    default="fp32",
    show_default=True,
    help="Of the weights: as trained, half as large, or a quarter as large at the cost of digits.",
)
@json_option
@overwrite_option
def export(model: str, output: str, expert: str | None, precision: str, as_json: bool, overwrite: bool) -> None:
    """Write a graph network of MODEL as an ONNX file, to run where PyTorch is not.

    What ONNX Runtime makes of a few molecules is compared with what the model says.

    \b
    Examples:
      molgen export admet-fast -o admet-fast.onnx
      molgen export pic50.molgen -o pic50.onnx --expert pretrained --precision fp16
    """
    import molgen
    from molgen.cli.printing import print_json

    result = molgen.export(model, output, expert=expert, precision=precision, overwrite=overwrite)  # type: ignore[arg-type]
    if as_json:
        print_json(result.to_json())
        return
    what = "the model" if result.whole else f"expert {result.expert}, one of a blend: its values are not the model's"
    click.echo(f"{result.size / 2**20:.2f} MB, {len(result.tasks)} tasks: {what}")
    click.echo(f"ONNX Runtime and the model differ by {result.deviation:.1g} at most on a few molecules")
    if result.deviation > 0.05:
        click.echo("note: that is a lot; weights of fewer bits cost this model digits that it needs", err=True)
    click.echo(f"Written to {output}")
