"""``molgen featurize``."""

import click


@click.command()
def featurize() -> None:
    """X."""
