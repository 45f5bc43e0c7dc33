"""Atom and bond fields read from RDKit's own binary form, many molecules at once.

``Mol.ToBinary()`` writes an atom in 6 to 17 bytes and a bond in 3 to 9, so one C++ call and some NumPy stand in for a
dozen Python calls an atom. A record's length is known from its flags alone: all molecules of a batch are walked in
lockstep, the k-th record of each at once, to find where the records begin; every field is then one gather.

The form is private to RDKit. It is read here for the versions in ``_VERSIONS`` only, checked against the getters on a
set of probe molecules once per process (:func:`is_trusted`), and a molecule whose bytes are not all accounted for is
refused, for the caller to read by getters.

Layout, little-endian (source: RDKit's ``MolPickler.cpp``, and the bytes themselves beside the getters)::

    0   endian mark, header, version (major, minor, patch), number of atoms, of bonds: int32 each
    28  a flag byte, the BEGINATOM tag, the atoms; the BEGINBOND tag, the bonds; a ring tag, the rings; the ENDMOL tag
    atom   atomic number; flags (bit 6 aromatic, 5 no implicit Hs, 1-4 query, map number, dummy label, residue); int32
           whose bits say what follows: 1 charge, 2 chiral tag, 3 hybridization, 4 explicit Hs, 5 explicit and 6
           implicit valence, 7 radical electrons (a byte each), 8 isotope (int32)
    bond   begin, end, flags (bit 5 conjugated, 4 query, 3 type follows, 2 direction follows, 1 stereo follows: a byte,
           a count and that many atoms)
    rings  number of rings (int32), and of each its size and its atoms
"""

from __future__ import annotations

import functools
import struct
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molgen.chem.graph_fields import (
    ATOM_FIELD_SIZES,
    BOND_FIELD_SIZES,
    HYBRIDIZATION,
    LOWEST_CHARGE,
    MolArrays,
    read_mol,
)
from molgen.chem.rdkit_probes import odd_probes, plain_probes

__all__ = ["Decoded", "decode", "is_trusted"]

Index = NDArray[np.intp]
Bytes = NDArray[np.uint8]

#: Versions (major, minor) of the binary form that were compared with the getters.
_VERSIONS = frozenset({(16, 2), (16, 3), (16, 4)})
#: What is written: no coordinates, no properties. RDKit takes a plain number quicker than its own enumeration.
_NO_CONFORMERS = int(Chem.PropertyPickleOptions.NoConformers)
#: Atom indices take one byte each up to this size.
_MAX_ATOMS = 255
_MAX_BONDS = 2 * _MAX_ATOMS
_MAX_RINGS = 2 * _MAX_ATOMS

_FIRST_ATOM = 30
_BEGIN_ATOM, _BEGIN_BOND, _END_MOL = 1, 11, 22
#: Rings found as SSSR, symmetrised SSSR, or fast: the getters answer from the same list.
_RING_TAGS = (20, 66, 67)

_ODD_ATOM_FLAGS = 0b10011111
_ODD_BOND_FLAGS = 0b10010001
#: Follows the last pickle; longer than any record, so that no field of a record reaches past the end.
_MARGIN = bytes(1024)


def _field_offsets(field: int) -> Index:
    """Offset of an optional byte within its atom, by flag byte; where it is absent, of a byte that is always 0."""
    present = [6 + (flags & ((1 << field) - 2)).bit_count() if flags >> field & 1 else 5 for flags in range(256)]
    return np.array(present, dtype=np.intp)


_CHARGE, _CHIRALITY, _HYBRID, _EXPLICIT_HS, _IMPLICIT_HS, _RADICALS = (_field_offsets(f) for f in (1, 2, 3, 4, 6, 7))
#: An absent hybridization is SP3.
_HYBRID_DEFAULT = np.array([0 if flags & 8 else 4 for flags in range(256)], dtype=np.uint8)
_HYBRID_INDEX = np.full(256, 255, dtype=np.uint8)
_HYBRID_INDEX[: len(HYBRIDIZATION)] = HYBRIDIZATION
_ATOM_LENGTH = np.array([6 + (flags & 0b11111110).bit_count() for flags in range(256)], dtype=np.intp)
#: Bytes before the stereo atoms, which come last.
_BOND_LENGTH = np.array([3 + (f >> 3 & 1) + (f >> 2 & 1) + 2 * (f >> 1 & 1) for f in range(256)], dtype=np.intp)


