"""``molgen inspect``."""

import click


@click.command()
def inspect() -> None:
    """X."""
