"""Ways to choose rows that differ: each takes candidates, best first, and gives rows in the order they were chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.chem.clusters import butina
from molgen.chem.diversity import max_min, sphere_exclusion
from molgen.chem.fingerprints import packed_to_csr
from molgen.chem.similarity import nearest_tanimoto

__all__ = ["METHODS", "Candidates", "Method", "Picks"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What there is to choose from, best first.

    Attributes
    ----------
    fingerprints
        Packed ``[n, bytes]``.
    scaffolds
        Scaffold of each, where the method asks for them.
    taken, taken_scaffolds
        The same of the compounds that one has already.
    ranked
        Whether a column says which are better, so that clusters come by their best row and give it; else they come by their size.
    """

    fingerprints: NDArray[np.uint8]
    scaffolds: list[str]
    taken: NDArray[np.uint8]
    taken_scaffolds: list[str]
    ranked: bool


class Picks(NamedTuple):
    """What was chosen.

    Attributes
    ----------
    rows
        Candidates in the order they were chosen.
    clusters
        Number of each pick's cluster, from 1.
    sizes
        Candidates in that cluster, the pick among them.
    """

    rows: Ints
    clusters: Ints
    sizes: Ints


class Method(NamedTuple):
    """A way to choose.

    Attributes
    ----------
    pick
        From candidates, how many are wanted, and a Tanimoto similarity, to picks.
    few
        Why there may be fewer than wanted, with ``{similarity}``.
    by_similarity, by_scaffold
        What it looks at beside fingerprints.
    """

    pick: Callable[[Candidates, int, float], Picks]
    few: str
    by_similarity: bool = False
    by_scaffold: bool = False


def _max_min(candidates: Candidates, n: int, similarity: float) -> Picks:  # noqa: ARG001
    return _around(candidates, max_min(candidates.fingerprints, n, taken=candidates.taken))


def _sphere(candidates: Candidates, n: int, similarity: float) -> Picks:
    return _around(candidates, sphere_exclusion(candidates.fingerprints, similarity, n, taken=candidates.taken))


def _butina(candidates: Candidates, n: int, similarity: float) -> Picks:
    # Whatever is close to what one has already is left out before there are clusters.
    far = _far_from_taken(candidates, similarity)
    found = butina(candidates.fingerprints[far], similarity)
    best = _first_of_each(found.labels) if candidates.ranked else found.centres
    return _of_clusters(candidates, far, found.labels, best, n)


def _scaffold(candidates: Candidates, n: int, similarity: float) -> Picks:  # noqa: ARG001
    known = set(candidates.taken_scaffolds)
    new = np.array([at for at, scaffold in enumerate(candidates.scaffolds) if scaffold not in known], dtype=np.int64)
    numbers: dict[str, int] = {}
    labels = np.array([numbers.setdefault(candidates.scaffolds[at], len(numbers)) for at in new], dtype=np.int64)
    return _of_clusters(candidates, new, labels, _first_of_each(labels), n)


def _far_from_taken(candidates: Candidates, similarity: float) -> Ints:
    """Return the candidates that are not so similar to a compound that one has already."""
    every = np.arange(len(candidates.fingerprints))
    if not len(candidates.taken) or not len(every):
        return every
    nearest, _ = _nearest(candidates.fingerprints, candidates.taken)
    return every[nearest < similarity - 1e-6]


def _around(candidates: Candidates, rows: Ints) -> Picks:
    """Give every candidate to the pick that it is most similar to."""
    if not len(rows):
        return Picks(rows, rows, rows)
    _, nearest = _nearest(candidates.fingerprints, candidates.fingerprints[rows])
    nearest[rows] = np.arange(len(rows))
    return Picks(rows, np.arange(1, len(rows) + 1), np.bincount(nearest, minlength=len(rows)))


def _of_clusters(candidates: Candidates, rows: Ints, labels: Ints, best: Ints, n: int) -> Picks:
    """Choose from each of the first clusters: by the best row of each, or by size."""
    sizes = np.bincount(labels, minlength=len(best))
    first = _first_of_each(labels)
    order = np.argsort(first) if candidates.ranked else np.lexsort((first, -sizes))
    order = order[:n]
    return Picks(rows[best[order]], np.arange(1, len(order) + 1), sizes[order])


def _first_of_each(labels: Ints) -> Ints:
    first: Ints = np.unique(labels, return_index=True)[1]
    return first


def _nearest(fingerprints: NDArray[np.uint8], references: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Ints]:
    similarity, index = nearest_tanimoto(packed_to_csr(fingerprints, 8 * fingerprints.shape[1]), references)
    return np.nan_to_num(similarity), index


#: The methods by name.
METHODS: Mapping[str, Method] = {
    "maxmin": Method(_max_min, "no more rows can be read"),
    "sphere": Method(_sphere, "no more rows are less than {similarity} similar to those before", by_similarity=True),
    "butina": Method(_butina, "there are no more clusters at a similarity of {similarity}", by_similarity=True),
    "scaffold": Method(_scaffold, "there are no more scaffolds", by_scaffold=True),
}
