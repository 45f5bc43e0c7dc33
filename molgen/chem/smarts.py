"""SMARTS matched against a whole batch of molecules at once.

RDKit reads the SMARTS; the search itself is a series of joins over the batch's bond table, so that the cost of Python is
paid once a pattern and not once a pattern and molecule. It gives the matches of ``Mol.GetSubstructMatches``. What the joins
do not cover (disconnected patterns, rare atom primitives) is handed to RDKit, molecule by molecule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from molgen.chem.mol_batch import Bools, Ints, MolBatch
from molgen.chem.smarts_match import TooManyMatchesError, matcher_for
from molgen.chem.smarts_query import UnsupportedSmartsError, asks_rings, compile_smarts, read_smarts, smarts_pieces

__all__ = ["TooManyMatchesError", "atoms_matched", "count_matches", "has_match", "matching_rows"]

#: ``Mol.GetSubstructMatches`` stops at this many matches before it drops duplicates.
_RDKIT_LIMIT = 1000


def has_match(batch: MolBatch, smarts: str) -> Bools:
    """Tell which molecules match a pattern, ``[n_mols]``."""
    found = np.zeros(len(batch), dtype=np.bool_)
    found[matching_rows(batch, smarts)] = True
    return found


def matching_rows(batch: MolBatch, smarts: str, rows: Ints | None = None) -> Ints:
    """Return those of some molecules (all, without ``rows``) that match a pattern."""
    try:
        matches = _search(batch, smarts, rows=rows, sets_only=True)
    except (UnsupportedSmartsError, TooManyMatchesError):
        return _search_one_by_one(batch, smarts, np.arange(len(batch)) if rows is None else rows)
    return np.unique(batch.mol_of_atom[matches[:, 0]])


def count_matches(batch: MolBatch, smarts: str, rows: Ints | None = None) -> Ints:
    """Count the different sets of atoms that match a pattern, ``[n_mols]``, or ``[len(rows)]`` of some molecules."""
    query = read_smarts(smarts)
    chosen = np.arange(len(batch)) if rows is None else rows
    try:
        matches = _search(batch, smarts, rows=rows, sets_only=True)
    except (UnsupportedSmartsError, TooManyMatchesError):
        return np.array([len(batch.mols[row].GetSubstructMatches(query)) for row in chosen.tolist()], dtype=np.int64)
    owner = batch.mol_of_atom[matches[:, 0]]
    counts = np.bincount(owner[_first_of_each_set(matches, batch.n_atoms)], minlength=len(batch))
    for row in np.flatnonzero(np.bincount(owner, minlength=len(batch)) >= _RDKIT_LIMIT):
        counts[row] = len(batch.mols[row].GetSubstructMatches(query))
    return counts[chosen]


def atoms_matched(batch: MolBatch, smarts: str, among: Bools | None = None) -> Bools:
    """Tell which atoms are the first atom of a match, ``[n_atoms]``; ``among`` limits the search to some atoms."""
    found = np.zeros(batch.n_atoms, dtype=np.bool_)
    found[_search(batch, smarts, first=None if among is None else np.flatnonzero(among))[:, 0]] = True
    return found


def _search_one_by_one(batch: MolBatch, smarts: str, rows: Ints) -> Ints:
    """Ask RDKit, but only for molecules that match each piece of the pattern."""
    query, pieces = read_smarts(smarts), smarts_pieces(smarts)
    for piece in set(pieces) if len(pieces) > 1 else ():
        rows = matching_rows(batch, piece, rows)
    return rows[[batch.mols[row].HasSubstructMatch(query) for row in rows.tolist()]] if len(rows) else rows


def _search(batch: MolBatch, smarts: str, **which: Any) -> Ints:
    pattern = compile_smarts(smarts)
    return matcher_for(batch, asks_rings(pattern)).search(pattern, **which)


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
