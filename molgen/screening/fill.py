"""Score what a folder of parts lacks; the rest of the library is only read past."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing

import pyarrow as pa

from molgen.data.library import AnyBlock, Library
from molgen.errors import InputError
from molgen.screening.folder import End, PartsFolder
from molgen.screening.manifest import Shard
from molgen.screening.parts import PART_BLOCKS, write_part
from molgen.screening.score import ScoredBlock, refuse_bad_row

__all__ = ["Progress", "fill"]

#: Told how many rows are done, and about which share of the library that is.
Progress = Callable[[int, float], None]


class _Reading:
    """A library's blocks on their way past: those that are wanted come out, and all are counted."""

    def __init__(self, library: Library, shard: Shard, done: set[int]) -> None:
        self.blocks = self.rows = self.skipped = 0
        self._library, self._shard, self._done = library, shard, done

    def wanted(self) -> Iterator[AnyBlock]:
        for block in self._library.deferred_blocks():
            self.blocks += 1
            self.rows += block.size
            part = block.number // PART_BLOCKS
            if self._shard.has(part) and part not in self._done:
                yield block
            else:
                self.skipped += block.size


def fill(
    folder: PartsFolder,
    library: Library,
    schema: pa.Schema,
    score: Callable[[Iterable[AnyBlock]], Generator[ScoredBlock]],
    *,
    strict: bool = False,
    progress: Progress | None = None,
) -> End:
    """Score the parts that are the folder's and not there yet.

    Parameters
    ----------
    folder
        Where they go; its manifest says which are its own.
    library
        What is screened.
    schema
        Of the scored batches.
    score
        Scores blocks, in order.
    strict
        Whether to stop at a row that cannot be scored.
    progress
        Told how many rows are done.

    Returns
    -------
    End
        How long the library is.

    Raises
    ------
    InputError
        If the disk is full, the library is damaged or changed while it was read, or `strict` met a row. What is done by then stays,
        but for a library that changed.
    """
    end, manifest = folder.end, folder.manifest
    if end is not None:
        return end
    reading = _Reading(library, manifest.shard, folder.done())
    pending: list[ScoredBlock] = []
    scored = 0
    with closing(score(reading.wanted())) as blocks:
        for block in blocks:
            if strict:
                refuse_bad_row(block.batch)
            pending.append(block)
            if (block.number + 1) % PART_BLOCKS == 0:
                _write(folder, pending, schema)
            scored += len(block.batch)
            if progress:
                progress(reading.skipped + scored, library.share_read())
    fingerprint = manifest.run["library"]
    changed = None if fingerprint is None else library.changed(fingerprint)
    if changed is not None:
        folder.remove()  # nobody knows which of its parts are of the file as it is now
        raise InputError("the file changed while it was read", where=changed, remedy="start again when nothing writes to it")
    if pending:
        _write(folder, pending, schema)
    end = End(reading.blocks, reading.rows, library.notes)
    folder.write_end(end)
    return end


def _write(folder: PartsFolder, pending: list[ScoredBlock], schema: pa.Schema) -> None:
    write_part(folder.part(pending[0].number // PART_BLOCKS), pending, schema)
    pending.clear()
