"""The search for one pattern in a batch of molecules: a table of partial matches grows by one atom of the pattern at a time.

What a pattern asks of single atoms is answered for *kinds* of atoms, of which a batch has few, and ``$(...)`` only for the
atoms that the search comes to.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from molgen.chem.atom_kinds import atom_kinds
from molgen.chem.mol_batch import Bools, Ints, MolBatch
from molgen.chem.smarts_query import (
    RING_FIELDS,
    Combined,
    Heads,
    Is,
    Pattern,
    QueryAtom,
    QueryBond,
    Test,
    compile_smarts,
    is_recursive,
)

__all__ = ["Matcher", "TooManyMatchesError", "matcher_for"]

_MAX_ROWS = 4_000_000
_N_BOND_TYPES = 256


class TooManyMatchesError(Exception):
    """A pattern has so many partial matches in a batch that memory would run out."""


class Matcher:
    """Finds patterns in a batch, and remembers what it found out about its atoms.

    Parameters
    ----------
    batch
        The molecules.
    with_rings
        Whether patterns may ask for an atom's rings, which RDKit must be asked for.
    """

    def __init__(self, batch: MolBatch, with_rings: bool) -> None:
        self.batch = batch
        self.with_rings = with_rings
        self.kinds = atom_kinds(batch, with_rings=with_rings)
        self._kind_of_neighbour = self.kinds.of_atom[batch.edge_target]
        self._atoms_of_kind = np.bincount(self.kinds.of_atom, minlength=len(self.kinds.example))
        self.bond_kind = 2 * batch.bond_type + (batch.bond_in_ring if with_rings else 0)
        self._bond_kind_of_edge = self.bond_kind[batch.edge_bond]
        self._passing: dict[Test | QueryAtom | QueryBond, Bools] = {}
        self._heads: dict[str, tuple[Bools, Bools]] = {}

    def search(self, pattern: Pattern, *, first: Ints | None = None, rows: Ints | None = None, sets_only: bool = False) -> Ints:
        """Return matches, ``[n, n_query_atoms]``: all of them, or at least one for each set of atoms.

        Parameters
        ----------
        pattern
            What to look for.
        first
            Atoms that the pattern's first atom may be; ``None`` for all.
        rows
            Molecules to look at; ``None`` for all.
        sets_only
            Whether one match of each set of atoms will do.

        Raises
        ------
        TooManyMatchesError
            If there are millions of partial matches.
        """
        passing = [self.passing(atom) for atom in pattern.atoms]
        sizes = [int(self._atoms_of_kind @ kinds) for kinds in passing]
        nothing = np.zeros((0, len(passing)), dtype=np.int64)
        allowed = None
        if first is not None:
            first = first[passing[0][self.kinds.of_atom[first]]]
            sizes[0] = len(first)
            allowed = np.zeros(self.batch.n_atoms, dtype=np.bool_)
            allowed[first] = True
        if not all(sizes):
            return nothing
        # The rarest atom first: most molecules drop out at once.
        start = sizes.index(min(sizes))
        atoms = first if first is not None and start == 0 else self._atoms(passing[start], rows)
        atoms = self._where(pattern.atoms[start].test, atoms)
        table = atoms[None]
        plan = _plan(pattern, start)
        lowest_first = sets_only and pattern.is_uniform_ring
        for step in plan.steps:
            if not table.shape[1]:
                return nothing
            table = self._extend(table, step, pattern.atoms[step.atom], passing[step.atom])
            if lowest_first:
                table = table[:, table[-1] > table[0]]
            if allowed is not None and step.atom == 0:
                table = table[:, allowed[table[-1]]]
        return table[plan.place].T

    def passing(self, atom: QueryAtom) -> Bools:
        """Tell which kinds of atoms an atom of a pattern may be, as far as kinds can tell: ``[n_kinds]``."""
        if atom not in self._passing:
            example = self.kinds.example
            found = self._of_kinds(atom.test) & (self.batch.degree[example] >= atom.degree)
            self._passing[atom] = found & (self.batch.ring_degree[example] >= atom.ring_degree) if atom.ring_degree else found
        return self._passing[atom]

    def bonds(self, bond: QueryBond) -> Bools:
        """Tell which kinds of bonds a bond of a pattern may be."""
        if bond not in self._passing:
            kinds = np.arange(2 * _N_BOND_TYPES)
            found = _bond_test(bond.test, kinds)
            self._passing[bond] = found & (kinds % 2 == 1) if bond.in_ring else found
        return self._passing[bond]

    # --- one more atom ------------------------------------------------------------------------------------------

    def _atoms(self, passing: Bools, rows: Ints | None) -> Ints:
        """Return the atoms of the passing kinds, of some molecules or all."""
        if rows is None:
            return np.flatnonzero(passing[self.kinds.of_atom])
        ends = np.cumsum(self.batch.sizes[rows])
        shift = self.batch.graphs.atom_ptr[rows] - (ends - self.batch.sizes[rows])
        atoms: Ints = np.arange(ends[-1] if len(ends) else 0) + np.repeat(shift, self.batch.sizes[rows])
        return atoms[passing[self.kinds.of_atom[atoms]]]

    def _extend(self, table: Ints, step: _Step, atom: QueryAtom, passing: Bools) -> Ints:
        row, edge = self.batch.neighbours(table[step.parent])
        if len(row) > _MAX_ROWS:
            raise TooManyMatchesError
        keep = np.flatnonzero(passing[self._kind_of_neighbour[edge]] & self.bonds(step.bond)[self._bond_kind_of_edge[edge]])
        row, new = row[keep], self.batch.edge_target[edge[keep]]
        grown = table[:, row]
        good = (grown != new).all(axis=0)
        for place, bond in step.closures:
            between = self.batch.bonds_between(new, grown[place])
            good &= (between >= 0) & self.bonds(bond)[self.bond_kind[between]]
        if is_recursive(atom.test):
            places = np.flatnonzero(good)
            good[places] = self._holds(atom.test, new[places])
        return np.concatenate([grown, new[None]])[:, good]

    # --- conditions ---------------------------------------------------------------------------------------------

    def _of_kinds(self, test: Test) -> Bools:
        """Evaluate a condition for each kind of atom; where only the neighbours could tell, it holds."""
        if test not in self._passing:
            self._passing[test] = self._evaluate(test)
        return self._passing[test]

    def _evaluate(self, test: Test) -> Bools:
        example = self.kinds.example
        if isinstance(test, Heads):
            first = self.passing(compile_smarts(test.smarts).atoms[0])
            if test.negated:
                return np.ones(len(first), dtype=np.bool_) if is_recursive(test) else ~first
            return first
        if isinstance(test, Combined):
            return _join(test, [self._of_kinds(part) for part in test.parts], len(example))
        if test.field == "total_degree":
            return _compare(test, self.batch.degree[example] + self.batch.num_hs[example])
        return _compare(test, getattr(self.batch, test.field)[example])

    def _where(self, test: Test, atoms: Ints) -> Ints:
        return atoms[self._holds(test, atoms)] if is_recursive(test) else atoms

    def _holds(self, test: Test, atoms: Ints) -> Bools:
        """Evaluate a condition for some atoms; what is dear is asked only where it decides."""
        if isinstance(test, Heads):
            return self._is_head(test, atoms)
        found: Bools = self._of_kinds(test)[self.kinds.of_atom[atoms]]
        if not isinstance(test, Combined) or not is_recursive(test):
            return found
        if test.every:
            left = np.flatnonzero(found)
            for part in filter(is_recursive, test.parts):
                left = left[self._holds(part, atoms[left])]
            found = np.zeros(len(atoms), dtype=np.bool_)
            found[left] = True
            return found
        found = np.zeros(len(atoms), dtype=np.bool_)
        for part in sorted(test.parts, key=is_recursive):
            left = np.flatnonzero(~found)
            found[left] = self._holds(part, atoms[left])
        return found

    def _is_head(self, test: Heads, atoms: Ints) -> Bools:
        """Tell which atoms are the first of a match of another pattern; each atom is looked at once."""
        if test.smarts not in self._heads:
            self._heads[test.smarts] = np.zeros(self.batch.n_atoms, dtype=np.bool_), np.zeros(self.batch.n_atoms, dtype=np.bool_)
        known, heads = self._heads[test.smarts]
        unknown = atoms[~known[atoms]]
        if len(unknown):
            known[unknown] = True
            heads[self.search(compile_smarts(test.smarts), first=_distinct(unknown, self.batch.n_atoms))[:, 0]] = True
        found: Bools = heads[atoms]
        return ~found if test.negated else found


def matcher_for(batch: MolBatch, with_rings: bool) -> Matcher:
    """Return a batch's matcher: made once, and the one that knows rings if there is one already."""
    for key in ((Matcher, True), (Matcher, with_rings)):
        if key in batch.memory:
            known: Matcher = batch.memory[key]
            return known
    made = batch.memory[Matcher, with_rings] = Matcher(batch, with_rings)
    return made


