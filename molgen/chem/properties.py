"""Properties of molecules by name, for rules and windows: RDKit's descriptors, and a few that it has no descriptor for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.chem.descriptors import DESCRIPTORS_2D, compute_descriptors
from molgen.chem.parse import Mol
from molgen.chem.sa_score import sa_scores
from molgen.errors import ConfigError

__all__ = ["PROPERTIES", "check_property", "compute_properties", "property_cost"]


def _all_atoms(mols: Sequence[Mol | None]) -> NDArray[np.float64]:
    return np.array([np.nan if mol is None else mol.GetNumAtoms(onlyExplicit=False) for mol in mols], dtype=np.float64)


_OTHERS: dict[str, Callable[[Sequence[Mol | None]], NDArray[np.float64]]] = {"NumAtoms": _all_atoms, "sa_score": sa_scores}
#: Names of all properties; ``NumAtoms`` counts hydrogens, ``sa_score`` is the synthetic accessibility.
PROPERTIES: tuple[str, ...] = (*DESCRIPTORS_2D, *_OTHERS)

# Microseconds of CPU time a molecule, about as benchmarks/filters.py measures them: they order filters, no more. The first figure
# is for packing a batch, which all share.
_PACKING = 35.0
_COSTS = {
    "MolLogP": 55.0,
    "MolMR": 10.0,
    "NumHDonors": 25.0,
    "NumHAcceptors": 45.0,
    "NumRotatableBonds": 45.0,
    "qed": 165.0,
    "sa_score": 35.0,
}
_CHEAP = 5.0
_COST_OF_OTHERS = 250.0
_FAST = frozenset(
    "MolWt HeavyAtomMolWt ExactMolWt HeavyAtomCount NumAtoms NumHeteroatoms NOCount NHOHCount FractionCSP3 TPSA LabuteASA Chi0 "
    "Chi1 NumValenceElectrons NumRadicalElectrons RingCount NumHeterocycles NumAromaticRings NumAliphaticRings NumSaturatedRings "
    "NumSpiroAtoms NumBridgeheadAtoms NumAtomStereoCenters".split()
)


def compute_properties(mols: Sequence[Mol | None], names: Sequence[str]) -> NDArray[np.float64]:
    """Compute properties.

    Parameters
    ----------
    mols
        Sanitised molecules.
    names
        Which, of :data:`PROPERTIES`.

    Returns
    -------
    numpy.ndarray
        float64 ``[len(mols), len(names)]``; NaN where there is no molecule, or a property has no value.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    for name in names:
        check_property(name)
    values = np.full((len(mols), len(names)), np.nan)
    descriptors = [at for at, name in enumerate(names) if name not in _OTHERS]
    if descriptors:
        values[:, descriptors] = compute_descriptors(mols, [names[at] for at in descriptors])
    for at, name in enumerate(names):
        if name in _OTHERS:
            values[:, at] = _OTHERS[name](mols)
    return values


def check_property(name: str) -> None:
    """Refuse a name that is none of :data:`PROPERTIES`.

    Raises
    ------
    ConfigError
        With the names that look like it.
    """
    import difflib

    if name not in PROPERTIES:
        similar = difflib.get_close_matches(name, PROPERTIES, n=4, cutoff=0.5)
        same = [known for known in PROPERTIES if known.lower() == name.lower()]
        hint = same or similar
        raise ConfigError(
            f"no property {name!r}",
            expected="RDKit's name of a 2D descriptor, qed, sa_score or NumAtoms",
            remedy=f"perhaps {' or '.join(hint)}" if hint else None,
        )


def property_cost(*names: str) -> float:
    """Return about how many microseconds of CPU time properties cost a molecule."""
    return _PACKING + sum(_COSTS.get(name, _CHEAP if name in _FAST else _COST_OF_OTHERS) for name in names)
