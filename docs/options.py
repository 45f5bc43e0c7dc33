"""Writes the tables of options in docs/commands/ from the commands themselves: ``python docs/options.py``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from molgen.cli.main import main

__all__ = ["COMMANDS", "with_options"]

COMMANDS = Path(__file__).parent / "commands"
_PLACE = re.compile(r"(<!-- options: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_options(page: str) -> str:
    """Return a page with its tables of options as the commands have them now.

    Parameters
    ----------
    page
        Markdown; a table stands between ``<!-- options: COMMAND -->`` and ``<!-- end -->``.

    Returns
    -------
    str
        The page, ready to be written.
    """
    return _PLACE.sub(lambda found: f"{found[1]}{_table(found[2])}{found[3]}", page)


def _table(name: str) -> str:
    command: click.Command = main
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return "| option | |\n|---|---|\n" + "".join(f"| `{flags}` | {text} |\n" for flags, text in _options(command))


def _options(command: click.Command) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=command.name)
    for option in command.params:  # without --help, which every command has
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None:
            yield record[0].replace("|", "\\|"), record[1].replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    for path in sorted(COMMANDS.glob("*.md")):
        path.write_text(with_options(path.read_text()))
