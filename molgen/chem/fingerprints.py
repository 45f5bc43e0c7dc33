"""Fingerprints of many molecules at once, as a CSR matrix or as packed bits.

RDKit computes a whole batch in one call; what it hands back is read as bytes and decoded with NumPy for all molecules
together, because a Python call for each molecule would cost as much as the fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

__all__ = [
    "bits_csr",
    "check_whole_bytes",
    "counts_csr",
    "fold_packed",
    "morgan_csr",
    "morgan_packed",
    "packed_bits",
    "packed_to_csr",
]

#: From molecules to RDKit's fingerprints of them, one each.
Compute = Callable[[list[Mol]], Sequence[Any]]

#: Molecules whose fingerprints exist at a time: enough to share the cost of a call, few enough to stay in the cache.
_BLOCK = 256
#: What RDKit's sparse integer vectors begin with: version, bytes of an index, length, and how many entries follow.
_HEADER = 4

# RDKit writes the lowest bit of a byte first, np.packbits the highest.
_REVERSED_BITS = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1], axis=1)[:, 0]


# --- any fingerprint --------------------------------------------------------------------------------------------


def bits_csr(mols: Sequence[Mol | None], compute: Compute, size: int) -> csr_matrix:
    """Bit fingerprints as a sparse matrix of ones.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` gives an empty row.
    compute
        Returns an ``ExplicitBitVect`` for each of some molecules.
    size
        Bits of each.

    Returns
    -------
    scipy.sparse.csr_matrix
        int32 of shape ``(len(mols), size)`` with sorted indices.
    """
    return packed_to_csr(packed_bits(mols, compute, size), size)


def counts_csr(mols: Sequence[Mol | None], compute: Compute, size: int, *, ones: bool = False) -> csr_matrix:
    """Count fingerprints as a sparse matrix.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` gives an empty row.
    compute
        Returns a sparse integer vector of RDKit, or an array of ``size`` counts, for each of some molecules.
    size
        Columns.
    ones
        Return 1 for every count. Where bits are nothing but counts above 0 this is quicker than :func:`bits_csr`: RDKit need not
        fill a vector of all bits for each molecule.

    Returns
    -------
    scipy.sparse.csr_matrix
        int32 of shape ``(len(mols), size)`` with sorted indices.
    """
    from scipy.sparse import csr_matrix

    present, rows = _present(mols)
    indptr = np.zeros(len(mols) + 1, dtype=np.int32)
    indices, data = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for start in range(0, len(present), _BLOCK):
        filled, columns, found = _read_counts(compute(present[start : start + _BLOCK]))
        indptr[rows[start : start + _BLOCK] + 1] = filled
        indices.append(columns)
        data.append(found)
    counts = np.concatenate(data)
    arrays = np.ones_like(counts) if ones else counts, np.concatenate(indices), np.cumsum(indptr, dtype=np.int32)
    return csr_matrix(arrays, shape=(len(mols), size))


def _read_counts(prints: Sequence[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return how many entries each vector has, and the index and the count of each entry."""
    if isinstance(prints[0], np.ndarray):
        rows = np.array(prints)
        row, column = np.nonzero(rows)
        return np.bincount(row, minlength=len(rows)).astype(np.int32), column.astype(np.int32), rows[row, column].astype(np.int32)
    texts = [print_.ToBinary() for print_ in prints]
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) // 4
    words = np.frombuffer(b"".join(texts), dtype=np.int32)
    starts = np.cumsum(lengths) - lengths
    filled = words[starts + _HEADER - 1]
    if (words[starts] == 1).all() and (words[starts + 1] == 4).all() and (lengths == _HEADER + 2 * filled).all():
        kept = np.ones(len(words), dtype=np.bool_)
        kept[(starts[:, None] + np.arange(_HEADER)).ravel()] = False
        entries = words[kept]
        return filled, entries[::2].copy(), entries[1::2].copy()
    # Written by an RDKit that writes them otherwise.
    found = [print_.GetNonzeroElements() for print_ in prints]
    filled = np.array([len(one) for one in found], dtype=np.int32)
    total = int(filled.sum())
    indices = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=total)
    return filled, indices, np.fromiter(chain.from_iterable(one.values() for one in found), dtype=np.int32, count=total)


