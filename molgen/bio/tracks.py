"""Tracks: what was counted at each place of a genome, as bedGraph and bigWig files have it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.errors import InputError
from molgen.extras import import_extra
from molgen.streams.source import Source
from molgen.streams.text import read_lines

__all__ = ["Track", "open_track"]

_BIG_WIG = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")
_PLACE = re.compile(r"[0-9]{1,18}").fullmatch
#: Counts beyond this are none.
_MOST_COUNTED = 1e30


class Track(ABC):
    """Counts along contigs.

    Attributes
    ----------
    name, sha256
        What messages call the file, and the digest of its bytes.
    contigs
        Those that something is told of.
    """

    contigs: frozenset[str]

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.sha256 = source.sha256()

    @abstractmethod
    def fetch(self, contig: str, start: int, stop: int) -> NDArray[np.float32]:
        """Return the counts of a stretch, ``[stop - start]``; places that the file says nothing of have 0.

        Parameters
        ----------
        contig, start, stop
            0-based; the place ``stop`` is the first that is not in it. No place before or after the contig is told anything of.

        Raises
        ------
        InputError
            If nothing is told of the contig.
        """

    def _known(self, contig: str) -> None:
        if contig not in self.contigs:
            expected = f"{', '.join(sorted(self.contigs)[:3])} ..."
            raise InputError(f"no counts on contig {contig!r}", where=self.name, expected=expected)


def open_track(path: str | Path) -> Track:
    """Open a bedGraph file, plain or packed, which is read into memory, or a bigWig file, which needs the extra ``tracks``.

    Raises
    ------
    InputError
        If the file is missing, neither of both, or holds what is no count: a negative number, or two for one place.
    MissingExtraError
        If a bigWig file is to be read without the package for it.
    """
    source = Source(path)
    return _BigWig(source) if source.head().startswith(_BIG_WIG) else _BedGraph(source)


class _Stretches(NamedTuple):
    """Stretches of a contig that do not overlap, in order, and what was counted at each of their places."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    counts: NDArray[np.float32]


class _BedGraph(Track):
    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._stretches = _read_bed_graph(source)
        self.contigs = frozenset(self._stretches)

    def fetch(self, contig: str, start: int, stop: int) -> NDArray[np.float32]:
        self._known(contig)
        starts, stops, counts = self._stretches[contig]
        first, last = int(np.searchsorted(stops, start, side="right")), int(np.searchsorted(starts, stop, side="left"))
        begins = np.maximum(starts[first:last], start) - start
        lengths = np.minimum(stops[first:last], stop) - start - begins
        places = np.repeat(begins - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        found = np.zeros(stop - start, np.float32)
        found[places] = np.repeat(counts[first:last], lengths)
        return found


def _read_bed_graph(source: Source) -> Mapping[str, _Stretches]:
    columns: dict[str, tuple[array[int], array[int], array[float]]] = {}
    for line in read_lines(source):
        text = line.text.strip()
        if not text or text.startswith(("#", "track ", "track\t", "browser ")):
            continue
        cells = text.split()
        if line.problem or len(cells) != 4 or not (_PLACE(cells[1]) and _PLACE(cells[2]) and int(cells[1]) < int(cells[2])):
            raise _refused(line.problem or "no stretch", source, line.number, "contig, start, stop and count", text)
        try:
            count = float(cells[3])
        except ValueError:
            count = np.nan
        if not 0 <= count <= _MOST_COUNTED:
            raise _refused("no count", source, line.number, "a number of 0 or more", text)
        start, stop = int(cells[1]), int(cells[2])
        own = columns.setdefault(cells[0], (array("q"), array("q"), array("f")))
        own[0].append(start)
        own[1].append(stop)
        own[2].append(count)
    if not columns:
        raise InputError("no counts", where=source.name, expected="a bedGraph or bigWig file")
    return {contig: _in_order(contig, own, source.name) for contig, own in columns.items()}


def _in_order(contig: str, columns: tuple[array[int], array[int], array[float]], where: str) -> _Stretches:
    starts, stops, counts = np.array(columns[0]), np.array(columns[1]), np.array(columns[2])
    order = np.argsort(starts, kind="stable")
    found = _Stretches(starts[order], stops[order], counts[order])
    twice = np.flatnonzero(found.stops[:-1] > found.starts[1:])
    if len(twice):
        place = int(found.starts[twice[0] + 1])
        raise InputError("two counts for one place", where=where, got=f"{contig}:{place}", remedy="merge the stretches first")
    return found


def _refused(what: str, source: Source, number: int, expected: str, text: str) -> InputError:
    return InputError(what, where=f"{source.name}, line {number}", expected=expected, got=repr(text[:60]))


class _BigWig(Track):
    def __init__(self, source: Source) -> None:
        if not source.is_file:
            raise InputError("a bigWig file cannot come through a pipe", where=source.name, remedy="name the file")
        super().__init__(source)
        package: Any = import_extra("pyBigWig", "tracks")
        # What reads bigWig files crashes on those that were cut off.
        with source.path.open("rb") as file:
            file.seek(-4, 2)
            whole = file.read() == source.head()[:4]
        if not whole:
            raise InputError("the file cannot be read", where=self.name, got="no whole bigWig file")
        try:
            self._file = package.open(str(source.path))
            self._lengths = dict(self._file.chroms())
        except RuntimeError as error:
            raise InputError("the file cannot be read", where=self.name, got=str(error)[:80]) from None
        self.contigs = frozenset(self._lengths)

    def fetch(self, contig: str, start: int, stop: int) -> NDArray[np.float32]:
        self._known(contig)
        found = np.zeros(stop - start, np.float32)
        first, last = max(0, start), min(stop, self._lengths[contig])
        if first < last:
            try:
                values = self._file.values(contig, first, last, numpy=True)
            except RuntimeError as error:
                raise InputError("the file is damaged", where=self.name, got=str(error)[:80]) from None
            if len(values):  # a file without any value gives none
                found[first - start : last - start] = np.nan_to_num(values, nan=0.0, posinf=np.inf)
        if not 0 <= found.min(initial=0.0) <= found.max(initial=0.0) <= _MOST_COUNTED:
            got = f"{found.min():g} to {found.max():g} in {contig}:{start}-{stop}"
            raise InputError("no counts", where=self.name, expected="numbers of 0 or more", got=got)
        return found
