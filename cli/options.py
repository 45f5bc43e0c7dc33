"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["column_options", "output_option", "overwrite_option", "quiet_option", "relation_option"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which columns hold the SMILES and the compound's name."""
    command = click.option("--id", "ids", metavar="COLUMN", help="Column with the compound's name or number [guessed].")(command)
    return click.option("--smiles", metavar="COLUMN", help="Column with the SMILES [guessed].")(command)


relation_option = click.option(
    "--relation", "relations", multiple=True, metavar="COLUMN", help="Column of =, < and > for labels that are limits."
)


def output_option(what: str, *, required: bool = True) -> Decorator:
    """The file to write."""
    return click.option("-o", "--output", required=required, type=click.Path(dir_okay=False), metavar="FILE", help=what)


overwrite_option = click.option("--overwrite", is_flag=True, help="Replace output files that exist.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
