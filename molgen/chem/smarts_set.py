"""Many patterns looked for in a batch at once: most are ruled out for most molecules before any search.

A molecule can match a pattern only if it has enough atoms of the kinds that the pattern's atoms may be, and for each bond of the
pattern one between such atoms. Both follow from counts of kinds, for all molecules and all patterns by a few operations on
matrices.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np

from molgen.chem.mol_batch import Bools, Ints, MolBatch, pack_plain
from molgen.chem.parse import Mol
from molgen.chem.smarts import count_matches, matching_rows
from molgen.chem.smarts_match import Matcher, matcher_for
from molgen.chem.smarts_query import (
    Pattern,
    QueryAtom,
    QueryBond,
    UnsupportedSmartsError,
    compile_smarts,
    read_smarts,
    smarts_pieces,
)

__all__ = ["CountedPattern", "PatternSet", "count_patterns"]


T = TypeVar("T")


class CountedPattern(NamedTuple):
    """A pattern, and how many different sets of atoms of a molecule must match it.

    Attributes
    ----------
    smarts
        The pattern.
    at_least, at_most
        The number of matches; ``None`` for no upper limit.
    """

    smarts: str
    at_least: int = 1
    at_most: int | None = None


class _Edge(NamedTuple):
    """A bond of a pattern with the conditions on its ends."""

    one: QueryAtom
    bond: QueryBond
    other: QueryAtom


class PatternSet:
    """Patterns that are looked for together.

    Parameters
    ----------
    patterns
        The patterns; more together cost less each.

    Raises
    ------
    ValueError
        If one of them is not SMARTS.
    """

    def __init__(self, patterns: Sequence[CountedPattern]) -> None:
        self.patterns = list(patterns)
        parts = [_parts(pattern) for pattern in self.patterns]
        needs = [_needed_atoms(each) for each in parts]
        edges = [_needed_edges(each) for each in parts]
        self._needs, self._needed = _index(needs)
        self._edges, self._edges_needed = _index(edges)
        self._atoms = list(dict.fromkeys([atom for atom, _ in self._needs] + [end for edge in self._edges for end in edge[::2]]))

    def matches(self, batch: MolBatch) -> Bools:
        """Tell which molecules match which patterns, ``[n_mols, n_patterns]``."""
        found = np.zeros((len(batch), len(self.patterns)), dtype=np.bool_)
        if not found.size:
            return found
        possible = self.possible(batch)
        for at in np.flatnonzero(possible.any(axis=0)).tolist():
            rows = np.flatnonzero(possible[:, at])
            found[_matching(batch, self.patterns[at], rows), at] = True
        return found

    def possible(self, batch: MolBatch) -> Bools:
        """Tell which molecules have the atoms and bonds that a match needs, ``[n_mols, n_patterns]``."""
        matcher = matcher_for(batch, True)
        place = {atom: at for at, atom in enumerate(self._atoms)}
        kinds = np.array([matcher.passing(atom) for atom in self._atoms]).reshape(len(place), len(matcher.kinds.example))
        atoms = np.array([place[atom] for atom, _ in self._needs], dtype=np.int64)
        have = matcher.kinds.counts.astype(np.float32) @ kinds[atoms].T.astype(np.float32)
        enough = have >= np.array([number for _, number in self._needs], dtype=np.float32)
        possible = _all_of(enough, self._needed)
        ends = np.array([[place[edge.one], place[edge.other]] for edge in self._edges], dtype=np.int64).reshape(-1, 2)
        return possible & _all_of(_have_edges(matcher, kinds, ends, [edge.bond for edge in self._edges]), self._edges_needed)


def count_patterns(mols: Sequence[Mol | None], smarts: Sequence[str], counted: Sequence[bool]) -> Ints:
    """Count the matches of patterns in molecules of any kind.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` matches nothing.
    smarts
        The patterns.
    counted
        Whether each is to be counted; where not, a molecule that matches gets 1.

    Returns
    -------
    Different sets of atoms that match, ``[len(mols), len(smarts)]``.
    """
    batch, rows = pack_plain(mols)
    counts = np.zeros((len(mols), len(smarts)), dtype=np.int64)
    found = _patterns(tuple(smarts)).matches(batch)
    counts[rows] = found
    for at in np.flatnonzero(counted).tolist():
        hits = np.flatnonzero(found[:, at])
        counts[rows[hits], at] = count_matches(batch, smarts[at], hits)
    for row in set(range(len(mols))).difference(rows.tolist()):
        mol = mols[row]
        if mol is not None:
            counts[row] = [len(mol.GetSubstructMatches(read_smarts(each))) for each in smarts]
    return counts


@functools.lru_cache(maxsize=16)
def _patterns(smarts: tuple[str, ...]) -> PatternSet:
    return PatternSet([CountedPattern(each) for each in smarts])


def _matching(batch: MolBatch, pattern: CountedPattern, rows: Ints) -> Ints:
    if pattern.at_least == 1 and pattern.at_most is None:
        return matching_rows(batch, pattern.smarts, rows)
    counts = count_matches(batch, pattern.smarts, rows)
    most = np.inf if pattern.at_most is None else pattern.at_most
    return rows[(counts >= pattern.at_least) & (counts <= most)]


def _parts(pattern: CountedPattern) -> list[Pattern]:
    """Return the connected pieces of a pattern, all of which a match needs, as far as molgen can read them."""
    parts = []
    for piece in smarts_pieces(pattern.smarts) if pattern.at_least else ():
        try:
            parts.append(compile_smarts(piece))
        except UnsupportedSmartsError:
            continue
    return parts


def _needed_atoms(parts: list[Pattern]) -> list[tuple[QueryAtom, int]]:
    atoms = [atom for part in parts for atom in part.atoms]
    return list(Counter(atoms).items())


def _needed_edges(parts: list[Pattern]) -> list[_Edge]:
    pairs = ((part.atoms[a], bond, part.atoms[b]) for part in parts for (a, b), bond in zip(part.ends, part.bonds, strict=True))
    return list(dict.fromkeys(_Edge(one, bond, other) for one, bond, other in pairs))


def _index(needed: list[list[T]]) -> tuple[list[T], list[list[int]]]:
    """List what is needed by any, and for each where it stands in that list."""
    place: dict[T, int] = {}
    for each in chain.from_iterable(needed):
        place.setdefault(each, len(place))
    return list(place), [[place[each] for each in one] for one in needed]


def _all_of(have: Bools, needed: Iterable[list[int]]) -> Bools:
    """Tell for each molecule (row) which lists of columns it has all of."""
    columns = np.ascontiguousarray(have.T)  # an empty list asks for nothing
    return np.stack([columns[each].all(axis=0) for each in needed], axis=1)


def _have_edges(matcher: Matcher, kinds: Bools, ends: Ints, bonds: list[QueryBond]) -> Bools:
    """Tell which molecules have a bond for each edge of patterns, ``[n_mols, n_edges]``."""
    batch = matcher.batch
    if not bonds or not len(batch.bond_ends):
        return np.zeros((len(batch), len(bonds)), dtype=np.bool_)
    of_atom = matcher.kinds.of_atom[batch.bond_ends]
    n_kinds = kinds.shape[1]
    key = (of_atom.min(axis=1) * n_kinds + of_atom.max(axis=1)) * 1024 + matcher.bond_kind
    unique, bond_class = np.unique(key, return_inverse=True)
    pair, bond_kind = np.divmod(unique, 1024)
    low, high = np.divmod(pair, n_kinds)
    allowed = np.stack([matcher.bonds(bond) for bond in bonds])[:, bond_kind]
    one, other = kinds[ends[:, 0]], kinds[ends[:, 1]]
    fits = allowed & ((one[:, low] & other[:, high]) | (one[:, high] & other[:, low]))
    # Bit by bit for all bonds of a molecule: eight edges a byte.
    bits = np.packbits(fits.T, axis=1)
    owned = np.unique(batch.mol_of_bond * len(unique) + bond_class)
    owner, of_class = np.divmod(owned, len(unique))
    have = np.zeros((len(batch), bits.shape[1]), dtype=np.uint8)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    have[owner[first]] = np.bitwise_or.reduceat(bits[of_class], first, axis=0)
    return np.unpackbits(have, axis=1, count=len(bonds)).astype(np.bool_)
