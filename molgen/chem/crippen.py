"""Crippen's contributions of atoms to logP and molar refractivity.

Source: Wildman, Crippen, J. Chem. Inf. Comput. Sci. 39 (1999) 868, with the definitions of RDKit.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from rdkit import RDConfig

from molgen.chem.atom_kinds import surroundings
from molgen.chem.descriptor_family import once_per_batch
from molgen.chem.hashing import Hashes, number_distinct
from molgen.chem.mol_batch import Floats, Ints, MolBatch, add_up
from molgen.chem.smarts import atoms_matched
from molgen.chem.smarts_query import compile_smarts

__all__ = ["AtomRules", "crippen", "heavy_rules", "hydrogen_rules", "log_p"]

# Crippen's rules for hydrogens, as patterns of the atom that the hydrogen is on.
_ON_WATER = "O[!#6;!#7;!#8;!#16]"
_HYDROGEN_RULES = (
    ("[#6]", 0.123, 1.057),
    ("O[CX4,c]", -0.2677, 1.395),
    (_ON_WATER, -0.2677, 1.395),
    ("[!#6;!#7;!#8]", -0.2677, 1.395),
    ("[#7]", 0.2142, 0.9627),
    ("O[#7]", 0.2142, 0.9627),
    ("OC=[#6,#7,O,S]", 0.298, 1.805),
    ("O[O,S]", 0.298, 1.805),
    ("*", 0.1125, 1.112),
)
#: Surroundings that a set of rules remembers (6 MB): most of a library's atoms are in one of them.
_MAX_REMEMBERED = 2**18


class AtomRules:
    """Contributions of atoms by rules, of which the first that matches counts.

    What the rules said of an atom is remembered for all atoms with the same surroundings, as far as the rules look.

    Parameters
    ----------
    rules
        SMARTS whose first atom is the one that contributes, and its contributions to logP and to molar refractivity. They look
        along chains alone, so that a ring cannot make a difference that :func:`~molgen.chem.atom_kinds.surroundings` does not know.
    """

    def __init__(self, rules: tuple[tuple[str, float, float], ...]) -> None:
        self.rules = rules
        self.radius = max(compile_smarts(smarts).depth for smarts, *_ in rules)
        # Sorted; the one entry that stands for no atom spares the search of an empty table.
        self._known: tuple[Hashes, Floats] = np.zeros(1, dtype=np.uint64), np.zeros((2, 1))

    def __call__(self, batch: MolBatch) -> Floats:
        """Return the contributions of each atom, ``[2, n_atoms]``; zeros where no rule matches."""
        of_atoms = surroundings(batch, self.radius)
        of_atom, example = number_distinct(of_atoms)
        asked = of_atoms[example]
        hashes, values = self._known
        place = np.minimum(np.searchsorted(hashes, asked), len(hashes) - 1)
        new = hashes[place] != asked
        found = values[:, place]
        if new.any():
            found[:, new] = self._ask(batch, example[new])
            self._remember(asked[new], found[:, new])
        contributions: Floats = found[:, of_atom]
        return contributions

    def _ask(self, batch: MolBatch, atoms: Ints) -> Floats:
        """Try one rule after the other on some atoms."""
        found = np.zeros((2, batch.n_atoms))
        waiting = np.zeros(batch.n_atoms, dtype=np.bool_)
        waiting[atoms] = True
        for smarts, *contributions in self.rules:
            matched = atoms_matched(batch, smarts, waiting)
            if smarts == _ON_WATER:
                # In water one hydrogen is such a neighbour to the other.
                matched |= waiting & (batch.atomic_num == 8) & (batch.num_hs > 1)
            found[:, matched] = np.array(contributions)[:, None]
            waiting &= ~matched
            if not waiting.any():
                break
        return found[:, atoms]

    def _remember(self, new: Hashes, values: Floats) -> None:
        hashes, known = self._known
        if len(hashes) + len(new) <= _MAX_REMEMBERED:
            order = np.argsort(new)
            places = np.searchsorted(hashes, new[order])
            # Both at once: another thread sees all of it or nothing.
            self._known = np.insert(hashes, places, new[order]), np.insert(known, places, values[:, order], axis=1)


@functools.cache
def heavy_rules() -> AtomRules:
    """Return Crippen's rules for heavy atoms, from the file that RDKit brings."""
    rows = [line.split("\t") for line in Path(RDConfig.RDDataDir, "Crippen.txt").read_text().splitlines()]
    rules = [row for row in rows if len(row) > 3 and row[0] and not row[0].startswith("#") and "[#1]" not in row[1][:4]]
    return AtomRules(tuple((smarts, float(log_p or 0), float(refractivity or 0)) for _, smarts, log_p, refractivity, *_ in rules))


@functools.cache
def hydrogen_rules() -> AtomRules:
    """Return Crippen's rules for the hydrogens on each atom."""
    return AtomRules(_HYDROGEN_RULES)


@once_per_batch
def crippen(batch: MolBatch) -> tuple[Floats, Floats]:
    """Contributions of the heavy atoms to logP and to molar refractivity."""
    log_p, refractivity = heavy_rules()(batch)
    return log_p, refractivity


@once_per_batch
def log_p(batch: MolBatch) -> tuple[Floats, ...]:
    """MolLogP and MolMR."""
    owner = np.concatenate([batch.mol_of_atom, np.repeat(batch.mol_of_atom, batch.num_hs)])
    return tuple(
        add_up(owner, np.concatenate([heavy, np.repeat(hydrogen, batch.num_hs)]), len(batch))
        for heavy, hydrogen in zip(crippen(batch), hydrogen_rules()(batch), strict=True)
    )
