"""SMARTS read into conditions on atoms and bonds that NumPy can evaluate.

RDKit parses the text; what it says about the query of each atom and bond (``DescribeQuery``) is read here. Equal parts of
patterns are one object (their factories remember), so that they are compared and hashed by identity, and what is found for
one in a batch of molecules serves all patterns that have it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rdkit import Chem, rdBase

from molgen.chem.mol_batch import AROMATIC
from molgen.chem.parse import Mol

__all__ = [
    "RING_FIELDS",
    "Combined",
    "Heads",
    "Is",
    "Pattern",
    "QueryAtom",
    "QueryBond",
    "Test",
    "UnsupportedSmartsError",
    "asks_rings",
    "compile_smarts",
    "is_recursive",
    "read_smarts",
    "smarts_pieces",
]

_LEAF = re.compile(r"(\w+) (-?\d+) (=|!=) val").fullmatch
_FIELDS = {
    "AtomAtomicNum": "atomic_num",
    "AtomHCount": "num_hs",
    "AtomFormalCharge": "charge",
    "AtomExplicitDegree": "degree",
    "AtomInNRings": "n_rings",
    "AtomInRing": "in_ring",
    "AtomIsAromatic": "aromatic",
    "AtomRingBondCount": "ring_degree",
    "AtomMinRingSize": "min_ring",
    "BondOrder": "bond_type",
    "BondInRing": "bond_in_ring",
}
#: Fields that only RDKit's rings can fill.
RING_FIELDS = frozenset({"n_rings", "ring_degree", "min_ring", "bond_in_ring"})


class UnsupportedSmartsError(Exception):
    """The SMARTS has something that only RDKit can match."""


@dataclass(frozen=True, slots=True, eq=False)
class Is:
    """A property equals a value, or does not."""

    field: str
    value: int
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """An atom is the first atom of a match of another pattern, or is not."""

    smarts: str
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """All of several conditions hold, or any."""

    every: bool
    parts: tuple[Test, ...]


Test = Is | Heads | Combined


@dataclass(frozen=True, slots=True, eq=False)
class QueryAtom:
    """An atom of a pattern: its condition, and its bonds and ring bonds, of which a match must have as many."""

    test: Test
    degree: int
    ring_degree: int


@dataclass(frozen=True, slots=True, eq=False)
class QueryBond:
    """A bond of a pattern: its condition, and whether it is in a ring, as its match must then be."""

    test: Test
    in_ring: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A connected pattern: its atoms, its bonds and the two atoms of each bond."""

    atoms: tuple[QueryAtom, ...]
    bonds: tuple[QueryBond, ...]
    ends: tuple[tuple[int, int], ...]

    @property
    def depth(self) -> int:
        """Bonds from the first atom to the one that is farthest from it."""
        reached, depth = {0}, 0
        while len(reached) < len(self.atoms):
            reached |= {end for ends in self.ends if reached & set(ends) for end in ends}
            depth += 1
        return depth

    @property
    def is_uniform_ring(self) -> bool:
        """Whether any atom of a match could be the first: a single ring of like atoms and bonds."""
        return len(set(self.atoms)) == 1 and len(set(self.bonds)) == 1 and self.atoms[0].ring_degree == 2


@functools.cache
def is_recursive(test: Test) -> bool:
    """Tell whether a condition has a ``$(...)`` in it that looks beyond the atom."""
    if isinstance(test, Heads):
        atoms = compile_smarts(test.smarts).atoms
        return len(atoms) > 1 or is_recursive(atoms[0].test)
    return isinstance(test, Combined) and any(map(is_recursive, test.parts))


@functools.cache
def asks_rings(part: Pattern | Test) -> bool:
    """Tell whether a match depends on the number or size of an atom's rings, or on ring bonds."""
    if isinstance(part, Pattern):
        of_atoms = (atom.ring_degree > 0 or asks_rings(atom.test) for atom in part.atoms)
        return any(of_atoms) or any(bond.in_ring or asks_rings(bond.test) for bond in part.bonds)
    if isinstance(part, Heads):
        return asks_rings(compile_smarts(part.smarts))
    if isinstance(part, Combined):
        return any(map(asks_rings, part.parts))
    return part.field in RING_FIELDS


@functools.cache
def _is(field: str, value: int, negated: bool = False) -> Is:
    return Is(field, value, negated)


@functools.cache
def _heads(smarts: str, negated: bool) -> Heads:
    return Heads(smarts, negated)


@functools.cache
def _combined(every: bool, parts: tuple[Test, ...]) -> Test:
    return parts[0] if len(parts) == 1 else Combined(every, parts)


@functools.cache
def _query_atom(test: Test, degree: int, ring_degree: int) -> QueryAtom:
    return QueryAtom(test, degree, ring_degree)