# --- plans ------------------------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """An atom of the query to add to partial matches: from which placed atom, by which bond, with which ring closures.

    Placed atoms are named by their rows in the table of partial matches.
    """

    atom: int
    parent: int
    bond: QueryBond
    closures: list[tuple[int, QueryBond]]


class _Plan(NamedTuple):
    steps: list[_Step]
    #: The row of the table that holds each atom of the query.
    place: list[int]


@functools.cache
def _plan(pattern: Pattern, start: int) -> _Plan:
    """Order the query's atoms so that each is bonded to one before it; rings are closed as soon as they can be."""
    neighbours: dict[int, dict[int, QueryBond]] = {atom: {} for atom in range(len(pattern.atoms))}
    for (a, b), bond in zip(pattern.ends, pattern.bonds, strict=True):
        neighbours[a][b] = neighbours[b][a] = bond
    placed, steps = [start], []
    while len(placed) < len(pattern.atoms):
        ready = [atom for atom in neighbours if atom not in placed and neighbours[atom].keys() & set(placed)]
        # The most ring closures first, then the oldest parent.
        back = {atom: [place for place, old in enumerate(placed) if old in neighbours[atom]] for atom in ready}
        atom = min(ready, key=lambda atom: (-len(back[atom]), back[atom][0]))
        parent, *others = back[atom]
        closures = [(other, neighbours[atom][placed[other]]) for other in others]
        steps.append(_Step(atom, parent, neighbours[atom][placed[parent]], closures))
        placed.append(atom)
    return _Plan(steps, [placed.index(atom) for atom in range(len(placed))])


# --- comparing --------------------------------------------------------------------------------------------------


def _bond_test(test: Test, kinds: Ints) -> Bools:
    if isinstance(test, Combined):
        return _join(test, [_bond_test(part, kinds) for part in test.parts], len(kinds))
    assert isinstance(test, Is)
    return _compare(test, kinds % 2 if test.field in RING_FIELDS else kinds // 2)


def _join(test: Combined, parts: list[Bools], size: int) -> Bools:
    if not parts:
        return np.full(size, test.every)
    joined: Bools = functools.reduce(np.logical_and if test.every else np.logical_or, parts)
    return joined


def _distinct(atoms: Ints, n_atoms: int) -> Ints:
    """Sort, and drop what is there twice: by sorting if there are few, else by marking."""
    if len(atoms) < n_atoms // 50:
        return np.unique(atoms)
    marked = np.zeros(n_atoms, dtype=np.bool_)
    marked[atoms] = True
    return np.flatnonzero(marked)


def _compare(test: Is, values: Ints) -> Bools:
    compared: Bools = (values != test.value) if test.negated else (values == test.value)
    return compared
