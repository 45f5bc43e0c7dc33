"""Intervals of a genome with what was counted in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molgen.bio.intervals import window
from molgen.bio.tracks import open_track
from molgen.data.counts import Counts, check_tracks
from molgen.data.derived import Derived
from molgen.data.paths import named_file
from molgen.data.tables import AnyTable, Row
from molgen.errors import ConfigError, InputError

__all__ = ["CountedTable", "named_tracks"]


class CountedTable(Derived):
    """Intervals with a column for each track: the logarithm of one more than was counted in the window of a row.

    Parameters
    ----------
    table
        Rows with the columns ``contig, start, stop, strand``.
    tracks
        ``NAME=FILE``, or ``NAME=PLUS,MINUS`` where each strand was counted by itself; see :func:`~molgen.bio.tracks.open_track`.
    length
        Letters of a row, around the middle of its interval.

    Raises
    ------
    ConfigError
        If a track has no name, or another one's.
    InputError
        If a file cannot be used.
    """

    def __init__(self, table: AnyTable, tracks: Sequence[str], length: int) -> None:
        paths = named_tracks(tracks)
        super().__init__(table, [*table.columns, *paths])
        if taken := [name for name in paths if name in table.columns]:
            raise ConfigError(f"there is a column {taken[0]!r} already", where="--track", remedy="call the track something else")
        self.strands = {name: len(files) for name, files in paths.items()}
        self._tracks = [[open_track(path) for path in files] for files in paths.values()]
        self._length = length
        self._at = [table.columns.index(name) for name in ("contig", "start", "stop", "strand")]

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows; one of a contig that was not counted comes out with a problem."""
        blank = [""] * len(self.strands)
        for row in self.table.rows():
            totals, problem = blank, row.problem
            if not problem:
                try:
                    totals = [repr(float(np.log1p(each.sum(dtype=np.float64)))) for each in self._counts(row)]
                except InputError as error:
                    problem = str(error)
            yield row._replace(values=[*row.values, *totals], problem=problem)

    def counts(self, groups: Sequence[Sequence[Row]]) -> Counts:
        """Return the mean counts, at each place, of the rows of each group."""
        values = np.zeros((len(groups), sum(self.strands.values()), self._length), np.float32)
        for at, rows in enumerate(groups):
            values[at] = np.mean([np.concatenate(self._counts(row)) for row in rows], axis=0)
        return Counts(self.strands, values)

    def _counts(self, row: Row) -> list[NDArray[np.float32]]:
        """Return the counts of each track, ``[strands, length]``, turned as the letters of the row are."""
        contig, start, stop, strand = (row.values[at] for at in self._at)
        place = window(int(start), int(stop), self._length)
        found = [np.stack([track.fetch(contig, *place) for track in strands]) for strands in self._tracks]
        return [each[::-1, ::-1] if strand == "-" else each for each in found]

    def fingerprint(self) -> dict[str, str]:
        """Return that of the table, with what the tracks add to the digest."""
        own = self.table.fingerprint()
        told = [f"{name}={track.sha256}" for name, of in zip(self.strands, self._tracks, strict=True) for track in of]
        return {**own, "sha256": hashlib.sha256(" ".join([own["sha256"], *told]).encode()).hexdigest()}


def named_tracks(tracks: Sequence[str]) -> dict[str, list[Path]]:
    """Return the files of each track, one or one a strand, by name.

    Raises
    ------
    ConfigError
        If a track has no name, or another one's, or more than two files, or a name that no file could have.
    """
    paths: dict[str, list[Path]] = {}
    for each in tracks:
        name, path = named_file(each)
        files = str(path).split(",")
        if not name or name in paths or len(files) > 2 or not all(files):
            wrong = "more than two strands" if len(files) > 2 else "a strand without a file"
            problem = "a track needs a name" if not name else "two tracks of one name" if name in paths else wrong
            raise ConfigError(problem, where="--track", expected="NAME=FILE, or NAME=PLUS,MINUS", got=each[:80])
        paths[name] = [Path(file) for file in files]
    check_tracks({name: len(files) for name, files in paths.items()})
    return paths