@functools.cache
def _query_bond(test: Test, in_ring: bool) -> QueryBond:
    return QueryBond(test, in_ring)


@functools.cache
def read_smarts(smarts: str) -> Mol:
    """Parse SMARTS by RDKit.

    Raises
    ------
    ValueError
        If it is not SMARTS.
    """
    with rdBase.BlockLogs():
        query = Chem.MolFromSmarts(smarts)
    if query is None:
        raise ValueError(f"not SMARTS: {smarts}")
    Chem.FastFindRings(query)
    return query


@functools.cache
def smarts_pieces(smarts: str) -> tuple[str, ...]:
    """Return the connected pieces of SMARTS, such as the two of ``C#N.[OH]``."""
    query = read_smarts(smarts)
    pieces = Chem.GetMolFrags(query)
    return (smarts,) if len(pieces) == 1 else tuple(Chem.MolFragmentToSmarts(query, atoms) for atoms in pieces)


@functools.cache
def compile_smarts(smarts: str) -> Pattern:
    """Read SMARTS.

    Raises
    ------
    UnsupportedSmartsError
        If only RDKit can match it.
    """
    query = read_smarts(smarts)
    if len(smarts_pieces(smarts)) != 1:
        raise UnsupportedSmartsError(smarts)
    atoms = tuple(
        _query_atom(
            _parse(atom.DescribeQuery(), _recursions(atom.GetSmarts())),
            atom.GetDegree(),
            sum(bond.IsInRing() for bond in atom.GetBonds()),
        )
        for atom in query.GetAtoms()
    )
    bonds = tuple(_query_bond(_parse(bond.DescribeQuery(), []), bond.IsInRing()) for bond in query.GetBonds())
    ends = tuple((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in query.GetBonds())
    return Pattern(atoms, bonds, ends)


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


def _parse(description: str, recursions: list[str]) -> Test:
    """Read RDKit's indented description of an atom's or a bond's query."""
    remaining = iter(recursions)
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in description.splitlines() if line.strip()]
    stack: list[tuple[int, str, list[Test]]] = [(-1, "And", [])]
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
        raise UnsupportedSmartsError(description)
    test = _combined(True, tuple(stack[0][2]))
    _check_valences(test, aliphatic=False)
    return test


def _close(stack: list[tuple[int, str, list[Test]]]) -> None:
    _, kind, parts = stack.pop()
    stack[-1][2].append(_combined(kind == "And", tuple(parts)))


def _parse_leaf(text: str, recursions: Iterator[str]) -> Test:
    if text in ("AtomNull", "BondNull"):
        return _combined(True, ())
    if text.startswith("RecursiveStructure"):
        smarts = next(recursions)
        compile_smarts(smarts)
        return _heads(smarts, negated="not in" in text)
    match = _LEAF(text)
    if match is None:
        raise UnsupportedSmartsError(text)
    name, value, negated = match[1], int(match[2]), match[3] == "!="
    if name in _FIELDS and (value >= 0 or name == "AtomFormalCharge"):
        return _is(_FIELDS[name], value, negated)
    if name == "AtomInNRings":
        return _is("in_ring", 1, negated)
    if name == "AtomIsAliphatic":
        return _is("aromatic", 0, negated)
    if name == "AtomTotalValence":
        return _is("aliphatic_valence", value, negated)
    return _parse_compound(name, value, negated)


def _parse_compound(name: str, value: int, negated: bool) -> Test:
    """Leaves that look at two properties at once."""
    if name == "AtomType":
        parts = (_is("atomic_num", value % 1000, negated), _is("aromatic", value // 1000, negated))
        return _combined(not negated, parts)
    if name == "SingleOrAromaticBond" and value == 1:
        return _combined(negated, (_is("bond_type", 1, negated), _is("bond_type", AROMATIC, negated)))
    if name == "AtomTotalDegree":
        return _is("total_degree", value, negated)
    if name == "AtomIsotope":
        # Plain molecules have none.
        return _combined((value == 0) != negated, ())
    raise UnsupportedSmartsError(name)


def _check_valences(test: Test, aliphatic: bool) -> None:
    """Refuse to ask for the valence of what may be an aromatic atom."""
    if isinstance(test, Is) and test.field == "aliphatic_valence" and not aliphatic:
        raise UnsupportedSmartsError("valence of an aromatic atom")
    if isinstance(test, Combined):
        aliphatic = aliphatic or (test.every and _excludes_aromatic(test))
        for part in test.parts:
            _check_valences(part, aliphatic)


def _excludes_aromatic(test: Test) -> bool:
    if isinstance(test, Is):
        return test in (_is("aromatic", 0, False), _is("aromatic", 1, True))
    if isinstance(test, Combined) and test.parts:
        return (any if test.every else all)(_excludes_aromatic(part) for part in test.parts)
    return False
