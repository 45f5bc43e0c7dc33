"""Stretches of a genome that are like others, and none of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.bio.genome import Genome

__all__ = ["Place", "match_background"]

#: Stretches that are looked at for each that is matched.
_TRIED = 30
#: Places of a contig that are looked at where these did not suffice: all, of most.
_MOST_TRIED = 1_000_000


class Place(NamedTuple):
    """A stretch of a contig; 0-based, the letter at ``stop`` is the first that is not in it."""

    contig: str
    start: int
    stop: int


def match_background(
    genome: Genome, places: Sequence[Place], rng: np.random.Generator, avoid: Sequence[Place] = ()
) -> list[Place | None]:
    """Draw for each place another one of the same length on the same contig, with about the same share of G and C.

    Of some 30 places at random for each, and of all places of the contig where that leaves some without, those that overlap none of
    ``places`` and ``avoid``, and hold no ``N``, are given out, each once, to those whose share of G and C is nearest.

    Parameters
    ----------
    genome
        Where the letters are.
    places
        Which the genome has.
    rng
        Where the random numbers come from.
    avoid
        Further places that nothing may overlap.

    Returns
    -------
    list
        One a place; ``None`` where its contig has no room left.
    """
    by_kind: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row, place in enumerate(places):
        by_kind[place.contig, place.stop - place.start].append(row)
    found: list[Place | None] = [None] * len(places)
    for (contig, length), rows in by_kind.items():
        taken = np.array(sorted((each.start, each.stop) for each in (*places, *avoid) if each.contig == contig), dtype=np.int64)
        room = genome.lengths[contig] - length + 1
        wanted = np.array([_gc(genome.fetch(*places[row]).upper()) for row in rows])
        given: set[int] = set()
        for tried in (_TRIED * len(rows), _MOST_TRIED):
            starts = np.arange(room) if room <= tried == _MOST_TRIED else np.unique(rng.integers(0, max(1, room), tried))
            left = [at for at, row in enumerate(rows) if found[row] is None]
            if not left:
                break
            free = starts[~_overlaps(starts, length, taken)]
            free = free[~np.isin(free, list(given))]
            texts = [genome.fetch(contig, int(start), int(start) + length).upper() for start in free]
            whole = [at for at, text in enumerate(texts) if "N" not in text]
            shares = np.array([_gc(texts[at]) for at in whole])
            for at, chosen in zip(left, _nearest_once(wanted[left], shares, rng), strict=True):
                if chosen >= 0:
                    start = int(free[whole[chosen]])
                    given.add(start)
                    found[rows[at]] = Place(contig, start, start + length)
    return found


def _gc(letters: str) -> float:
    return (letters.count("G") + letters.count("C")) / max(1, len(letters))


def _overlaps(starts: NDArray[np.int64], length: int, taken: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which stretches overlap one of those that are taken, sorted by their starts."""
    furthest = np.maximum.accumulate(taken[:, 1])
    before = np.searchsorted(taken[:, 0], starts + length, side="left") - 1
    return np.where(before >= 0, furthest[np.maximum(before, 0)] > starts, False)


def _nearest_once(wanted: NDArray[np.float64], offered: NDArray[np.float64], rng: np.random.Generator) -> list[int]:
    """Give each wanted value, in random order, the nearest of those offered that is left; -1 where none is."""
    order = np.argsort(offered, kind="stable")
    left, numbers = offered[order].tolist(), order.tolist()
    chosen = [-1] * len(wanted)
    for row in rng.permutation(len(wanted)).tolist():
        if not left:
            break
        at = bisect_left(left, wanted[row])
        if at == len(left) or (at > 0 and wanted[row] - left[at - 1] <= left[at] - wanted[row]):
            at -= 1
        chosen[row] = numbers.pop(at)
        left.pop(at)
    return chosen
