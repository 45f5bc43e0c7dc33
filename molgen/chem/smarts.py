"""SMARTS matched against a whole batch of molecules at once.

RDKit reads the SMARTS; the search itself is a series of joins over the batch's bond table, so that the cost of Python is
paid once a pattern and not once a pattern and molecule. It gives the matches of ``Mol.GetSubstructMatches``. What the joins
do not cover (disconnected patterns, rare atom primitives) is handed to RDKit, molecule by molecule.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from rdkit import Chem

from molgen.chem.mol_batch import Bools, Ints, MolBatch
from molgen.chem.parse import Mol

__all__ = ["TooManyMatchesError", "atoms_matched", "count_matches", "has_match"]

#: ``Mol.GetSubstructMatches`` stops at this many matches before it drops duplicates.
_RDKIT_LIMIT = 1000
_MAX_ROWS = 4_000_000

_LEAF = re.compile(r"(\w+) (-?\d+) (=|!=) val").fullmatch
_ATOM_FIELDS = {
    "AtomAtomicNum": "atomic_num",
    "AtomHCount": "num_hs",
    "AtomFormalCharge": "charge",
    "AtomExplicitDegree": "degree",
    "AtomInNRings": "n_rings",
    "AtomInRing": "in_ring",
    "AtomIsAromatic": "aromatic",
    "AtomRingBondCount": "ring_degree",
    "BondOrder": "bond_type",
    "BondInRing": "bond_in_ring",
}


class TooManyMatchesError(Exception):
    """A pattern has so many partial matches in a batch that memory would run out."""


class _UnsupportedError(Exception):
    """The SMARTS has something that only RDKit can match."""


@dataclass(frozen=True, slots=True)
class _Is:
    """A property equals a value, or does not."""

    field: str
    value: int
    negated: bool


@dataclass(frozen=True, slots=True)
class _Heads:
    """An atom is the first atom of a match of another pattern, or is not."""

    smarts: str
    negated: bool


@dataclass(frozen=True, slots=True)
class _Combined:
    """All of several conditions hold, or any."""

    every: bool
    parts: tuple[_Test, ...]


_Test = Union[_Is, _Heads, _Combined]
_ALWAYS = _Combined(True, ())


@dataclass(frozen=True, slots=True)
class _QueryAtom:
    test: _Test
    degree: int
    ring_degree: int


@dataclass(frozen=True, slots=True)
class _QueryBond:
    ends: tuple[int, int]
    test: _Test
    in_ring: bool


@dataclass(frozen=True)
class _Pattern:
    query: Mol
    atoms: tuple[_QueryAtom, ...]
    bonds: tuple[_QueryBond, ...]

    @property
    def is_uniform_ring(self) -> bool:
        """Whether any atom of a match could be the first: a single ring of like atoms and bonds."""
        alike = len(set(self.atoms)) == 1 and len({bond.test for bond in self.bonds}) == 1
        return alike and self.atoms[0].degree == 2 and len(self.atoms) > 2


def has_match(batch: MolBatch, smarts: str) -> Bools:
    """Tell which molecules match a pattern, ``[n_mols]``."""
    try:
        pattern = _compile(smarts)
    except _UnsupportedError:
        return _search_one_by_one(batch, smarts)
    found = np.zeros(len(batch), dtype=np.bool_)
    found[batch.mol_of_atom[_search(batch, pattern, sets_only=True)[:, 0]]] = True
    return found


def count_matches(batch: MolBatch, smarts: str) -> Ints:
    """Count the different sets of atoms that match a pattern, ``[n_mols]``."""
    query = _read(smarts)
    try:
        matches = _search(batch, _compile(smarts), sets_only=True)
    except _UnsupportedError:
        return np.array([len(mol.GetSubstructMatches(query)) for mol in batch.mols], dtype=np.int64)
    owner = batch.mol_of_atom[matches[:, 0]]
    counts = np.bincount(owner[_first_of_each_set(matches, batch.n_atoms)], minlength=len(batch))
    for row in np.flatnonzero(np.bincount(owner, minlength=len(batch)) >= _RDKIT_LIMIT):
        counts[row] = len(batch.mols[row].GetSubstructMatches(query))
    return counts


def atoms_matched(batch: MolBatch, smarts: str, among: Bools | None = None) -> Bools:
    """Tell which atoms are the first atom of a match, ``[n_atoms]``; ``among`` limits the search to some atoms."""
    found = np.zeros(batch.n_atoms, dtype=np.bool_)
    found[_search(batch, _compile(smarts), among)[:, 0]] = True
    return found


# --- reading ----------------------------------------------------------------------------------------------------


@functools.cache
def _read(smarts: str) -> Mol:
    query = Chem.MolFromSmarts(smarts)
    if query is None:
        raise ValueError(f"not SMARTS: {smarts}")
    Chem.FastFindRings(query)
    return query


@functools.cache
def _compile(smarts: str) -> _Pattern:
    query = _read(smarts)
    if len(Chem.GetMolFrags(query)) != 1:
        raise _UnsupportedError(smarts)
    bonds = tuple(
        _QueryBond((b.GetBeginAtomIdx(), b.GetEndAtomIdx()), _parse(b.DescribeQuery(), []), b.IsInRing())
        for b in query.GetBonds()
    )
    atoms = tuple(
        _QueryAtom(
            _parse(atom.DescribeQuery(), _recursions(atom.GetSmarts())),
            atom.GetDegree(),
            sum(bond.IsInRing() for bond in atom.GetBonds()),
        )
        for atom in query.GetAtoms()
    )
    return _Pattern(query, atoms, bonds)


def _recursions(atom_smarts: str) -> list[str]:
    """Return what stands in each ``$(...)`` of an atom, in order."""
    found, start = [], atom_smarts.find("$(")
    while start >= 0:
        depth, end = 1, start + 2
        while depth:
            depth += {"(": 1, ")": -1}.get(atom_smarts[end], 0)
            end += 1
        found.append(atom_smarts[start + 2 : end - 1])
        start = atom_smarts.find("$(", end)
    return found


def _parse(description: str, recursions: list[str]) -> _Test:
    """Read RDKit's indented description of an atom's or a bond's query."""
    remaining = iter(recursions)
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in description.splitlines() if line.strip()]
    stack: list[tuple[int, str, list[_Test]]] = [(-1, "And", [])]
    for indent, text in lines:
        while stack[-1][0] >= indent:
            _close(stack)
        if text in ("AtomAnd", "AtomOr", "BondAnd", "BondOr"):
            stack.append((indent, text[4:], []))
        else:
            stack[-1][2].append(_parse_leaf(text, remaining))
    while len(stack) > 1:
        _close(stack)
    if next(remaining, None) is not None:
        raise _UnsupportedError(description)
    test = _Combined(True, tuple(stack[0][2]))
    _check_valences(test, aliphatic=False)
    return test


