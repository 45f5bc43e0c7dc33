"""Many molecules as a few long arrays: what is computed for all their atoms and bonds at once starts here.

:class:`MolBatch` holds *plain* molecules only: two to 512 atoms, no explicit hydrogens, dummy atoms or isotopes, and bonds
that are single, double, triple or aromatic. Nearly all of a compound library is plain; :func:`pack_plain` tells which rows
are, and what is not must be left to RDKit, one molecule at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molgen.chem.graph import GraphBatch, decode_graphs
from molgen.chem.graph_fields import LOWEST_CHARGE
from molgen.chem.parse import Mol, MolList

__all__ = [
    "AROMATIC",
    "Bools",
    "Floats",
    "Ints",
    "MolBatch",
    "Rings",
    "SizeGroup",
    "add_up",
    "element_table",
    "pack_plain",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: RDKit's number for the aromatic bond type; those of single, double and triple bonds are 1, 2 and 3.
AROMATIC = 12
_MATRIX_ELEMENTS = 50_000
#: Beyond it a matrix of atoms is too large, and a characteristic polynomial may not fit into doubles.
_MAX_ATOMS = 512
_PLAIN_BONDS = np.isin(np.arange(256), (1, 2, 3, AROMATIC))
_BOND_ORDERS = np.array([np.nan, 1.0, 2.0, 3.0, *[np.nan] * 8, 1.5])


@dataclass(slots=True)
class SizeGroup:
    """Molecules of a batch that have equally many atoms, so that their matrices stack.

    Attributes
    ----------
    members
        Places of the molecules in the batch, ``[k]``.
    atoms
        Places of their atoms in the batch, ``[k, n]``.
    """

    members: Ints
    atoms: Ints


@dataclass(slots=True)
class Rings:
    """The rings of all molecules.

    Attributes
    ----------
    mol_of_ring
        The molecule of each ring, ``[n_rings]``.
    ring
        The ring of each member, ``[n_members]``.
    atoms, bonds
        The members: each ring's atoms in order around it, and the bond from each to the next.
    """

    mol_of_ring: Ints
    ring: Ints
    atoms: Ints
    bonds: Ints


@dataclass
class MolBatch:
    """Plain molecules, packed end to end; every array is computed when it is first asked for.

    Attributes
    ----------
    mols
        The molecules.
    graphs
        Their atoms and bonds; bond fields and atom fields as in :mod:`molgen.chem.graph_fields`.
    memory
        Results that depend on the batch alone, by whatever key their owner chooses.
    """

    mols: list[Mol]
    graphs: GraphBatch
    memory: dict[Any, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mols)

    def select(self, members: Sequence[int]) -> MolBatch:
        """Return some of the molecules, in the given order; their rings are not looked for again."""
        chosen = MolBatch([self.mols[each] for each in members], self.graphs.select(np.asarray(members, dtype=np.int64)))
        if "ring_lists" in self.__dict__:
            chosen.ring_lists = [self.ring_lists[each] for each in members]
        return chosen

    # --- atoms --------------------------------------------------------------------------------------------------

    @property
    def n_atoms(self) -> int:
        """Atoms of all molecules."""
        return len(self.graphs.atoms)

    @cached_property
    def sizes(self) -> Ints:
        """Atoms of each molecule."""
        return np.diff(self.graphs.atom_ptr).astype(np.int64)

    @cached_property
    def mol_of_atom(self) -> Ints:
        """The molecule of each atom."""
        return np.repeat(np.arange(len(self)), self.sizes)

    @cached_property
    def atomic_num(self) -> Ints:
        """Atomic numbers."""
        return self._atom_field(0)

    @cached_property
    def charge(self) -> Ints:
        """Formal charges."""
        return self._atom_field(3) + LOWEST_CHARGE

    @cached_property
    def num_hs(self) -> Ints:
        """Hydrogens of each atom."""
        return self._atom_field(4)

    @cached_property
    def radicals(self) -> Ints:
        """Unpaired electrons."""
        return self._atom_field(5)

    @cached_property
    def hybridization(self) -> Ints:
        """Index of the hybridization: 2 is SP, 3 SP2, 4 SP3."""
        return self._atom_field(6)

    @cached_property
    def aromatic(self) -> Bools:
        """Whether an atom is aromatic."""
        return self.graphs.atoms[:, 7] > 0

    @cached_property
    def in_ring(self) -> Bools:
        """Whether an atom is in a ring."""
        return self.graphs.atoms[:, 8] > 0

    @cached_property
    def degree(self) -> Ints:
        """Bonds of each atom to others than hydrogen."""
        return np.bincount(self.bond_ends.ravel(), minlength=self.n_atoms)

    @cached_property
    def aliphatic_valence(self) -> Ints:
        """Bond orders and hydrogens of an atom added up; -1 for an aromatic atom, where RDKit's rules are others."""
        orders = np.bincount(self.bond_ends.ravel(), np.repeat(self.bond_order, 2), minlength=self.n_atoms)
        return np.where(self.aromatic, -1, orders + self.num_hs).astype(np.int64)

    # --- bonds --------------------------------------------------------------------------------------------------

    @cached_property
    def bond_ends(self) -> Ints:
        """The two atoms of each bond, ``[n_bonds, 2]``, in RDKit's order."""
        return self.graphs.bonds.astype(np.int64)

    @cached_property
    def bond_type(self) -> Ints:
        """RDKit's number of each bond's type."""
        return self.graphs.bond_fields[:, 0].astype(np.int64)

    @cached_property
    def bond_order(self) -> Floats:
        """1, 2, 3, or 1.5 for an aromatic bond."""
        orders: Floats = _BOND_ORDERS[self.bond_type]
        return orders

    @cached_property
    def mol_of_bond(self) -> Ints:
        """The molecule of each bond."""
        return np.repeat(np.arange(len(self)), np.diff(self.graphs.bond_ptr))

    # --- neighbours ---------------------------------------------------------------------------------------------

    @cached_property
    def _edges(self) -> tuple[Ints, Ints, Ints]:
        ends = self.bond_ends
        source, target = np.concatenate([ends, ends[:, ::-1]]).T
        key = source * self.n_atoms + target
        order = np.argsort(key)
        return key[order], target[order], order % max(1, len(ends))

    @property
    def edge_target(self) -> Ints:
        """Neighbours of all atoms, sorted by atom and then neighbour."""
        return self._edges[1]

    @property
    def edge_bond(self) -> Ints:
        """The bond that leads to each neighbour."""
        return self._edges[2]

    @cached_property
    def edge_start(self) -> Ints:
        """Where the neighbours of each atom begin in ``edge_target``."""
        return np.cumsum(self.degree) - self.degree

    def neighbours(self, atoms: Ints) -> tuple[Ints, Ints]:
        """Return, for each neighbour of each given atom, the place in ``atoms`` and the place in ``edge_target``."""
        counts = self.degree[atoms]
        ends = np.cumsum(counts)
        place = np.repeat(np.arange(len(atoms)), counts)
        edge = np.repeat(self.edge_start[atoms] - (ends - counts), counts) + np.arange(len(place))
        return place, edge

    def bonds_between(self, a: Ints, b: Ints) -> Ints:
        """Return the bond between each pair of atoms, or -1."""
        keys = self._edges[0]
        wanted = a * self.n_atoms + b
        at = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
        return np.where(keys[at] == wanted, self.edge_bond[at], -1) if len(keys) else np.full(len(a), -1)

    # --- rings --------------------------------------------------------------------------------------------------

    @cached_property
    def ring_lists(self) -> list[tuple[tuple[int, ...], ...]]:
        """The rings of each molecule, as RDKit gives them: its atoms by their numbers in the molecule."""
        return [mol.GetRingInfo().AtomRings() for mol in self.mols]

    @cached_property
    def rings(self) -> Rings:
        """The smallest set of smallest rings, symmetrised as RDKit has it."""
        rings = self.ring_lists
        counts = np.fromiter(map(len, rings), dtype=np.int64, count=len(rings))
        sizes = np.fromiter(map(len, chain.from_iterable(rings)), dtype=np.int64, count=counts.sum())
        local = np.fromiter(chain.from_iterable(chain.from_iterable(rings)), dtype=np.int64, count=sizes.sum())
        mol_of_ring = np.repeat(np.arange(len(self)), counts)
        atoms = local + np.repeat(self.graphs.atom_ptr[mol_of_ring], sizes)
        following = np.roll(atoms, -1)
        ends = np.cumsum(sizes)
        following[ends - 1] = atoms[ends - sizes]
        return Rings(mol_of_ring, np.repeat(np.arange(len(sizes)), sizes), atoms, self.bonds_between(atoms, following))

    @cached_property
    def n_rings(self) -> Ints:
        """Rings of the smallest set that each atom is in."""
        return np.bincount(self.rings.atoms, minlength=self.n_atoms)

    @cached_property
    def min_ring(self) -> Ints:
        """Size of the smallest ring that each atom is in; 0 if it is in none."""
        sizes = np.bincount(self.rings.ring)[self.rings.ring] if len(self.rings.ring) else np.zeros(0, dtype=np.int64)
        found = np.full(self.n_atoms, _MAX_ATOMS + 1)
        np.minimum.at(found, self.rings.atoms, sizes)
        return np.where(found > _MAX_ATOMS, 0, found)

    @cached_property
    def bond_in_ring(self) -> Bools:
        """Whether a bond is in a ring."""
        found = np.zeros(len(self.bond_ends), dtype=np.bool_)
        found[self.rings.bonds] = True
        return found

    @cached_property
    def ring_degree(self) -> Ints:
        """Ring bonds of each atom."""
        return np.bincount(self.bond_ends[self.bond_in_ring].ravel(), minlength=self.n_atoms)

    @cached_property
    def angles(self) -> tuple[Ints, Ints]:
        """Pairs of neighbours of one atom, each pair once: two places in ``edge_target``."""
        later = np.repeat(self.edge_start + self.degree, self.degree) - np.arange(len(self.edge_target)) - 1
        left = np.repeat(np.arange(len(later)), later)
        ends = np.cumsum(later)
        return left, left + 1 + np.arange(len(left)) - np.repeat(ends - later, later)

    @cached_property
    def edge_source(self) -> Ints:
        """The atom whose neighbour stands at each place of ``edge_target``."""
        return np.repeat(np.arange(self.n_atoms), self.degree)

    # --- sums and matrices --------------------------------------------------------------------------------------

    def sum_atoms(self, values: NDArray[Any]) -> Floats:
        """Add up a value of the atoms for each molecule, atom by atom in order as RDKit does."""
        return add_up(self.mol_of_atom, values, len(self))

    def sum_bonds(self, values: NDArray[Any]) -> Floats:
        """Add up a value of the bonds for each molecule, bond by bond in order."""
        return add_up(self.mol_of_bond, values, len(self))

    def bin_atoms(self, values: Floats, bins: Sequence[float], weights: Floats) -> tuple[Floats, ...]:
        """Add up weights of atoms for each molecule and each interval of values; one array ``[n_mols]`` an interval."""
        n_bins = len(bins) + 1
        place = self.mol_of_atom * n_bins + np.searchsorted(bins, values, side="right")
        return tuple(add_up(place, weights, len(self) * n_bins).reshape(len(self), n_bins).T)

    @cached_property
    def size_groups(self) -> list[SizeGroup]:
        """Molecules by their number of atoms, few enough at a time for their matrices to stay in the cache."""
        order = np.argsort(self.sizes, kind="stable")
        first = self.graphs.atom_ptr[:-1].astype(np.int64)
        groups = []
        for alike in np.split(order, np.flatnonzero(np.diff(self.sizes[order])) + 1) if len(order) else []:
            size = int(self.sizes[alike[0]])
            step = max(1, _MATRIX_ELEMENTS // size**2)
            for start in range(0, len(alike), step):
                members = alike[start : start + step]
                groups.append(SizeGroup(members, first[members, None] + np.arange(size)))
        return groups

    def bond_matrices(self, group: SizeGroup, of_bond: NDArray[Any], elsewhere: float) -> Floats:
        """Return symmetric matrices ``[k, n, n]`` that hold a value of the bonds, and another where there is none."""
        n = group.atoms.shape[1]
        ptr = self.graphs.bond_ptr.astype(np.int64)
        counts = np.diff(ptr)[group.members]
        ends = np.cumsum(counts)
        bonds = np.repeat(ptr[group.members] - (ends - counts), counts) + np.arange(counts.sum())
        place = np.repeat(np.arange(len(group.members)), counts)
        local = self.bond_ends[bonds] - group.atoms[place, :1]
        matrices = np.full((len(group.members), n, n), elsewhere)
        matrices[place, local[:, 0], local[:, 1]] = matrices[place, local[:, 1], local[:, 0]] = of_bond[bonds]
        return matrices

    def _atom_field(self, column: int) -> Ints:
        return self.graphs.atoms[:, column].astype(np.int64)


def pack_plain(mols: Sequence[Mol | None]) -> tuple[MolBatch, Ints]:
    """Pack the plain ones among sanitised molecules.

    Returns
    -------
    MolBatch
        The plain molecules, in order.
    numpy.ndarray
        Their places in ``mols``.

    Notes
    -----
    A :class:`~molgen.chem.parse.MolList` is packed once, however many ask.
    """
    if not isinstance(mols, MolList):
        return _pack(mols)
    if mols.plain is None:
        batch, places = _pack(mols)
        mols.plain = batch, places.tolist()
    batch, places = mols.plain
    return batch, np.asarray(places, dtype=np.int64)


def _pack(mols: Sequence[Mol | None]) -> tuple[MolBatch, Ints]:
    graphs, errors = decode_graphs(mols)
    n = len(graphs)
    mol_of_atom = np.repeat(np.arange(n), np.diff(graphs.atom_ptr))
    mol_of_bond = np.repeat(np.arange(n), np.diff(graphs.bond_ptr))
    sizes = np.diff(graphs.atom_ptr)
    plain = (sizes > 1) & (sizes <= _MAX_ATOMS)
    plain[list(errors)] = False
    plain[mol_of_atom[graphs.atoms[:, 0] < 2]] = False
    plain[mol_of_bond[~_PLAIN_BONDS[graphs.bond_fields[:, 0]]]] = False
    # Molecules that were kekulized after they were sanitised have aromatic atoms without aromatic bonds.
    bonded = np.zeros(len(graphs.atoms), dtype=np.bool_)
    bonded[graphs.bonds[graphs.bond_fields[:, 0] == AROMATIC].ravel()] = True
    plain[mol_of_atom[bonded != (graphs.atoms[:, 7] > 0)]] = False
    isotope = Chem.MolFromSmarts("[!0*]")
    kept = {p: mol for p, mol in enumerate(mols) if mol is not None and plain[p] and not mol.HasSubstructMatch(isotope)}
    places = np.fromiter(kept, dtype=np.int64, count=len(kept))
    return MolBatch(list(kept.values()), graphs.select(places)), places


def add_up(owner: Ints, values: NDArray[Any], n_owners: int) -> Floats:
    """Add up the values of each owner, one after the other in their order."""
    return np.bincount(owner, values, minlength=n_owners).astype(np.float64, copy=False)


@functools.cache
def element_table(quantity: str) -> NDArray[Any]:
    """Return a quantity of RDKit's periodic table for atomic numbers 0 to 118, such as ``"NOuterElecs"`` or ``"Rb0"``."""
    getter = getattr(Chem.GetPeriodicTable(), f"Get{quantity}")
    return np.array([getter(number) for number in range(119)])
