"""What a batch of molecules has in common: bonds, in either direction, whose surroundings are the same are told once.

After ``t`` rounds of message passing the message of a directed bond follows from what lies within ``t`` bonds behind it, and
most of that is found again and again: of the messages of 1,000 drug-like molecules 3 in 100 differ after one round, and 1 in 5
after two. A network that works them out once needs a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.chem.graph import ATOM_FIELD_SIZES, BOND_FIELD_SIZES, GraphBatch, segments
from molgen.chem.hashing import Hashes, hash_numbers, number_distinct, sum_stretches

if TYPE_CHECKING:
    import torch

__all__ = ["Environments", "Heard", "merge_environments"]

Ints = NDArray[np.int64]


class Heard(NamedTuple):
    """Distinct receivers of messages, and the distinct messages that reach each.

    Attributes
    ----------
    receivers
        int64 ``[n]``: what each was the round before. After the last round, which kind of atom it is.
    messages
        int64: the messages of the round before that reach them, one receiver's after the other's.
    starts
        int64 ``[n]``: where those of each receiver begin in ``messages``.
    """

    receivers: torch.Tensor
    messages: torch.Tensor
    starts: torch.Tensor


class Environments(NamedTuple):
    """A batch of graphs as message passing along directed bonds sees it, with everything that is the same told once.

    Attributes
    ----------
    atoms, bonds
        uint8 ``[n_kinds, 9]`` and ``[n_kinds, 3]``: the fields of each kind of atom and of bond.
    sources
        int64 ``[2, n]``: kind of the atom that each distinct directed bond comes from, and kind of the bond.
    rounds
        For each round of message passing its distinct messages, and what they are made of: what reaches the atom that the bond
        comes from, but for what came along the bond itself.
    last
        The distinct atoms, and the messages of the last round that reach each.
    of_atom
        int64 ``[n_atoms]``: which distinct atom each atom of the batch is.
    """

    atoms: torch.Tensor
    bonds: torch.Tensor
    sources: torch.Tensor
    rounds: list[Heard]
    last: Heard
    of_atom: torch.Tensor


def merge_environments(graphs: GraphBatch, rounds: int) -> Environments:
    """Find out which directed bonds and atoms of a batch are alike up to each round of message passing.

    Neighbourhoods are compared by sums of 64-bit hashes. Among the 20,000 that 1,000 molecules have after a round, two that differ
    are taken for the same with a chance of one in 10^11.

    Parameters
    ----------
    graphs
        The batch.
    rounds
        Rounds of message passing, ``>= 1``.
    """
    import torch

    atom, atom_example = number_distinct(_as_one_number(graphs.atoms, ATOM_FIELD_SIZES))
    bond, bond_example = number_distinct(_as_one_number(graphs.bond_fields, BOND_FIELD_SIZES))
    n_bonds, n_atoms = len(bond), len(atom)
    begin, end = graphs.bonds.astype(np.int64).T
    source, target = np.concatenate([begin, end]), np.concatenate([end, begin])
    backwards = np.concatenate([np.arange(n_bonds, 2 * n_bonds), np.arange(n_bonds)])
    incoming = np.argsort(target, kind="stable")
    degree = np.bincount(target, minlength=n_atoms)
    first = np.cumsum(degree) - degree

    def sum_at_atoms(hashes: Hashes) -> Hashes:
        """Add up what reaches each atom."""
        return sum_stretches(hashes[incoming], first, degree)

    def reaching(atoms: Ints) -> tuple[Ints, Ints]:
        """Return the directed bonds that end at each of some atoms, and where those of each begin."""
        places, ends = segments(first[atoms], degree[atoms])
        return incoming[places], ends[:-1].astype(np.int64)

    message, example = number_distinct(atom[source] * len(bond_example) + bond[np.arange(2 * n_bonds) % max(1, n_bonds)])
    sources = np.stack([atom[source[example]], bond[example % max(1, n_bonds)]])
    heard = []
    for _ in range(rounds):
        hashes = hash_numbers(message)
        others = sum_at_atoms(hashes)[source] - hashes[backwards]
        merged, example = number_distinct(hashes ^ hash_numbers(others))
        edges, starts = reaching(source[example])
        own = np.repeat(backwards[example], degree[source[example]])
        # One bond of each bag is the one that the message leaves along, in the other direction.
        heard.append(_tensors(message[example], message[edges[edges != own]], starts - np.arange(len(starts))))
        message = merged
    of_atom, example = number_distinct(sum_at_atoms(hash_numbers(message)) ^ hash_numbers(hash_numbers(atom)))
    edges, starts = reaching(example)
    return Environments(
        torch.from_numpy(graphs.atoms[atom_example]),
        torch.from_numpy(graphs.bond_fields[bond_example]),
        torch.from_numpy(sources),
        heard,
        _tensors(atom[example], message[edges], starts),
        torch.from_numpy(of_atom),
    )


def _as_one_number(fields: NDArray[np.uint8], sizes: Sequence[int]) -> Ints:
    """Return a number for each row of fields that no other combination of values has."""
    places = np.cumprod([1, *sizes[:-1]], dtype=np.int64)
    numbers: Ints = fields.astype(np.int64) @ places
    return numbers


def _tensors(receivers: Ints, messages: Ints, starts: Ints) -> Heard:
    import torch

    return Heard(torch.from_numpy(receivers), torch.from_numpy(messages), torch.from_numpy(starts))
