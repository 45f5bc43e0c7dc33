"""``molgen``: the group of commands, and how errors leave it."""

from __future__ import annotations

import sys
from typing import Any

import click

from molgen import __version__
from molgen.cli.completion import completion
from molgen.cli.data import data
from molgen.cli.demo import demo
from molgen.cli.diverse import diverse
from molgen.cli.evaluate import evaluate
from molgen.cli.explain import explain
from molgen.cli.export import export
from molgen.cli.featurize import featurize
from molgen.cli.filter import filter_command
from molgen.cli.inspect import inspect
from molgen.cli.match import match
from molgen.cli.merge import merge
from molgen.cli.motifs import motifs
from molgen.cli.prepare import prepare
from molgen.cli.pretrain import pretrain
from molgen.cli.scan import scan
from molgen.cli.screen import screen
from molgen.cli.similar import similar
from molgen.cli.tracks import tracks
from molgen.cli.train import train
from molgen.cli.variants import variants
from molgen.errors import ConfigError, MolgenError

__all__ = ["main"]


#: Other names of commands, for fingers that learnt them elsewhere.
_ALIASES = {"predict": "screen"}


class _Group(click.Group):
    """Prints molgen's errors as one line: exit code 2 if the call was wrong, 1 if the job failed."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, _ALIASES.get(cmd_name, cmd_name))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            raise SystemExit(130) from None
        except ConfigError as error:
            raise click.UsageError(str(error)) from None
        except MolgenError as error:
            raise click.ClickException(str(error)) from None
        except BrokenPipeError:
            # The reader of a pipe, such as head, has gone: nothing is wrong, and nothing more can be printed.
            sys.stderr.close()
            raise SystemExit(0) from None
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'file'}: {error.strerror or error}") from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="molgen")
def main() -> None:
    """Train property models on your compounds, and screen libraries with them.

    \b
    molgen train measured.csv --target pIC50 -o model.molgen
    molgen screen library.smi -m model.molgen -o scores.csv --hits hits.csv
    """


for _command in (
    data,
    featurize,
    train,
    evaluate,
    explain,
    export,
    prepare,
    pretrain,
    screen,
    merge,
    variants,
    scan,
    motifs,
    tracks,
    filter_command,
    similar,
    match,
    diverse,
    inspect,
    demo,
    completion,
):
    main.add_command(_command)
