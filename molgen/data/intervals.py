"""Stretches of a genome as a table: a row an interval of a BED file, with its letters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from molgen.bio.genome import Genome
from molgen.bio.intervals import Interval, read_intervals, window
from molgen.bio.records import find_format
from molgen.data.tables import Row, Table
from molgen.errors import ConfigError, InputError
from molgen.streams.source import Source

__all__ = ["IntervalTable"]


class IntervalTable(Table):
    """A BED file over a genome: columns ``sequence, id, contig, start, stop, score, strand``.

    Parameters
    ----------
    path
        A BED file, plain or packed; ``-`` is standard input. An interval on the strand ``-`` gets the reverse complement, one
        without a name is called ``contig:start-stop``.
    genome
        Where the letters are read.
    length
        Letters of every row, around the middle of its interval: the letter at ``(start + stop) // 2`` has ``length // 2`` letters
        before it. ``None`` for the intervals as they are.

    Raises
    ------
    ConfigError
        If the length is no number of letters.
    InputError
        If the file is missing or empty.
    """

    def __init__(self, path: str | Path, genome: Genome, length: int | None = None) -> None:
        if length is not None and length < 1:
            raise ConfigError("a length is one letter or more", where="length", expected="1 or more", got=str(length))
        source = Source(path)
        found = find_format(source.head())
        if found is not None:
            raise InputError(
                "no BED file, which is what a genome is for", where=source.name, got=found, remedy="leave --genome out"
            )
        super().__init__(source, ["sequence", "id", "contig", "start", "stop", "score", "strand"], format="bed")
        self.sequence = "sequence"
        self._genome = genome
        self._length = length

    @classmethod
    def recognizes(cls, head: bytes) -> bool:  # noqa: ARG003
        """Recognize nothing: without a genome a BED file is an ordinary table."""
        return False

    @classmethod
    def open(cls, source: Source) -> Self:
        """Refuse: a genome is needed."""
        raise ConfigError("intervals need a genome", where=source.name)

    def rows(self) -> Iterator[Row]:
        """Iterate over all intervals, each once, in order; one that the genome does not have comes out with a problem.

        Raises
        ------
        InputError
            If the file turns out to be damaged; the rows before the damage came out.
        """
        for each in read_intervals(self.source):
            letters, problem = "", each.problem or None
            if problem is None:
                try:
                    letters = self._letters(each)
                except InputError as error:
                    problem = f"not in the genome: {error}"
            name = each.name if each.name not in ("", ".") else f"{each.contig}:{each.start}-{each.stop}"
            values = [letters, name, each.contig, str(each.start), str(each.stop), each.score, each.strand]
            yield Row(each.number, each.number, values, problem)

    def find_smiles(self, wanted: str | None = None) -> str:  # noqa: ARG002 - there is none whatever is wanted
        """Refuse: there are no structures in the file."""
        raise InputError("intervals of a genome, not molecules", where=self.name)

    def place(self, row: Row) -> str:
        """Say where in the file a row is."""
        return f"interval {row.number}"

    def _letters(self, interval: Interval) -> str:
        start, stop = interval.start, interval.stop
        if self._length is not None:
            start, stop = window(start, stop, self._length)
        return self._genome.fetch(interval.contig, start, stop, strand=interval.strand or "+")
