"""Atoms of a batch that are alike: of the same kind, or in the same surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from molgen.chem.graph_fields import LOWEST_CHARGE
from molgen.chem.hashing import Hashes, hash_numbers, sum_stretches
from molgen.chem.mol_batch import Ints, MolBatch

__all__ = ["AtomKinds", "atom_kinds", "surroundings"]

# What tells kinds of atoms apart, from its lowest value on, and how many values it may take: 46 bits together.
_KIND_FIELDS = (
    ("atomic_num", 0, 119),
    ("num_hs", 0, 9),
    ("charge", LOWEST_CHARGE, 12),
    ("degree", 0, 11),
    ("aromatic", 0, 2),
    ("in_ring", 0, 2),
    ("aliphatic_valence", -1, 30),
)
_RING_FIELDS = (("n_rings", 0, 512), ("ring_degree", 0, 11), ("min_ring", 0, 513))


@dataclass(slots=True)
class AtomKinds:
    """The kinds of atoms of a batch.

    Attributes
    ----------
    of_atom
        The kind of each atom, ``[n_atoms]``.
    example
        An atom of each kind, ``[n_kinds]``.
    counts
        Atoms of each kind in each molecule, ``[n_mols, n_kinds]``.
    """

    of_atom: Ints
    example: Ints
    counts: Ints


def atom_kinds(batch: MolBatch, *, with_rings: bool) -> AtomKinds:
    """Sort the atoms into those that no SMARTS without ``$(...)`` tells apart: a few hundred kinds among thousands.

    Parameters
    ----------
    batch
        The molecules.
    with_rings
        Whether the numbers and sizes of an atom's rings count, which RDKit must be asked for.
    """
    _, example, of_atom = np.unique(_kind_keys(batch, with_rings), return_index=True, return_inverse=True)
    counts = np.bincount(batch.mol_of_atom * len(example) + of_atom, minlength=len(batch) * len(example))
    return AtomKinds(of_atom, example, counts.reshape(len(batch), len(example)))


def surroundings(batch: MolBatch, radius: int) -> Hashes:
    """Return a hash of the kind of each atom, of its neighbours by kind and bond type, of theirs, and so on, ``[n_atoms]``.

    Atoms of any batches whose hashes are equal are alike up to ``radius`` bonds away, as far as rings do not close there.
    """
    hashes = hash_numbers(_kind_keys(batch, with_rings=False))
    along = hash_numbers(batch.bond_type)[batch.edge_bond]
    for _ in range(radius):
        neighbours = hash_numbers(hashes[batch.edge_target] ^ along)
        hashes = hash_numbers(hashes) + sum_stretches(neighbours, batch.edge_start, batch.degree)
    return hashes


def _kind_keys(batch: MolBatch, with_rings: bool) -> Ints:
    key = np.zeros(batch.n_atoms, dtype=np.int64)
    for name, lowest, size in _KIND_FIELDS + (_RING_FIELDS if with_rings else ()):
        key = key * size + np.clip(getattr(batch, name) - lowest, 0, size - 1)
    return key
