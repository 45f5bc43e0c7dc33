"""What a batch of molecules has in common: told once, and nothing taken for the same that differs."""

from collections import Counter

import numpy as np
import pytest
from rdkit import Chem

from molgen.chem.environments import merge_environments
from molgen.chem.graph import decode_graphs


@pytest.fixture(scope="module")
def graphs(nci_smiles):
    return decode_graphs([Chem.MolFromSmiles(smiles) for smiles in nci_smiles[:300]])[0]


def counted_by_hand(graphs, rounds):
    """The number of distinct messages after each round and of distinct atoms after the last, by comparing nested tuples."""
    atoms, bonds = [tuple(map(tuple, fields.tolist())) for fields in (graphs.atoms, graphs.bond_fields)]
    edges = [(u, v, bond) for bond, (u, v) in enumerate(graphs.bonds.tolist())]
    edges += [(v, u, bond) for u, v, bond in edges]
    known = {(u, v): (atoms[u], bonds[bond]) for u, v, bond in edges}
    counts = [len(set(known.values()))]
    for _ in range(rounds):
        numbers = {key: at for at, key in enumerate(dict.fromkeys(known.values()))}
        into = [Counter() for _ in atoms]
        for (_, v), key in known.items():
            into[v][numbers[key]] += 1
        known = {
            (u, v): (numbers[known[u, v]], frozenset((into[u] - Counter([numbers[known[v, u]]])).items())) for u, v, _ in edges
        }
        counts.append(len(set(known.values())))
    numbers = {key: at for at, key in enumerate(dict.fromkeys(known.values()))}
    into = [Counter() for _ in atoms]
    for (_, v), key in known.items():
        into[v][numbers[key]] += 1
    return counts, len({(fields, frozenset(bag.items())) for fields, bag in zip(atoms, into, strict=True)})


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_as_many_as_there_are(graphs, rounds):
    found = merge_environments(graphs, rounds)
    messages, atoms = counted_by_hand(graphs, rounds)
    assert [found.sources.shape[1], *(len(heard.receivers) for heard in found.rounds)] == messages
    assert len(found.last.receivers) == atoms
    assert len(found.atoms) == len(np.unique(graphs.atoms, axis=0))
    assert len(found.bonds) == len(np.unique(graphs.bond_fields, axis=0))


def test_each_atom_is_of_its_kind(graphs):
    found = merge_environments(graphs, 2)
    np.testing.assert_array_equal(found.atoms[found.last.receivers][found.of_atom], graphs.atoms)


def test_most_is_the_same(graphs):
    found = merge_environments(graphs, 2)
    assert len(found.rounds[0].receivers) < 0.1 * 2 * len(graphs.bonds)
    assert len(found.rounds[1].receivers) < 0.4 * 2 * len(graphs.bonds)


def test_the_same_molecule_twice_adds_nothing(graphs):
    once, twice = (merge_environments(graphs.select(rows), 3) for rows in (np.arange(300), np.arange(600) % 300))
    assert [len(each.receivers) for each in once.rounds] == [len(each.receivers) for each in twice.rounds]
    np.testing.assert_array_equal(np.tile(once.of_atom, 2), twice.of_atom)


def test_no_graphs_and_graphs_without_bonds():
    for mols in ([], [None], [Chem.MolFromSmiles("C"), None, Chem.MolFromSmiles("[Na+].[Cl-]")]):
        batch = decode_graphs(mols)[0]
        found = merge_environments(batch, 2)
        assert len(found.of_atom) == len(batch.atoms)
        assert not any(len(heard.receivers) for heard in found.rounds)
