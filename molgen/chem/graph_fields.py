"""The numbers that describe an atom and a bond, and the plain way to read them: one RDKit getter at a time.

The vocabulary is that of ``torch_geometric.utils.smiles`` (PyG 2.x), so that graphs made here feed models made there.
Every field is an index: 0 is the first value of the vocabulary, not zero of the quantity (formal charge 0 is index 5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

__all__ = [
    "ATOM_FIELDS",
    "ATOM_FIELD_SIZES",
    "BOND_FIELDS",
    "BOND_FIELD_SIZES",
    "FieldError",
    "MolArrays",
    "read_mol",
]

#: Fields of an atom, in the order of the columns of ``GraphBatch.atoms``.
ATOM_FIELDS = (
    "atomic_num",
    "chirality",
    "degree",
    "formal_charge",
    "num_hs",
    "num_radical_electrons",
    "hybridization",
    "is_aromatic",
    "is_in_ring",
)
#: How many values each atom field may take: the sizes of the embedding tables.
ATOM_FIELD_SIZES = (119, 9, 11, 12, 9, 5, 8, 2, 2)
#: Fields of a bond, in the order of the columns of ``GraphBatch.bond_fields``.
BOND_FIELDS = ("bond_type", "stereo", "is_conjugated")
#: How many values each bond field may take.
BOND_FIELD_SIZES = (22, 6, 2)

#: Index of a field's zero, where it is not 0.
LOWEST_CHARGE = -5

#: PyG's index for each of RDKit's hybridizations (by number); 255 where PyG has none, which is SP2D.
HYBRIDIZATION = np.array([0, 1, 2, 3, 4, 255, 5, 6, 7], dtype=np.uint8)

#: Atoms ``[n_atoms, 9]``, bonds ``[n_bonds, 2]`` and bond fields ``[n_bonds, 3]`` of one molecule or of many.
MolArrays = tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint8]]

_HYBRIDIZATION: tuple[int, ...] = tuple(HYBRIDIZATION.tolist())


class FieldError(ValueError):
    """An atom or a bond has a value that the vocabulary does not hold; reads ``kind: detail``."""


def read_mol(mol: Chem.Mol) -> MolArrays:
    """Read one sanitised molecule by RDKit's getters: slow (2-3 us an atom), and the definition of what is right.

    Raises
    ------
    FieldError
        If a value lies outside the vocabulary, or the molecule was not sanitised.
    """
    try:
        atom_rows = [_atom_row(atom) for atom in mol.GetAtoms()]
    except RuntimeError as error:
        # RDKit refuses to tell hydrogens that it has not counted.
        raise FieldError("not sanitised: hydrogens are not counted") from error
    bond_rows = [_bond_row(bond) for bond in mol.GetBonds()]
    _check(atom_rows, ATOM_FIELDS, ATOM_FIELD_SIZES, "atom")
    _check(bond_rows, BOND_FIELDS, BOND_FIELD_SIZES, "bond")
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
    return (
        np.array(atom_rows, dtype=np.uint8).reshape(-1, len(ATOM_FIELDS)),
        np.array(ends, dtype=np.int32).reshape(-1, 2),
        np.array(bond_rows, dtype=np.uint8).reshape(-1, len(BOND_FIELDS)),
    )


def _atom_row(atom: Chem.Atom) -> list[int]:
    return [
        atom.GetAtomicNum(),
        int(atom.GetChiralTag()),
        atom.GetTotalDegree(),
        atom.GetFormalCharge() - LOWEST_CHARGE,
        atom.GetTotalNumHs(),
        atom.GetNumRadicalElectrons(),
        _HYBRIDIZATION[int(atom.GetHybridization())],
        int(atom.GetIsAromatic()),
        int(atom.IsInRing()),
    ]


def _bond_row(bond: Chem.Bond) -> list[int]:
    return [int(bond.GetBondType()), int(bond.GetStereo()), int(bond.GetIsConjugated())]


def _check(rows: list[list[int]], fields: tuple[str, ...], sizes: tuple[int, ...], what: str) -> None:
    for position, row in enumerate(rows):
        for value, field, size in zip(row, fields, sizes, strict=True):
            if not 0 <= value < size:
                raise FieldError(f"outside the graph vocabulary: {field} {_show(value, field)} of {what} {position}")


def _show(value: int, field: str) -> str:
    if field == "formal_charge":
        return f"{value + LOWEST_CHARGE:+d}"
    if field == "hybridization":
        return "SP2D"  # the one of RDKit's that PyG leaves out
    if field == "stereo":
        return str(Chem.BondStereo.values[value])
    return str(value)