class Decoded(NamedTuple):
    """Fields of a batch, packed in row order.

    Attributes
    ----------
    arrays
        Atoms, bonds and bond fields; a bond names its atoms by their place in the batch.
    n_atoms, n_bonds
        Counts a row, int64 ``[n_rows]``; 0 for ``None`` and for refused rows.
    refused
        bool ``[n_rows]``: molecules that must be read by getters.
    """

    arrays: MolArrays
    n_atoms: Index
    n_bonds: Index
    refused: NDArray[np.bool_]


class _RefusedError(Exception):
    """Some molecules of the batch are not plain; carries their places."""

    def __init__(self, places: Index) -> None:
        self.places = places


@functools.cache
def is_trusted() -> bool:
    """Tell whether this RDKit's binary form is the one known here; if not, warn (once per process)."""
    problem = _find_problem()
    if problem:
        warnings.warn(f"graphs are read atom by atom, ~10 times slower: {problem}", RuntimeWarning, stacklevel=3)
    return problem is None


def _find_problem() -> str | None:
    release = f"RDKit {rdBase.rdkitVersion}"
    major, minor = struct.unpack_from("<ii", _pickle(Chem.MolFromSmiles("C")), 8)
    if (major, minor) not in _VERSIONS:
        return f"{release} writes its binary form {major}.{minor}, which molgen does not know"
    plain = plain_probes()
    probes = [*plain, *odd_probes()]
    decoded = decode(probes)
    if decoded.refused[: len(plain)].any():
        return f"the binary form of {release} has parts that molgen does not know"
    read = [mol for mol, refused in zip(probes, decoded.refused, strict=True) if not refused]
    expected = _read_all(read)
    if not all(np.array_equal(decoded.arrays[part], expected[part]) for part in range(3)):
        return f"the binary form of {release} does not say what its getters say"
    return None


def _read_all(mols: Sequence[Chem.Mol]) -> MolArrays:
    atoms, bonds, bond_fields = zip(*map(read_mol, mols), strict=True)
    shifts = np.cumsum([0, *map(len, atoms[:-1])], dtype=np.int32)
    shifted = [part + shift for part, shift in zip(bonds, shifts, strict=True)]
    return np.concatenate(atoms), np.concatenate(shifted), np.concatenate(bond_fields)


