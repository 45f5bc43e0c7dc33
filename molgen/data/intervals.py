"""Stretches of a genome as a stream of blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from molgen.bio.genome import Genome
from molgen.bio.intervals import Interval, read_intervals
from molgen.data.library import BLOCK_ROWS, Block
from molgen.errors import ConfigError, InputError
from molgen.streams.source import Source

__all__ = ["IntervalLibrary"]


class IntervalLibrary:
    """BED files over a genome: what :class:`~molgen.data.library.Library` is for files that hold the sequences themselves.

    Parameters
    ----------
    paths
        BED files, plain or packed; ``-`` is standard input.
    genome
        Where the letters are read.
    window
        Letters of every row, around the middle of its interval: the letter at ``(start + stop) // 2`` has ``window // 2`` letters
        before it. ``None`` for the intervals as they are.

    Attributes
    ----------
    notes
        What was unusual about the files.

    Raises
    ------
    ConfigError
        If the window is no number of letters.
    InputError
        If a file is missing.
    """

    def __init__(self, paths: Sequence[str | Path], genome: Genome, window: int | None = None) -> None:
        if window is not None and window < 1:
            raise ConfigError("a window has letters", where="window", expected="1 or more", got=str(window))
        self.notes: list[str] = []
        self._sources = [Source(path) for path in paths]
        self._genome = genome
        self._window = window
        for source in self._sources:
            source.head()

    def share_read(self) -> float:
        """Return how much of the files was read so far, 0 to 1; 0 for a pipe, whose end is not known."""
        sizes = [source.size() or 0 for source in self._sources]
        return min(1.0, sum(source.tally.bytes for source in self._sources) / max(1, sum(sizes)))

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Block]:
        """Iterate over all intervals, each once, in order; a block never spans two files.

        Raises
        ------
        InputError
            If a file turns out to be damaged; the blocks before the damage came out.
        """
        number = 0
        for source in self._sources:
            intervals = read_intervals(source)
            while batch := list(islice(intervals, size)):
                yield self._block(number, source.name, batch)
                number += 1

    def _block(self, number: int, source: str, intervals: list[Interval]) -> Block:
        letters, problems = [""] * len(intervals), {}
        for at, interval in enumerate(intervals):
            try:
                letters[at] = "" if interval.problem else self._letters(interval)
            except InputError as error:
                problems[at] = f"not in the genome: {error} (interval {interval.number})"
            if interval.problem:
                problems[at] = f"{interval.problem} (interval {interval.number})"
        ids = [each.name if each.name not in ("", ".") else f"{each.contig}:{each.start}-{each.stop}" for each in intervals]
        return Block(number, source, [each.number for each in intervals], ids, letters, problems, [])

    def _letters(self, interval: Interval) -> str:
        start, stop = interval.start, interval.stop
        if self._window is not None:
            start = (start + stop) // 2 - self._window // 2
            stop = start + self._window
        return self._genome.fetch(interval.contig, start, stop, strand=interval.strand or "+")