def _close(stack: list[tuple[int, str, list[_Test]]]) -> None:
    _, kind, parts = stack.pop()
    stack[-1][2].append(_Combined(kind == "And", tuple(parts)))


def _parse_leaf(text: str, recursions: Any) -> _Test:
    if text in ("AtomNull", "BondNull"):
        return _ALWAYS
    if text.startswith("RecursiveStructure"):
        smarts = next(recursions)
        _compile(smarts)
        return _Heads(smarts, negated="not in" in text)
    match = _LEAF(text)
    if match is None:
        raise _UnsupportedError(text)
    name, value, negated = match[1], int(match[2]), match[3] == "!="
    if name in _ATOM_FIELDS and (value >= 0 or name == "AtomFormalCharge"):
        return _Is(_ATOM_FIELDS[name], value, negated)
    if name == "AtomInNRings":
        return _Is("in_ring", 1, negated)
    if name == "AtomIsAliphatic":
        return _Is("aromatic", 0, negated)
    if name == "AtomTotalValence":
        return _Is("aliphatic_valence", value, negated)
    return _parse_compound(name, value, negated)


def _parse_compound(name: str, value: int, negated: bool) -> _Test:
    """Leaves that look at two properties at once."""
    if name == "AtomType":
        parts = (_Is("atomic_num", value % 1000, negated), _Is("aromatic", value // 1000, negated))
        return _Combined(not negated, parts)
    if name == "SingleOrAromaticBond" and value == 1:
        return _Combined(negated, (_Is("bond_type", 1, negated), _Is("bond_type", 12, negated)))
    if name == "AtomTotalDegree":
        return _Is("total_degree", value, negated)
    if name == "AtomIsotope":
        # Plain molecules have none.
        return _Combined((value == 0) != negated, ())
    raise _UnsupportedError(name)


def _check_valences(test: _Test, aliphatic: bool) -> None:
    """Refuse to ask for the valence of what may be an aromatic atom."""
    if isinstance(test, _Is) and test.field == "aliphatic_valence" and not aliphatic:
        raise _UnsupportedError("valence of an aromatic atom")
    if isinstance(test, _Combined):
        aliphatic = aliphatic or (test.every and _excludes_aromatic(test))
        for part in test.parts:
            _check_valences(part, aliphatic)


def _excludes_aromatic(test: _Test) -> bool:
    if isinstance(test, _Is):
        return test == _Is("aromatic", 0, False) or test == _Is("aromatic", 1, True)
    if isinstance(test, _Combined) and test.parts:
        return (any if test.every else all)(_excludes_aromatic(part) for part in test.parts)
    return False


# --- searching --------------------------------------------------------------------------------------------------


def _search_one_by_one(batch: MolBatch, smarts: str) -> Bools:
    """Ask RDKit, but only for molecules that match each piece of the pattern."""
    query = _read(smarts)
    candidates = np.ones(len(batch), dtype=np.bool_)
    pieces = Chem.GetMolFrags(query)
    if len(pieces) > 1:
        for piece in {Chem.MolFragmentToSmarts(query, atoms) for atoms in pieces}:
            candidates &= has_match(batch, piece)
    for row in np.flatnonzero(candidates):
        candidates[row] = batch.mols[row].HasSubstructMatch(query)
    return candidates


def _search(batch: MolBatch, pattern: _Pattern, among: Bools | None = None, sets_only: bool = False) -> Ints:
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
    for query_atom, parent, bond, closures in _plan(pattern, start):
        columns = _extend(batch, columns, query_atom, parent, masks[query_atom], bond, closures)
        if lowest_first:
            keep = columns[query_atom] > columns[start]
            columns = {place: column[keep] for place, column in columns.items()}
    return np.stack([columns[place] for place in range(len(masks))], axis=1)


_Step = tuple[int, int, _QueryBond, list[tuple[int, _QueryBond]]]


@functools.cache
def _plan(pattern: _Pattern, start: int) -> list[_Step]:
    """Order the query's atoms so that each is bonded to one before it; rings are closed as soon as they can be."""
    placed, steps = [start], []
    while len(placed) < len(pattern.atoms):
        options = []
        for bond in pattern.bonds:
            for old, new in (bond.ends, bond.ends[::-1]):
                if old in placed and new not in placed:
                    back = [b for b in pattern.bonds if new in b.ends and (set(b.ends) - {new}) <= set(placed)]
                    options.append((-len(back), placed.index(old), old, new, bond, back))
        _, _, old, new, bond, back = min(options, key=lambda option: option[:2])
        closures = [(next(iter(set(b.ends) - {new})), b) for b in back if b is not bond]
        steps.append((new, old, bond, closures))
        placed.append(new)
    return steps


def _extend(
    batch: MolBatch,
    columns: dict[int, Ints],
    query_atom: int,
    parent: int,
    mask: Bools,
    bond: _QueryBond,
    closures: list[tuple[int, _QueryBond]],
) -> dict[int, Ints]:
    """Add one atom of the query to partial matches."""
    row, edge = batch.neighbours(columns[parent])
    if len(row) > _MAX_ROWS:
        raise TooManyMatchesError
    atom = batch.edge_target[edge]
    keep = np.flatnonzero(mask[atom] & _bond_mask(batch, bond)[batch.edge_bond[edge]])
    row, atom = row[keep], atom[keep]
    good = np.ones(len(row), dtype=np.bool_)
    for place, column in columns.items():
        if place != parent:
            good &= column[row] != atom
    for place, closing in closures:
        between = batch.bonds_between(atom, columns[place][row])
        good &= (between >= 0) & _bond_mask(batch, closing)[between]
    row, atom = row[good], atom[good]
    return {place: column[row] for place, column in columns.items()} | {query_atom: atom}


def _atom_mask(batch: MolBatch, atom: _QueryAtom) -> Bools:
    if atom not in batch.memory:
        mask = _evaluate(batch, atom.test, batch.n_atoms) & (batch.degree >= atom.degree)
        batch.memory[atom] = mask & (batch.ring_degree >= atom.ring_degree) if atom.ring_degree else mask
    found: Bools = batch.memory[atom]
    return found


def _bond_mask(batch: MolBatch, bond: _QueryBond) -> Bools:
    key = bond.test, bond.in_ring
    if key not in batch.memory:
        mask = _evaluate(batch, bond.test, len(batch.bond_ends))
        batch.memory[key] = mask & batch.bond_in_ring if bond.in_ring else mask
    found: Bools = batch.memory[key]
    return found


def _evaluate(batch: MolBatch, test: _Test, size: int) -> Bools:
    key = test, size
    if key not in batch.memory:
        batch.memory[key] = _compute(batch, test, size)
    found: Bools = batch.memory[key]
    return found


def _compute(batch: MolBatch, test: _Test, size: int) -> Bools:
    if isinstance(test, _Heads):
        return atoms_matched(batch, test.smarts) != test.negated
    if isinstance(test, _Combined):
        masks = [_evaluate(batch, part, size) for part in test.parts]
        if not masks:
            return np.full(size, test.every)
        return functools.reduce(np.logical_and if test.every else np.logical_or, masks)
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
