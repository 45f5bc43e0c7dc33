"""Morgan (circular) fingerprints of many molecules at once, as a CSR matrix or as packed bits.

RDKit computes a whole batch in one call; what it hands back is read as bytes and decoded with NumPy for all molecules
together, because a Python call for each molecule would cost as much as the fingerprint.

Source: D. Rogers, M. Hahn, Extended-Connectivity Fingerprints, J. Chem. Inf. Model. 50 (2010) 742-754.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import BitVectToBinaryText

from molgen.chem.parse import Mol
from molgen.errors import ConfigError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["morgan_csr", "morgan_packed"]

#: Fingerprints that are unpacked to a byte a bit at a time.
_UNPACKED = 1024

# RDKit writes the lowest bit of a byte first, np.packbits the highest.
_REVERSED_BITS = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1], axis=1)[:, 0]


def morgan_csr(
    mols: Sequence[Mol | None],
    *,
    radius: int = 2,
    size: int = 2048,
    counts: bool = False,
    chirality: bool = False,
) -> csr_matrix:
    """Morgan fingerprints as a sparse matrix.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` gives an empty row.
    radius
        Bonds from the central atom that an environment reaches (2 is what the literature calls ECFP4).
    size
        Columns that environments are folded into.
    counts
        How often each environment occurs, instead of 1 for "at all".
    chirality
        Let environments differ by the tetrahedral configuration of their atoms.

    Returns
    -------
    scipy.sparse.csr_matrix
        int32 of shape ``(len(mols), size)`` with sorted indices; row by row equal to RDKit's folded fingerprint.
    """
    from scipy.sparse import csr_matrix

    present, rows = _present(mols)
    generator = _generator(radius, size, chirality)
    if counts:
        found = [print_.GetNonzeroElements() for print_ in generator.GetCountFingerprints(present)]
        filled = np.array([len(one) for one in found], dtype=np.int32)
        indices = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=filled.sum())
        data = np.fromiter(chain.from_iterable(one.values() for one in found), dtype=np.int32, count=len(indices))
    else:
        filled, indices = _on_bits(generator.GetFingerprints(present))
        data = np.ones(len(indices), dtype=np.int32)
    indptr = np.zeros(len(mols) + 1, dtype=np.int32)
    indptr[rows + 1] = filled
    return csr_matrix((data, indices, np.cumsum(indptr, dtype=np.int32)), shape=(len(mols), size))


def morgan_packed(
    mols: Sequence[Mol | None],
    *,
    radius: int = 2,
    size: int = 2048,
    chirality: bool = False,
) -> NDArray[np.uint8]:
    """Morgan fingerprints as packed bits, the form for similarity searches.

    Parameters
    ----------
    mols, radius, chirality
        As for :func:`morgan_csr`.
    size
        Bits; a multiple of 8.

    Returns
    -------
    numpy.ndarray
        uint8 of shape ``(len(mols), size // 8)``. Bit ``j`` of the fingerprint is bit ``7 - j % 8`` of byte ``j // 8``,
        the order of :func:`numpy.packbits`. A ``None`` gives a row of zeros.
    """
    if size % 8:
        raise ConfigError("a packed fingerprint needs whole bytes", expected="a size that 8 divides", got=str(size))
    present, rows = _present(mols)
    packed = np.zeros((len(mols), size // 8), dtype=np.uint8)
    texts = [BitVectToBinaryText(print_) for print_ in _generator(radius, size, chirality).GetFingerprints(present)]
    packed[rows] = _REVERSED_BITS[np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(present), size // 8)]
    return packed


def _on_bits(prints: Sequence[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return how many bits each fingerprint has, and which, one fingerprint after the other."""
    filled, indices = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for start in range(0, len(prints), _UNPACKED):
        texts = [BitVectToBinaryText(print_) for print_ in prints[start : start + _UNPACKED]]
        packed = np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(texts), -1)
        row, bit = np.nonzero(np.unpackbits(packed, axis=1, bitorder="little"))
        filled.append(np.bincount(row, minlength=len(texts)).astype(np.int32))
        indices.append(bit.astype(np.int32))
    return np.concatenate(filled), np.concatenate(indices)


def _generator(radius: int, size: int, chirality: bool) -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size, includeChirality=chirality)


def _present(mols: Sequence[Mol | None]) -> tuple[list[Mol], NDArray[np.intp]]:
    """Return the molecules that exist and the rows that they stand in."""
    rows = np.array([row for row, mol in enumerate(mols) if mol is not None], dtype=np.intp)
    return [mol for mol in mols if mol is not None], rows
