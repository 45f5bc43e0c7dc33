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
    return [MurckoScaffold.MurckoScaffoldSmiles(mol=mol, includeChirality=chirality) for mol in mols]
