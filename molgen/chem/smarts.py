"""SMARTS matched against a whole batch of molecules at once.

RDKit reads the SMARTS; the search itself is a series of joins over the batch's bond table, so that the cost of Python is
paid once a pattern and not once a pattern and molecule. It gives the matches of ``Mol.GetSubstructMatches``. What the joins
do not cover (disconnected patterns, rare atom primitives) is handed to RDKit, molecule by molecule.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem

from molgen.chem.mol_batch import Bools, Ints, MolBatch
from molgen.chem.smarts_query import (
    Combined,
    Heads,
    Pattern,
    QueryAtom,
    QueryBond,
    Test,
    UnsupportedSmartsError,
    compile_smarts,
    read_smarts,
)

__all__ = ["TooManyMatchesError", "atoms_matched", "count_matches", "has_match"]

#: ``Mol.GetSubstructMatches`` stops at this many matches before it drops duplicates.
_RDKIT_LIMIT = 1000
_MAX_ROWS = 4_000_000


class TooManyMatchesError(Exception):
    """A pattern has so many partial matches in a batch that memory would run out."""


def has_match(batch: MolBatch, smarts: str) -> Bools:
    """Tell which molecules match a pattern, ``[n_mols]``."""
    try:
        pattern = compile_smarts(smarts)
    except UnsupportedSmartsError:
        return _search_one_by_one(batch, smarts)
    found = np.zeros(len(batch), dtype=np.bool_)
    found[batch.mol_of_atom[_search(batch, pattern, sets_only=True)[:, 0]]] = True
    return found


def count_matches(batch: MolBatch, smarts: str) -> Ints:
    """Count the different sets of atoms that match a pattern, ``[n_mols]``."""
    query = read_smarts(smarts)
    try:
        matches = _search(batch, compile_smarts(smarts), sets_only=True)
    except UnsupportedSmartsError:
        return np.array([len(mol.GetSubstructMatches(query)) for mol in batch.mols], dtype=np.int64)
    owner = batch.mol_of_atom[matches[:, 0]]
    counts = np.bincount(owner[_first_of_each_set(matches, batch.n_atoms)], minlength=len(batch))
    for row in np.flatnonzero(np.bincount(owner, minlength=len(batch)) >= _RDKIT_LIMIT):
        counts[row] = len(batch.mols[row].GetSubstructMatches(query))
    return counts


def atoms_matched(batch: MolBatch, smarts: str, among: Bools | None = None) -> Bools:
    """Tell which atoms are the first atom of a match, ``[n_atoms]``; ``among`` limits the search to some atoms."""
    found = np.zeros(batch.n_atoms, dtype=np.bool_)
    found[_search(batch, compile_smarts(smarts), among)[:, 0]] = True
    return found


# --- searching --------------------------------------------------------------------------------------------------


def _search_one_by_one(batch: MolBatch, smarts: str) -> Bools:
    """Ask RDKit, but only for molecules that match each piece of the pattern."""
    query = read_smarts(smarts)
    candidates = np.ones(len(batch), dtype=np.bool_)
    pieces = Chem.GetMolFrags(query)
    if len(pieces) > 1:
        for piece in {Chem.MolFragmentToSmarts(query, atoms) for atoms in pieces}:
            candidates &= has_match(batch, piece)
    for row in np.flatnonzero(candidates):
        candidates[row] = batch.mols[row].HasSubstructMatch(query)
    return candidates


def _search(batch: MolBatch, pattern: Pattern, among: Bools | None = None, sets_only: bool = False) -> Ints:
    """Return matches, ``[n, n_query_atoms]``: all of them, or at least one for each set of atoms."""
    masks = [_atom_mask(batch, atom) for atom in pattern.atoms]
    if among is not None:
        masks[0] = masks[0] & among
    counts = [int(np.count_nonzero(mask)) for mask in masks]
    if not all(counts):
        return np.zeros((0, len(masks)), dtype=np.int64)
    # The rarest atom first: most molecules drop out at once.
    start = counts.index(min(counts))
    columns = {start: np.flatnonzero(masks[start])}
    lowest_first = sets_only and pattern.is_uniform_ring
    for step in _plan(pattern, start):
        columns = _extend(batch, columns, step, masks[step.atom])
        if lowest_first:
            keep = columns[step.atom] > columns[start]
            columns = {place: column[keep] for place, column in columns.items()}
    return np.stack([columns[place] for place in range(len(masks))], axis=1)


class _Step(NamedTuple):
    """An atom of the query to add to partial matches: from which placed atom, by which bond, with which ring closures."""

    atom: int
    parent: int
    bond: QueryBond
    closures: list[tuple[int, QueryBond]]


@functools.cache
def _plan(pattern: Pattern, start: int) -> list[_Step]:
    """Order the query's atoms so that each is bonded to one before it; rings are closed as soon as they can be."""
    neighbours: dict[int, dict[int, QueryBond]] = {atom: {} for atom in range(len(pattern.atoms))}
    for (a, b), bond in zip(pattern.ends, pattern.bonds, strict=True):
        neighbours[a][b] = neighbours[b][a] = bond
    placed, steps = [start], []
    while len(placed) < len(pattern.atoms):
        ready = [atom for atom in neighbours if atom not in placed and neighbours[atom].keys() & set(placed)]
        # The most ring closures first, then the oldest parent.
        back = {atom: [place for place in placed if place in neighbours[atom]] for atom in ready}
        atom = min(ready, key=lambda atom: (-len(back[atom]), placed.index(back[atom][0])))
        parent, *others = back[atom]
        closures = [(other, neighbours[atom][other]) for other in others]
        steps.append(_Step(atom, parent, neighbours[atom][parent], closures))
        placed.append(atom)
    return steps


