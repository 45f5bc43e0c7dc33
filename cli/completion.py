"""``molgen completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete molgen's commands and options with the tabulator key.

    \b
    Examples:
      molgen completion bash >> ~/.bashrc
      molgen completion zsh >> ~/.zshrc
      molgen completion fish > ~/.config/fish/completions/molgen.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click has all three
    click.echo(kind(context.find_root().command, {}, "molgen", "_MOLGEN_COMPLETE").source())
