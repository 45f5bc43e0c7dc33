"""Sequences as graphs, for graph networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import SequenceBatch
from molgen.bio.kmers import check_word, kmer_numbers
from molgen.chem.graph import GraphBatch
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.parameters import choice, integer, parameters
from molgen.featurizers.sequence import SequenceFeaturizer

__all__ = ["EDGE_KINDS", "SequenceGraph"]

#: First number of an edge -> what it stands for.
EDGE_KINDS = ("neighbours in the sequence", "similar words", "one word after another", "contact in space")
_BACKBONE, _SIMILAR, _AFTER, _CONTACT = range(len(EDGE_KINDS))
_MOST = 255
#: Distances that are computed at a time.
_PAIRS = 1 << 20


class _Graph(NamedTuple):
    """Nodes ``[n, fields]``, edges ``[m, 2]`` and their numbers ``[m, 2]``."""

    nodes: NDArray[np.uint8]
    edges: NDArray[np.int32]
    numbers: NDArray[np.uint8]


@register
@parameters
class SequenceGraph(SequenceFeaturizer):
    """Letters or words as nodes, joined along the sequence, by likeness, or in space.

    ``featurize`` gives a :class:`~molgen.chem.graph.GraphBatch`, as :class:`~molgen.featurizers.MolGraph` does; its ``to_pyg()`` is
    a ``torch_geometric.data.Batch``, where each edge goes both ways. A row that fails is an empty graph.

    Parameters
    ----------
    kind
        ``"backbone"``: a node a letter, each joined to the next. ``"knn"``: these, and each letter joined to the ``neighbours``
        others around which the word of ``k`` letters differs least (in fewest letters; of equal ones the nearest in the sequence;
        words that overlap are left out). ``"debruijn"``: a node for each distinct word of ``k`` letters, joined to those that
        follow it. ``"contacts"``: the backbone, and letters joined whose coordinates are nearer than ``cutoff``; a row is a pair of
        a sequence and an array ``[letters, 3]`` then, NaN for a letter without coordinates.
    k
        Letters of a word; odd for ``"knn"``.
    neighbours
        How many others a letter is joined to.
    cutoff
        Greatest distance of a contact, in the unit of the coordinates (angstrom in PDB files).
    max_length
        Letters of a row at most; a longer one fails. For ``"knn"`` all pairs of words are compared.
    alphabet, reverse_complement
        See :class:`~molgen.featurizers.sequence.SequenceFeaturizer`.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"`` (empty graph).
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Notes
    -----
    The numbers of a node are its letter (0 for the first of the alphabet; one that may stand for several or none is the one after
    the last) and where in the sequence it is, 0 to 255. Those of a word are its letters. An edge has its kind (see ``EDGE_KINDS``),
    and a number up to 255: 0 for neighbours, letters that differ, how often a word follows, or the distance in tenths of the
    cutoff. Of the nodes of an edge the first comes first in the sequence, or is the word that is followed.

    Examples
    --------
    >>> graphs = SequenceGraph("debruijn", k=2).transform(["ACACG"])
    >>> graphs.atoms.tolist(), graphs.bonds.tolist(), graphs.bond_fields.tolist()
    ([[0, 1], [1, 0], [1, 2]], [[0, 1], [0, 2], [1, 0]], [[2, 1], [2, 1], [2, 1]])
    """

    kind: str = choice(default="backbone", options=("backbone", "knn", "debruijn", "contacts"))
    k: int = integer(default=3, low=1, high=31, kw_only=True)
    neighbours: int = integer(default=5, low=1, high=1000, kw_only=True)
    cutoff: float = field(default=8.0, kw_only=True)
    max_length: int = integer(default=10_000, low=1, high=2**24, kw_only=True)

    def _featurize(self, items: list[Any]) -> Features:
        if self.kind != "contacts":
            return super()._featurize(items)
        rows, places = _apart(items)
        return self._collect(rows, lambda start, batch: self._encode(batch, places[start : start + len(batch)]))

    def _encode(self, batch: SequenceBatch, places: Sequence[Any] = ()) -> Features:
        self._check()
        graphs: list[_Graph | None] = []
        reasons: dict[int, str] = {}
        for row, (letters, of_row) in enumerate(zip_longest(batch, places)):
            graph = None
            try:
                graph = self._graph(letters, of_row) if letters else None
            except _NoGraphError as problem:
                reasons[row] = str(problem)
            graphs.append(graph)
        return Features(_packed(graphs, self.k if self.kind == "debruijn" else 2), reasons)

    def _check(self) -> None:
        check_word(self.k + (self.kind == "debruijn"), get_alphabet(self.alphabet))
        if self.kind == "knn" and self.k % 2 == 0:
            raise ConfigError("a word around a letter has an odd length", where="SequenceGraph", got=f"k={self.k}")
        if not isinstance(self.cutoff, int | float) or not self.cutoff > 0:
            raise ConfigError("unusable cutoff", where="SequenceGraph", expected="a distance above 0", got=repr(self.cutoff))

    def _graph(self, letters: bytes, places: Any) -> _Graph:
        if len(letters) > self.max_length:
            raise _NoGraphError(f"too long: {len(letters):,} letters, the limit is {self.max_length:,}")
        if self.kind == "debruijn":
            return self._words(letters)
        numbers = np.frombuffer(letters.translate(get_alphabet(self.alphabet).numbers), np.uint8)
        numbers = np.minimum(numbers, len(get_alphabet(self.alphabet).letters))
        n = len(numbers)
        nodes = np.stack([numbers, np.arange(n) * (_MOST + 1) // n], axis=1).astype(np.uint8)
        edges = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
        found: list[tuple[int, NDArray[Any], NDArray[Any]]] = [(_BACKBONE, edges, np.zeros(n - 1))]
        if self.kind == "knn":
            found.append((_SIMILAR, *_similar(numbers, self.k, self.neighbours)))
        if self.kind == "contacts":
            found.append((_CONTACT, *_contacts(places, n, self.cutoff)))
        amounts = [np.stack([np.full(len(of_kind), kind), of_kind], axis=1) for kind, _, of_kind in found]
        edges = np.concatenate([of_kind for _, of_kind, _ in found])
        return _Graph(nodes, edges.astype(np.int32), np.concatenate(amounts).astype(np.uint8))

    def _words(self, letters: bytes) -> _Graph:
        alphabet = get_alphabet(self.alphabet)
        numbers, _ = kmer_numbers(SequenceBatch.of([letters]), self.k, alphabet)
        if not len(numbers):
            raise _NoGraphError(f"no word of {self.k} plain letters")
        words, first = np.unique(numbers.astype(np.int64), return_index=True)
        in_order = np.argsort(first)
        node_of = np.empty(len(words), np.int64)
        node_of[in_order] = np.arange(len(words))
        # A word follows another where the two are one longer word: not across a letter that may stand for several.
        longer, _ = kmer_numbers(SequenceBatch.of([letters]), self.k + 1, alphabet)
        pairs, times = np.unique(longer.astype(np.int64), return_counts=True)
        base = len(alphabet.letters)
        ends = (pairs // base, pairs % base**self.k)
        edges = np.stack([node_of[np.searchsorted(words, end)] for end in ends], axis=1)
        order = np.lexsort((edges[:, 1], edges[:, 0]))
        spelled = words[in_order, np.newaxis] // base ** np.arange(self.k - 1, -1, -1) % base
        amounts = np.stack([np.full(len(times), _AFTER), np.minimum(times, _MOST)], axis=1)
        return _Graph(spelled.astype(np.uint8), edges[order].astype(np.int32), amounts[order].astype(np.uint8))

    @classmethod
    def examples(cls) -> list[SequenceGraph]:
        """Return those that need no coordinates."""
        words = cls("debruijn", k=4, alphabet="protein", max_length=40_000)
        return [cls(max_length=40_000), cls("knn", neighbours=2, max_length=1000), words]


class _NoGraphError(Exception):
    """A row has no graph; the text is the reason."""


def _apart(items: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return sequences and coordinates of pairs; what is no pair stays whole, and its reason is that of the sequence."""
    pairs = [item if isinstance(item, tuple | list) and len(item) == 2 else (item, None) for item in items]
    return [sequence for sequence, _ in pairs], [places for _, places in pairs]


