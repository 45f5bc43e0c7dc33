"""MACCS keys of many molecules at once, with RDKit's bits.

The public MACCS keys are SMARTS. RDKit matches them molecule by molecule; here each is matched against a whole batch by
:mod:`molgen.chem.smarts`. Molecules that are not plain (isotopes, dummy atoms, dative bonds, single atoms) are left to RDKit.

Source: J. L. Durant, B. A. Leland, D. R. Henry, J. G. Nourse, Reoptimization of MDL Keys for Use in Drug Discovery, J. Chem.
Inf. Comput. Sci. 42 (2002) 1273-1280; the SMARTS are those of ``rdkit.Chem.MACCSkeys``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from molgen.chem.fingerprints import packed_bits
from molgen.chem.mol_batch import Bools, Ints, MolBatch, pack_plain
from molgen.chem.parse import Mol
from molgen.chem.smarts import count_matches, has_match

__all__ = ["N_KEYS", "maccs_packed"]

#: Bits of a fingerprint; bit ``k`` is key ``k``, and bit 0 is never set.
N_KEYS = 167
#: Molecules matched at a time.
_BLOCK = 1000
_LARGE_RING, _AROMATIC_RINGS, _FRAGMENTS = 101, 125, 166
#: Bonds of the rings that key 101 looks for.
_SMALLEST, _LARGEST = 8, 14


def maccs_packed(mols: Sequence[Mol | None]) -> NDArray[np.uint8]:
    """MACCS keys as packed bits.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` gives a row of zeros.

    Returns
    -------
    numpy.ndarray
        uint8 of shape ``(len(mols), 21)``, 167 bits in the order of :func:`numpy.packbits`.
    """
    packed = np.zeros((len(mols), -(-N_KEYS // 8)), dtype=np.uint8)
    for start in range(0, len(mols), _BLOCK):
        packed[start : start + _BLOCK] = _match_block(mols[start : start + _BLOCK])
    return packed


def _match_block(mols: Sequence[Mol | None]) -> NDArray[np.uint8]:
    batch, places = pack_plain(mols)
    keys = _match_keys(batch)
    others: list[Mol | None] = list(mols)
    for place in places:
        others[place] = None
    packed = packed_bits(others, _ask_rdkit, N_KEYS)
    packed[places] = np.packbits(keys, axis=1)
    return packed


def _match_keys(batch: MolBatch) -> Bools:
    """Return the keys of plain molecules, ``[n_mols, 167]``."""
    keys = np.zeros((len(batch), N_KEYS), dtype=np.bool_)
    for key, smarts, more_than in _patterns():
        if key == _LARGE_RING:
            continue
        keys[:, key] = count_matches(batch, smarts) > more_than if more_than else has_match(batch, smarts)
    keys[:, _LARGE_RING] = _large_ring(batch)
    keys[:, _AROMATIC_RINGS] = _aromatic_rings(batch) > 1
    keys[:, _FRAGMENTS] = [len(Chem.GetMolFrags(mol)) > 1 for mol in batch.mols]
    return keys


def _aromatic_rings(batch: MolBatch) -> NDArray[np.intp]:
    """Count the rings of each molecule whose bonds are all aromatic."""
    rings = batch.rings
    whole = np.ones(len(rings.mol_of_ring), dtype=np.bool_)
    whole[rings.ring[batch.bond_type[rings.bonds] != Chem.BondType.AROMATIC]] = False
    return np.bincount(rings.mol_of_ring[whole], minlength=len(batch))


def _large_ring(batch: MolBatch) -> Bools:
    """Tell which molecules have a cycle of 8 to 14 bonds, be it a ring or the rim of fused rings.

    The SMARTS costs more than all other keys together. It is asked only where rings share bonds and no two of them make such a
    rim: all other cycles are rings themselves, or the rim of two rings with a single bond in common.
    """
    rings = batch.rings
    sizes = np.bincount(rings.ring, minlength=len(rings.mol_of_ring))
    found = np.zeros(len(batch), dtype=np.bool_)
    found[rings.mol_of_ring[(sizes >= _SMALLEST) & (sizes <= _LARGEST)]] = True
    by_bond = np.lexsort((rings.ring, rings.bonds))
    bond, ring = rings.bonds[by_bond], rings.ring[by_bond]
    shared = np.flatnonzero(bond[1:] == bond[:-1])
    first, second = ring[shared], ring[shared + 1]
    rim = sizes[first] + sizes[second] - 2
    good = (rim >= _SMALLEST) & (rim <= _LARGEST)
    good &= ~found[rings.mol_of_ring[first]]
    pairs = np.stack([first[good], second[good]], axis=1)
    found[rings.mol_of_ring[pairs[_share_two_atoms(pairs, rings.atoms, sizes), 0]]] = True
    fused = np.zeros(len(batch), dtype=np.bool_)
    fused[rings.mol_of_ring[first]] = True
    unsure = np.flatnonzero(fused & ~found)
    if len(unsure):
        part = MolBatch([batch.mols[row] for row in unsure], batch.graphs.select(unsure))
        found[unsure] = has_match(part, next(smarts for key, smarts, _ in _patterns() if key == _LARGE_RING))
    return found


def _share_two_atoms(pairs: Ints, atoms: Ints, sizes: Ints) -> Bools:
    """Tell which pairs of rings have two atoms in common."""
    starts = np.cumsum(sizes) - sizes
    counts = sizes[pairs].ravel()
    ends = np.cumsum(counts)
    place = np.repeat(starts[pairs].ravel() - (ends - counts), counts) + np.arange(counts.sum())
    pair = np.repeat(np.arange(len(pairs)), sizes[pairs].sum(axis=1))
    keys = np.sort(pair * (atoms.max(initial=0) + 1) + atoms[place])
    twice = keys[1:][keys[1:] == keys[:-1]] // (atoms.max(initial=0) + 1)
    shared: Bools = np.bincount(twice, minlength=len(pairs)) == 2
    return shared


@functools.cache
def _patterns() -> tuple[tuple[int, str, int], ...]:
    """Return key, SMARTS, and how many matches are not yet enough."""
    from rdkit.Chem.MACCSkeys import smartsPatts

    return tuple((key, smarts, count) for key, (smarts, count) in smartsPatts.items() if smarts != "?")


def _ask_rdkit(mols: list[Mol]) -> list[object]:
    return [rdMolDescriptors.GetMACCSKeysFingerprint(mol) for mol in mols]
