"""Two-dimensional pharmacophore signatures of Gobbi and Poppinger, with RDKit's bits.

A signature says which pairs and triples of features (donor, acceptor, acid ...) a molecule has, and how many bonds lie between
them. ``rdkit.Chem.Pharm2D.Generate`` goes through them in Python, one by one; here all pairs and triples of a molecule are a few
NumPy operations, and the features of a whole batch are found together.

Source: A. Gobbi, D. Poppinger, Genetic Optimization of Combinatorial Libraries, Biotechnol. Bioeng. 61 (1998) 47-54; the
definitions are those of ``rdkit.Chem.Pharm2D.Gobbi_Pharm2D``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molgen.chem.mol_batch import Ints, pack_plain
from molgen.chem.parse import Mol
from molgen.chem.smarts import atoms_matched
from molgen.chem.smarts_query import UnsupportedSmartsError, compile_smarts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["N_PHARMACOPHORES", "pharmacophore_csr"]

#: Columns of a signature: pairs and triples of 8 families in 7 bins of distance.
N_PHARMACOPHORES = 39_972
_N_FAMILIES = 8
_N_PAIRS = _N_FAMILIES * (_N_FAMILIES + 1) // 2
#: Bonds at which the bins start, the last open; nearer features make no pair.
_BIN_STARTS = (2, 3, 4, 5, 6, 7, 8)
_BIN_ENDS = (*_BIN_STARTS[1:], 100)
_BLOCK = 1000


def pharmacophore_csr(
    mols: Sequence[Mol | None], *, counts: bool = False, max_features: int = 200
) -> tuple[csr_matrix, dict[int, str]]:
    """Pharmacophore signatures as a sparse matrix.

    Parameters
    ----------
    mols
        Sanitised molecules; ``None`` gives an empty row.
    counts
        How often each pair and triple occurs, instead of 1 for "at all".
    max_features
        Molecules with more features are refused: their triples grow with the third power of the number.

    Returns
    -------
    scipy.sparse.csr_matrix
        int32 of shape ``(len(mols), 39972)`` with sorted indices; column by column RDKit's bit.
    dict
        Row -> reason for each row that was refused.
    """
    from scipy.sparse import csr_matrix

    reasons: dict[int, str] = {}
    columns, times, filled = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], np.zeros(len(mols) + 1, np.int64)
    for start in range(0, len(mols), _BLOCK):
        block = mols[start : start + _BLOCK]
        for row, (families, atoms) in _features_of(block).items():
            if len(families) > max_features:
                reasons[start + row] = f"too large: {len(families):,} pharmacophoric features, the limit is {max_features:,}"
                continue
            mol = block[row]
            assert mol is not None
            found, how_often = np.unique(_signature(mol, families, atoms), return_counts=True)
            columns.append(found.astype(np.int32))
            times.append(how_often.astype(np.int32))
            filled[start + row + 1] = len(found)
    indices = np.concatenate(columns)
    data = np.concatenate(times) if counts else np.ones(len(indices), np.int32)
    return csr_matrix((data, indices, np.cumsum(filled).astype(np.int32)), shape=(len(mols), N_PHARMACOPHORES)), reasons


# --- features ---------------------------------------------------------------------------------------------------


def _features_of(mols: Sequence[Mol | None]) -> dict[int, tuple[Ints, Ints]]:
    """Return families and atoms of the features of each molecule, sorted by family."""
    batch, places = pack_plain(mols)
    found: dict[int, tuple[Ints, Ints]] = {}
    if _all_compiled() and len(batch):
        masks = np.array([atoms_matched(batch, smarts) for _, smarts in _definitions()])
        atom, family = np.nonzero(masks.T)
        owner = batch.mol_of_atom[atom]
        order = np.lexsort((atom, family, owner))
        bounds = np.searchsorted(owner[order], np.arange(len(batch) + 1))
        local = atom - batch.graphs.atom_ptr.astype(np.int64)[owner]
        for number, place in enumerate(places.tolist()):
            here = order[bounds[number] : bounds[number + 1]]
            found[place] = family[here], local[here]
    return {row: found.get(row) or _features_by_rdkit(mol) for row, mol in enumerate(mols) if mol is not None}


def _features_by_rdkit(mol: Mol) -> tuple[Ints, Ints]:
    pairs = []
    for family, (_, smarts) in enumerate(_definitions()):
        matches = mol.GetSubstructMatches(_query(smarts), maxMatches=max(1000, mol.GetNumAtoms()))
        pairs += [(family, match[0]) for match in matches]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


@functools.cache
def _query(smarts: str) -> Mol:
    return Chem.MolFromSmarts(smarts)


@functools.cache
def _definitions() -> tuple[tuple[str, str], ...]:
    """Return family and SMARTS of each feature; every SMARTS is of a single atom."""
    from rdkit.Chem.Pharm2D.Gobbi_Pharm2D import factory

    definitions = factory.featFactory.GetFeatureDefs()  # type: ignore[attr-defined]
    return tuple(sorted((name.split(".")[0], smarts) for name, smarts in definitions.items()))


@functools.cache
def _all_compiled() -> bool:
    try:
        for _, smarts in _definitions():
            compile_smarts(smarts)
    except UnsupportedSmartsError:
        return False
    return True


# --- signatures -------------------------------------------------------------------------------------------------


class _Tables(NamedTuple):
    """Where the columns of pairs ``[8, 8]``, of triples ``[8, 8, 8]``, and of three bins ``[7, 7, 7]`` within them begin."""

    pairs: Ints
    triples: Ints
    bins: Ints


@functools.cache
def _tables() -> _Tables:
    n = len(_BIN_STARTS)
    bins = np.full((n, n, n), -1, dtype=np.int64)
    possible = [combo for combo in product(range(n), repeat=3) if _is_triangle(combo)]
    bins[tuple(np.array(possible).T)] = np.arange(len(possible))
    pairs = np.zeros((_N_FAMILIES,) * 2, dtype=np.int64)
    for number, families in enumerate(combinations_with_replacement(range(_N_FAMILIES), 2)):
        pairs[families] = number * n
    triples = np.zeros((_N_FAMILIES,) * 3, dtype=np.int64)
    for number, three in enumerate(combinations_with_replacement(range(_N_FAMILIES), 3)):
        triples[three] = _N_PAIRS * n + number * len(possible)
    return _Tables(pairs, triples, bins)


def _is_triangle(combo: Sequence[int]) -> bool:
    """Tell whether three bins can be the sides of a triangle, as generously as RDKit does."""
    low, high = [_BIN_STARTS[one] for one in combo], [_BIN_ENDS[one] for one in combo]
    return all(high[a] + high[b] >= low[c] for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)))


@functools.lru_cache(maxsize=256)
def _choose(n: int, k: int) -> tuple[NDArray[np.int16], ...]:
    """Return the places of all combinations of ``k`` among ``n``, in ascending order."""
    grid: Any = np.nonzero(np.triu(np.ones((n, n), dtype=np.bool_), 1))
    if k == 2:
        return tuple(axis.astype(np.int16) for axis in grid)
    first, second = grid
    third = n - 1 - second
    i, j = np.repeat(first, third), np.repeat(second, third)
    ends = np.cumsum(third)
    l = np.arange(len(i)) - np.repeat(ends - third, third) + j + 1  # noqa: E741
    return i.astype(np.int16), j.astype(np.int16), l.astype(np.int16)


def _signature(mol: Mol, families: Ints, atoms: Ints) -> Ints:
    """Return the column of each pair and triple of features that lie in bins of distance."""
    n = len(atoms)
    if n < 2:
        return np.zeros(0, np.int64)
    tables = _tables()
    # Distances stay on a molecule that they were asked of: not on the caller's.
    far = Chem.GetDistanceMatrix(Mol(mol))[np.ix_(atoms, atoms)]
    bins = np.searchsorted(_BIN_STARTS, far, side="right") - 1
    bins[far >= _BIN_ENDS[-1]] = -1
    a, b = _choose(n, 2)
    between = bins[a, b]
    near = between >= 0
    pairs: Ints = tables.pairs[families[a[near]], families[b[near]]] + between[near]
    if n < 3:
        return pairs
    a, b, c = _choose(n, 3)
    ab, ac, bc = bins[a, b], bins[a, c], bins[b, c]
    whole = np.flatnonzero((ab >= 0) & (ac >= 0) & (bc >= 0))
    ab, ac, bc = ab[whole], ac[whole], bc[whole]
    fa, fb, fc = families[a[whole]], families[b[whole]], families[c[whole]]
    # Features of one family have no order: RDKit puts the longer distances first.
    one, two = fa == fb, fb == fc
    ab, ac = np.where(two, np.maximum(ab, ac), ab), np.where(two, np.minimum(ab, ac), ac)
    ac, bc = np.where(one, np.maximum(ac, bc), ac), np.where(one, np.minimum(ac, bc), bc)
    all_three = one & two
    ab, ac = np.where(all_three, np.maximum(ab, ac), ab), np.where(all_three, np.minimum(ab, ac), ac)
    return np.concatenate([pairs, tables.triples[fa, fb, fc] + tables.bins[ab, ac, bc]])