def decode(mols: Sequence[Chem.Mol | None]) -> Decoded:
    """Decode a batch; a thousand molecules or so at a time is quickest.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` counts as a molecule without atoms.
    """
    pickles = [b"" if mol is None else _pickle(mol) for mol in mols]
    lengths = np.fromiter(map(len, pickles), dtype=np.intp, count=len(pickles))
    buffer = np.frombuffer(b"".join([*pickles, _MARGIN]), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    refused = np.array([mol is not None for mol in mols], dtype=np.bool_) & (lengths == 0)
    rows = np.flatnonzero(lengths)
    while True:
        try:
            n_atoms, n_bonds, arrays = _decode_plain(buffer, starts[rows], lengths[rows])
        except _RefusedError as refusal:
            refused[rows[refusal.places]] = True
            rows = np.delete(rows, refusal.places)
        else:
            break
    counts = np.zeros((2, len(pickles)), dtype=np.intp)
    counts[:, rows] = n_atoms, n_bonds
    return Decoded(arrays, counts[0], counts[1], refused)


def _pickle(mol: Chem.Mol) -> bytes:
    # Hydrogens that were never counted are written as none.
    if mol.NeedsUpdatePropertyCache():
        return b""
    try:
        pickle: bytes = mol.ToBinary(_NO_CONFORMERS)
    except (RuntimeError, ValueError):  # of a query that RDKit cannot write
        return b""
    return pickle


def _decode_plain(buffer: Bytes, starts: Index, lengths: Index) -> tuple[Index, Index, MolArrays]:
    """Decode pickles that begin at ``starts``, or raise :class:`_RefusedError` for those with anything unusual."""
    n_atoms, n_bonds = _int32(buffer, starts + 20), _int32(buffer, starts + 24)
    _refuse((n_atoms < 1) | (n_atoms > _MAX_ATOMS) | (n_bonds > _MAX_BONDS) | (buffer[starts + _FIRST_ATOM - 1] != _BEGIN_ATOM))
    graph_of_atom = np.repeat(np.arange(len(starts)), n_atoms)
    atom_at, stop = _walk(buffer, starts + _FIRST_ATOM, n_atoms, _atom_lengths)
    _refuse((buffer[stop] != _BEGIN_BOND) | _holds(_odd_atoms(buffer, atom_at), graph_of_atom, len(starts)))

    graph_of_bond = np.repeat(np.arange(len(starts)), n_bonds)
    bond_at, stop = _walk(buffer, stop + 1, n_bonds, _bond_lengths)
    odd_bonds = (buffer[bond_at + 2] & _ODD_BOND_FLAGS) > 0
    odd_bonds |= np.maximum(buffer[bond_at], buffer[bond_at + 1]) >= n_atoms[graph_of_bond]
    _refuse(~np.isin(buffer[stop], _RING_TAGS) | _holds(odd_bonds, graph_of_bond, len(starts)))

    n_rings = _int32(buffer, stop + 1)
    _refuse(n_rings > _MAX_RINGS)
    ring_at, stop = _walk(buffer, stop + 5, n_rings, _ring_lengths)
    members, ring_of_member = _ring_members(buffer, ring_at)
    graph_of_member = np.repeat(np.arange(len(starts)), n_rings)[ring_of_member]
    strangers = _holds(members >= n_atoms[graph_of_member], graph_of_member, len(starts))
    _refuse((buffer[stop] != _END_MOL) | (stop + 1 != starts + lengths) | strangers)

    first_atom = np.cumsum(n_atoms) - n_atoms
    bonds = np.stack([buffer[bond_at], buffer[bond_at + 1]], axis=1) + first_atom.astype(np.int32)[graph_of_bond, None]
    bond_fields = _read_bonds(buffer, bond_at)
    atoms = _read_atoms(buffer, atom_at, bonds)
    atoms[first_atom[graph_of_member] + members, 8] = 1
    _refuse(
        _holds(_outside(atoms, ATOM_FIELD_SIZES), graph_of_atom, len(starts))
        | _holds(_outside(bond_fields, BOND_FIELD_SIZES), graph_of_bond, len(starts))
    )
    return n_atoms, n_bonds, (atoms, bonds, bond_fields)


def _walk(buffer: Bytes, starts: Index, counts: Index, lengths: Callable[[Bytes, Index], Index]) -> tuple[Index, Index]:
    """Find where every record begins, and where each molecule's records end: the k-th of all molecules in one step."""
    order = np.argsort(-counts, kind="stable")
    here = starts[order]
    slots = (np.cumsum(counts) - counts)[order]
    still_walking = len(counts) - np.cumsum(np.bincount(counts, minlength=1))
    found = np.empty(counts.sum(), dtype=np.intp)
    last = len(buffer) - len(_MARGIN)  # a molecule about to be refused may lead anywhere
    for step, n in enumerate(still_walking[:-1].tolist()):
        active = here[:n]
        found[slots[:n] + step] = active
        active += lengths(buffer, active)
        np.minimum(active, last, out=active)
    stop = np.empty_like(here)
    stop[order] = here
    return found, stop


def _atom_lengths(buffer: Bytes, at: Index) -> Index:
    lengths: Index = _ATOM_LENGTH[buffer[at + 2]] + 4 * (buffer[at + 3] & 1)
    return lengths


def _bond_lengths(buffer: Bytes, at: Index) -> Index:
    flags = buffer[at + 2]
    lengths: Index = _BOND_LENGTH[flags]
    stereo = np.flatnonzero(flags & 2)
    if len(stereo):
        lengths[stereo] += buffer[at[stereo] + lengths[stereo] - 1]
    return lengths


def _ring_lengths(buffer: Bytes, at: Index) -> Index:
    return buffer[at].astype(np.intp) + 1


def _read_atoms(buffer: Bytes, at: Index, bonds: NDArray[np.int32]) -> Bytes:
    flags, optional = buffer[at + 1], buffer[at + 2]
    has_implicit_hs = 1 - (flags >> 5 & 1)
    hydrogens = buffer[at + _EXPLICIT_HS[optional]] + has_implicit_hs * buffer[at + _IMPLICIT_HS[optional]]
    degree = np.bincount(bonds.ravel(), minlength=len(at)) + hydrogens
    atoms = np.zeros((len(at), len(ATOM_FIELD_SIZES)), dtype=np.uint8)
    atoms[:, 0] = buffer[at]
    atoms[:, 1] = buffer[at + _CHIRALITY[optional]]
    atoms[:, 2] = np.minimum(degree, 255)
    atoms[:, 3] = buffer[at + _CHARGE[optional]] - np.uint8(LOWEST_CHARGE % 256)  # signed bytes wrap as they should
    atoms[:, 4] = hydrogens
    atoms[:, 5] = buffer[at + _RADICALS[optional]]
    atoms[:, 6] = _HYBRID_INDEX[buffer[at + _HYBRID[optional]] + _HYBRID_DEFAULT[optional]]
    atoms[:, 7] = flags >> 6 & 1
    return atoms


def _read_bonds(buffer: Bytes, at: Index) -> Bytes:
    flags = buffer[at + 2]
    fields = np.zeros((len(at), len(BOND_FIELD_SIZES)), dtype=np.uint8)
    fields[:, 0] = np.where(flags & 8, buffer[at + 3], 1)
    stereo = np.flatnonzero(flags & 2)
    fields[stereo, 1] = buffer[at[stereo] + _BOND_LENGTH[flags[stereo]] - 2]
    fields[:, 2] = flags >> 5 & 1
    return fields


def _ring_members(buffer: Bytes, at: Index) -> tuple[Bytes, Index]:
    """Return the atoms of all rings, numbered within their molecules, and the ring that each stands for."""
    sizes = buffer[at].astype(np.intp)
    ring = np.repeat(np.arange(len(at)), sizes)
    first_member = np.cumsum(sizes) - sizes
    return buffer[(at + 1 - first_member)[ring] + np.arange(len(ring))], ring


def _odd_atoms(buffer: Bytes, at: Index) -> NDArray[np.bool_]:
    odd: NDArray[np.bool_] = ((buffer[at + 1] & _ODD_ATOM_FLAGS) | (buffer[at + 3] & 0b11111110)) > 0
    return odd | (buffer[at + 4] > 0) | (buffer[at + 5] > 0)


def _outside(fields: Bytes, sizes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which atoms or bonds have a value outside the vocabulary."""
    outside = np.zeros(len(fields), dtype=np.bool_)
    for field, size in enumerate(sizes):
        outside |= fields[:, field] >= size
    return outside


def _holds(odd: NDArray[np.bool_], owners: Index, n_owners: int) -> NDArray[np.bool_]:
    """Tell which owners hold something odd."""
    holds = np.zeros(n_owners, dtype=np.bool_)
    holds[owners[odd]] = True
    return holds


def _refuse(odd: NDArray[Any]) -> None:
    if odd.any():
        raise _RefusedError(np.flatnonzero(odd))


def _int32(buffer: Bytes, at: Index) -> Index:
    value = np.zeros(len(at), dtype=np.intp)
    for byte in range(4):
        value += buffer[at + byte].astype(np.intp) << 8 * byte
    return value
