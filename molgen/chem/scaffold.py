"""Bemis-Murcko scaffolds."""

from __future__ import annotations

from collections.abc import Sequence

from rdkit.Chem.Scaffolds import MurckoScaffold

from molgen.chem.parse import Mol

__all__ = ["murcko_scaffolds"]


def murcko_scaffolds(mols: Sequence[Mol], *, chirality: bool = True) -> list[str]:
    """Return the Bemis-Murcko scaffold of each molecule as canonical SMILES; acyclic molecules share the empty scaffold.

    Source: Bemis & Murcko, J. Med. Chem. 1996, 39, 2887.
    """
    known: dict[int, str] = {}  # of molecules that are there several times, as those of pairs are
    for mol in mols:
        if id(mol) not in known:
            known[id(mol)] = MurckoScaffold.MurckoScaffoldSmiles(mol=mol, includeChirality=chirality)
    return [known[id(mol)] for mol in mols]