def _extend(batch: MolBatch, columns: dict[int, Ints], step: _Step, mask: Bools) -> dict[int, Ints]:
    """Add one atom of the query to partial matches."""
    row, edge = batch.neighbours(columns[step.parent])
    if len(row) > _MAX_ROWS:
        raise TooManyMatchesError
    atom = batch.edge_target[edge]
    keep = np.flatnonzero(mask[atom] & _bond_mask(batch, step.bond)[batch.edge_bond[edge]])
    row, atom = row[keep], atom[keep]
    good = np.ones(len(row), dtype=np.bool_)
    for place, column in columns.items():
        if place != step.parent:
            good &= column[row] != atom
    for place, bond in step.closures:
        between = batch.bonds_between(atom, columns[place][row])
        good &= (between >= 0) & _bond_mask(batch, bond)[between]
    if not good.all():
        row, atom = row[good], atom[good]
    return {place: column[row] for place, column in columns.items()} | {step.atom: atom}


def _atom_mask(batch: MolBatch, atom: QueryAtom) -> Bools:
    if atom not in batch.memory:
        mask = _evaluate(batch, atom.test, batch.n_atoms) & (batch.degree >= atom.degree)
        batch.memory[atom] = mask & (batch.ring_degree >= atom.ring_degree) if atom.ring_degree else mask
    found: Bools = batch.memory[atom]
    return found


def _bond_mask(batch: MolBatch, bond: QueryBond) -> Bools:
    if bond not in batch.memory:
        mask = _evaluate(batch, bond.test, len(batch.bond_ends))
        batch.memory[bond] = mask & batch.bond_in_ring if bond.in_ring else mask
    found: Bools = batch.memory[bond]
    return found


def _evaluate(batch: MolBatch, test: Test, size: int) -> Bools:
    key = test, size
    if key not in batch.memory:
        batch.memory[key] = _compute(batch, test, size)
    found: Bools = batch.memory[key]
    return found


def _compute(batch: MolBatch, test: Test, size: int) -> Bools:
    if isinstance(test, Heads):
        matched = atoms_matched(batch, test.smarts)
        return ~matched if test.negated else matched
    if isinstance(test, Combined):
        masks = [_evaluate(batch, part, size) for part in test.parts]
        if not masks:
            return np.full(size, test.every)
        joined: Bools = functools.reduce(np.logical_and if test.every else np.logical_or, masks)
        return joined
    values = batch.degree + batch.num_hs if test.field == "total_degree" else getattr(batch, test.field)
    compared: Bools = (values != test.value) if test.negated else (values == test.value)
    return compared


def _first_of_each_set(matches: Ints, n_atoms: int) -> Ints:
    """Return one row for each different set of atoms."""
    if matches.shape[1] == 1:
        return np.arange(len(matches))
    ordered = np.sort(matches, axis=1)
    if n_atoms ** matches.shape[1] < 2**63:
        keys: Any = ordered @ np.array([n_atoms**place for place in range(matches.shape[1])], dtype=np.int64)
    else:
        keys = np.ascontiguousarray(ordered).view(np.dtype((np.void, ordered.itemsize * ordered.shape[1]))).ravel()
    first: Ints = np.unique(keys, return_index=True)[1]
    return first
