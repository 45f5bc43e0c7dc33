"""Numbers along a genome, put together from windows that may overlap, as genome browsers read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.files import replacing

__all__ = ["Coverage", "Stretch", "write_bed_graph"]


class Stretch(NamedTuple):
    """Places of one number; 0-based, the place ``stop`` is the first that is not in it."""

    contig: str
    start: int
    stop: int
    value: float


class Coverage:
    """Windows of a genome with a number for each strand and place; they stay in memory."""

    def __init__(self) -> None:
        self._windows: dict[str, list[tuple[int, NDArray[np.float32]]]] = {}

    def add(self, contig: str, start: int, values: NDArray[np.float32]) -> None:
        """Add a window, ``[strands, length]``."""
        self._windows.setdefault(contig, []).append((start, values))

    def stretches(self, strand: int) -> Iterator[Stretch]:
        """Iterate over one strand, in order of contigs as they came and of places: the mean of all windows that a place is in."""
        for contig, windows in self._windows.items():
            for start, means in _regions(sorted(windows, key=lambda window: window[0]), strand):
                ends = np.append(np.flatnonzero(np.diff(means)) + 1, len(means))
                for first, last in zip(np.append(0, ends[:-1]).tolist(), ends.tolist(), strict=True):
                    yield Stretch(contig, start + first, start + last, float(means[first]))


def _regions(windows: list[tuple[int, NDArray[np.float32]]], strand: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield where each run of windows that overlap, or touch, begins, and the mean at each of its places."""
    at = 0
    while at < len(windows):
        start = windows[at][0]
        stop, last = start, at
        while (last < len(windows) and windows[last][0] <= stop) or last == at:
            stop = max(stop, windows[last][0] + windows[last][1].shape[1])
            last += 1
        sums, times = np.zeros(stop - start), np.zeros(stop - start)
        for begin, values in windows[at:last]:
            part = slice(begin - start, begin - start + values.shape[1])
            sums[part] += values[strand]
            times[part] += 1
        yield start, sums / times
        at = last


def write_bed_graph(path: Path, stretches: Iterable[Stretch]) -> None:
    """Write a bedGraph file, under a temporary name until it is whole."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for each in stretches:
            file.write(f"{each.contig}\t{each.start}\t{each.stop}\t{each.value:.4g}\n")
