"""Synthetic accessibility: how hard a molecule looks to make, 1 (easy) to 10 (hard), as RDKit's ``Contrib/SA_Score`` has it.

Source: Ertl & Schuffenhauer, J. Cheminform. 1 (2009) 8, with RDKit's corrections for macrocycles and symmetry.
"""

from __future__ import annotations

import functools
import gzip
import pickle
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import RDConfig
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from molgen.chem.parse import Mol
from molgen.errors import InputError

__all__ = ["sa_scores"]

#: The score of a fragment that is not among those of a million PubChem compounds.
_UNKNOWN = -4.0
_LOWEST, _HIGHEST = -4.0, 2.5


def sa_scores(mols: Sequence[Mol | None]) -> NDArray[np.float64]:
    """Compute synthetic accessibility scores.

    Parameters
    ----------
    mols
        Sanitised molecules.

    Returns
    -------
    numpy.ndarray
        float64 ``[len(mols)]``, 1 to 10; NaN where there is no molecule.

    Raises
    ------
    InputError
        If this RDKit comes without the table of fragments.
    """
    scores = np.full(len(mols), np.nan)
    kept = {row: mol for row, mol in enumerate(mols) if mol is not None and mol.GetNumAtoms()}
    if kept:
        chosen = list(kept.values())
        fragments, n_different = _fragment_scores(chosen)
        size = np.array([mol.GetNumAtoms() for mol in chosen], dtype=np.float64)
        symmetry = np.where(size > n_different, 0.5 * np.log(size / n_different), 0.0)
        raw = fragments - _complexity(chosen, size) + symmetry
        score = 11.0 - (raw - _LOWEST + 1) / (_HIGHEST - _LOWEST) * 9.0
        # The hard end is smoothed.
        hard = score > 8.0
        score[hard] = 8.0 + np.log(score[hard] - 8.0)
        scores[list(kept)] = np.clip(score, 1.0, 10.0)
    return scores


def _fragment_scores(mols: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean score of each molecule's circular fragments, and the number of different ones."""
    known, score_of = _fragment_table()
    fingerprints = rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseCountFingerprints(mols)
    found = [fingerprint.GetNonzeroElements() for fingerprint in fingerprints]
    n_different = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    bits = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=n_different.sum())
    counts = np.fromiter(chain.from_iterable(each.values() for each in found), dtype=np.float64, count=n_different.sum())
    at = np.minimum(np.searchsorted(known, bits), len(known) - 1)
    scores = np.where(known[at] == bits, score_of[at], _UNKNOWN)
    owner = np.repeat(np.arange(len(mols)), n_different)
    n = np.bincount(owner, counts, minlength=len(mols))
    return np.bincount(owner, scores * counts, minlength=len(mols)) / n, n_different.astype(np.float64)


def _complexity(mols: Sequence[Any], size: NDArray[np.float64]) -> NDArray[np.float64]:
    def penalty(counts: list[int]) -> NDArray[np.float64]:
        logs: NDArray[np.float64] = np.log10(np.array(counts, dtype=np.float64) + 1)
        return logs

    stereo = penalty([rdMolDescriptors.CalcNumAtomStereoCenters(mol) for mol in mols])
    spiro = penalty([rdMolDescriptors.CalcNumSpiroAtoms(mol) for mol in mols])
    bridgeheads = penalty([rdMolDescriptors.CalcNumBridgeheadAtoms(mol) for mol in mols])
    # One macrocycle counts as much as many.
    macrocycle = penalty([any(len(ring) > 8 for ring in mol.GetRingInfo().AtomRings()) for mol in mols])
    return size**1.005 - size + stereo + spiro + bridgeheads + macrocycle


class _NumbersOnly(pickle.Unpickler):
    """Reads lists of numbers; anything that would run code is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} in a table of numbers")


@functools.cache
def _fragment_table() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the known fragments, sorted, and their scores."""
    path = Path(RDConfig.RDContribDir, "SA_Score", "fpscores.pkl.gz")
    try:
        with gzip.open(path) as file:
            groups = _NumbersOnly(file).load()
        lengths = [len(group) - 1 for group in groups]
        bits = np.fromiter(chain.from_iterable(group[1:] for group in groups), dtype=np.int64, count=sum(lengths))
        scores = np.repeat(np.array([group[0] for group in groups], dtype=np.float64), lengths)
    except (OSError, EOFError, pickle.UnpicklingError, TypeError, ValueError) as error:
        raise InputError(
            "this RDKit comes without the fragments of the synthetic accessibility score",
            where=str(path),
            got=type(error).__name__,
            remedy="install the wheel from the package index: pip install rdkit",
        ) from None
    # A fragment that is listed twice has the score of its last place, as in a dictionary.
    order = np.argsort(bits, kind="stable")
    last = np.append(np.diff(bits[order]) != 0, True)
    return bits[order][last], scores[order][last]