def packed_bits(mols: Sequence[Mol | None], compute: Compute, size: int) -> NDArray[np.uint8]:
    """Bit fingerprints as packed bits, the form for similarity searches.

    Parameters
    ----------
    mols, compute, size
        As for :func:`bits_csr`.

    Returns
    -------
    numpy.ndarray
        uint8 of shape ``(len(mols), ceil(size / 8))``. Bit ``j`` of the fingerprint is bit ``7 - j % 8`` of byte ``j // 8``,
        the order of :func:`numpy.packbits`. A ``None`` gives a row of zeros.
    """
    present, rows = _present(mols)
    packed = np.zeros((len(mols), -(-size // 8)), dtype=np.uint8)
    for start in range(0, len(present), _BLOCK):
        texts = [BitVectToBinaryText(print_) for print_ in compute(present[start : start + _BLOCK])]
        found = np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(texts), packed.shape[1])
        packed[rows[start : start + _BLOCK]] = _REVERSED_BITS[found]
    return packed


def packed_to_csr(packed: NDArray[np.uint8], size: int) -> csr_matrix:
    """Return packed bits as a sparse matrix of ones, int32 of shape ``(len(packed), size)``."""
    from scipy.sparse import csr_matrix

    filled, indices = [np.zeros(1, np.int32)], [np.zeros(0, np.int32)]
    for start in range(0, len(packed), _BLOCK):
        # nonzero goes over an array of booleans several times quicker when it is flat.
        on = np.flatnonzero(np.unpackbits(packed[start : start + _BLOCK], axis=1, count=size).view(np.bool_))
        row, bit = np.divmod(on.astype(np.int32), np.int32(size))
        filled.append(np.bincount(row, minlength=min(_BLOCK, len(packed) - start)).astype(np.int32))
        indices.append(bit)
    columns = np.concatenate(indices)
    arrays = np.ones(len(columns), np.int32), columns, np.cumsum(np.concatenate(filled), dtype=np.int32)
    return csr_matrix(arrays, shape=(len(packed), size))


def fold_packed(packed: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Fold packed bits ``[n, k * size / 8]`` to ``[n, size / 8]``: what hashing to fewer places would have given."""
    return np.asarray(np.bitwise_or.reduce(packed.reshape(len(packed), -1, size // 8), axis=1))


def check_whole_bytes(size: int) -> None:
    """Raise ConfigError unless so many bits fill whole bytes."""
    if size % 8:
        raise ConfigError("the fingerprint needs whole bytes", expected="a size that 8 divides", got=str(size))


# --- Morgan -----------------------------------------------------------------------------------------------------


def morgan_csr(
    mols: Sequence[Mol | None],
    *,
    radius: int = 2,
    size: int = 2048,
    counts: bool = False,
    chirality: bool = False,
) -> csr_matrix:
    """Morgan (circular) fingerprints as a sparse matrix.

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

    References
    ----------
    D. Rogers, M. Hahn, Extended-Connectivity Fingerprints, J. Chem. Inf. Model. 50 (2010) 742-754.
    """
    return counts_csr(mols, _morgan(radius, size, chirality).GetCountFingerprints, size, ones=not counts)


def morgan_packed(
    mols: Sequence[Mol | None],
    *,
    radius: int = 2,
    size: int = 2048,
    chirality: bool = False,
) -> NDArray[np.uint8]:
    """Morgan fingerprints as packed bits.

    Parameters
    ----------
    mols, radius, chirality
        As for :func:`morgan_csr`.
    size
        Bits; a multiple of 8.

    Returns
    -------
    numpy.ndarray
        uint8 of shape ``(len(mols), size // 8)``, as :func:`packed_bits` returns it.
    """
    check_whole_bytes(size)
    return packed_bits(mols, _morgan(radius, size, chirality).GetFingerprints, size)


def _morgan(radius: int, size: int, chirality: bool) -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size, includeChirality=chirality)


def _present(mols: Sequence[Mol | None]) -> tuple[list[Mol], NDArray[np.intp]]:
    """Return the molecules that exist and the rows that they stand in."""
    rows = np.array([row for row, mol in enumerate(mols) if mol is not None], dtype=np.intp)
    return [mol for mol in mols if mol is not None], rows
