"""A run in a folder of parts, from its beginning or from where it was killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from molgen.data.library import AnyBlock, Library
from molgen.screening.fill import Progress, fill
from molgen.screening.folder import End, PartsFolder
from molgen.screening.gather import Results
from molgen.screening.manifest import Manifest
from molgen.screening.score import ScoredBlock

__all__ = ["Finished", "finished_parts"]


class Finished(NamedTuple):
    """A folder in which all parts are.

    Attributes
    ----------
    folder
        Locked; whoever makes outputs of it calls ``finish(output)`` before the first and ``remove()`` after the last.
    results
        What the parts hold.
    end
        How long the library is.
    """

    folder: PartsFolder
    results: Results
    end: End


@contextlib.contextmanager
def finished_parts(
    path: Path,
    manifest: Manifest,
    library: Library,
    score: Callable[[Iterable[AnyBlock]], Generator[ScoredBlock]],
    *,
    restart: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> Iterator[Finished]:
    """Score what a folder lacks, and give its results; it stays if what is done with them fails, unless nothing is done yet.

    Parameters
    ----------
    path
        The folder.
    manifest
        What decides the results; a folder of another run is refused.
    library
        What is screened. One that came through a pipe cannot be read again: nothing of it stays.
    score
        Scores blocks, in order.
    restart
        Throw away what is there.
    strict, progress
        As for :func:`~molgen.screening.fill.fill`.

    Raises
    ------
    InputError, ConfigError
        As :meth:`PartsFolder.locked`, :meth:`PartsFolder.open_run` and :func:`~molgen.screening.fill.fill`.
    """
    with PartsFolder.locked(path) as folder:
        folder.open_run(manifest, restart=restart)
        try:
            end = fill(folder, library, manifest.schema, score, strict=strict, progress=progress)
            yield Finished(folder, Results.described(manifest, [folder.part(at) for at in sorted(folder.done())]), end)
        except BaseException:
            if manifest.run["library"] is None or not folder.done():
                folder.remove()
            raise
