"""An end that a user or a scheduler asks for: a line that says what stays, and the exit code of the signal."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import click

__all__ = ["stoppable"]


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled as Ctrl-C is."""


@contextlib.contextmanager
def stoppable(folder: Path) -> Iterator[None]:
    """Let SIGINT and SIGTERM end what runs within, and say that the same command goes on where results lie in a folder."""
    if threading.current_thread() is not threading.main_thread():  # no place for handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except KeyboardInterrupt as stop:
        kept = f" What is done lies in {folder}: the same command goes on from there." if folder.exists() else ""
        click.echo(f"Interrupted.{kept}", err=True)
        raise SystemExit(143 if isinstance(stop, _Terminated) else 130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_: int, __: FrameType | None) -> None:
    raise _Terminated