def _similar(numbers: NDArray[np.uint8], k: int, neighbours: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join the middles of words to those of the words most like them; edges once each, with the letters that differ."""
    n = len(numbers) - k + 1
    if n < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    words = np.lib.stride_tricks.sliding_window_view(numbers, k)
    places = np.arange(n)
    found = []
    for start in range(0, n, max(1, _PAIRS // n)):
        rows = places[start : start + max(1, _PAIRS // n)]
        differ = np.zeros((len(rows), n), np.int64)
        for letter in range(k):
            differ += words[rows, letter, np.newaxis] != words[:, letter]
        apart = np.abs(rows[:, np.newaxis] - places)
        # Fewest letters that differ, and of equal ones the nearest: one number orders both.
        keys = differ * (n + 1) + apart
        keys[apart < k] = k * (n + 1) + n
        best = np.argsort(keys, axis=1, kind="stable")[:, :neighbours]
        row, column = np.nonzero(np.take_along_axis(apart, best, axis=1) >= k)
        others = best[row, column]
        found.append(np.stack([np.minimum(rows[row], others), np.maximum(rows[row], others), differ[row, others]], axis=1))
    edges = np.unique(np.concatenate(found), axis=0)
    return edges[:, :2] + k // 2, edges[:, 2]


def _contacts(places: Any, n: int, cutoff: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join letters that are near in space, but for those that are neighbours in the sequence; distances in tenths of the cutoff."""
    from scipy.spatial import cKDTree

    try:
        coordinates = np.asarray(places, np.float64)
    except (TypeError, ValueError):
        coordinates = np.zeros(0)
    if coordinates.shape != (n, 3):
        got = "none" if places is None else f"shape {coordinates.shape}"
        raise _NoGraphError(f"no coordinates: {got} for {n:,} letters")
    known = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    if not len(known):
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    pairs = np.sort(known[cKDTree(coordinates[known]).query_pairs(cutoff, output_type="ndarray")], axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    pairs = pairs[pairs[:, 1] - pairs[:, 0] > 1]
    distances = np.linalg.norm(coordinates[pairs[:, 0]] - coordinates[pairs[:, 1]], axis=1)
    return pairs, (10 * distances / cutoff).astype(np.int64)


def _packed(graphs: Sequence[_Graph | None], width: int) -> GraphBatch:
    """Join graphs end to end; one that is missing is empty."""
    empty = _Graph(np.zeros((0, width), np.uint8), np.zeros((0, 2), np.int32), np.zeros((0, 2), np.uint8))
    present = [empty if graph is None else graph for graph in graphs]
    atom_ptr = np.cumsum([0, *(len(graph.nodes) for graph in present)])
    edges = [graph.edges + np.int32(start) for graph, start in zip(present, atom_ptr, strict=False)]
    return GraphBatch(
        np.concatenate([empty.nodes, *(graph.nodes for graph in present)]),
        np.concatenate([empty.edges, *edges]).astype(np.int32),
        np.concatenate([empty.numbers, *(graph.numbers for graph in present)]),
        atom_ptr.astype(np.int32),
        np.cumsum([0, *(len(graph.edges) for graph in present)]).astype(np.int32),
    )
