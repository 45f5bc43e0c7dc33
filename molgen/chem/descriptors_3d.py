"""Descriptors of a conformer: RDKit's, by families."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import rdBase
from rdkit.Chem import rdMolDescriptors

from molgen.chem.parse import Mol

__all__ = ["FAMILIES_3D", "compute_descriptors_3d", "descriptor_names_3d"]

_SHAPE = (
    "PMI1 PMI2 PMI3 NPR1 NPR2 RadiusOfGyration InertialShapeFactor Eccentricity Asphericity SpherocityIndex PBF"
).split()  # fmt: skip

#: Family -> number of values. ``shape`` are those of ``rdkit.Chem.Descriptors3D``, which have names; the others are numbered.
FAMILIES_3D: dict[str, int] = {
    "shape": len(_SHAPE),
    "usr": 12,
    "usrcat": 60,
    "whim": 114,
    "autocorr3d": 80,
    "rdf": 210,
    "morse": 224,
    "getaway": 273,
}


def descriptor_names_3d(families: Sequence[str]) -> list[str]:
    """Return the names of the values of some families, in order."""
    return [
        name
        for family in families
        for name in (_SHAPE if family == "shape" else [f"{family}_{n}" for n in range(FAMILIES_3D[family])])
    ]


def compute_descriptors_3d(mol: Mol, families: Sequence[str]) -> NDArray[np.float64]:
    """Compute descriptors of the first conformer of a molecule.

    Parameters
    ----------
    mol
        A molecule with hydrogens and a conformer.
    families
        Of :data:`FAMILIES_3D`.

    Returns
    -------
    numpy.ndarray
        float64, the values of each family in order; NaN for a family that RDKit cannot compute (USR of fewer than three atoms).
    """
    parts = [np.zeros(0)]
    with rdBase.BlockLogs():
        for family in families:
            try:
                values = np.asarray(_functions()[family](mol), dtype=np.float64)
            except (RuntimeError, ValueError):  # what RDKit raises where it has no value
                values = np.full(FAMILIES_3D[family], np.nan)
            values[~np.isfinite(values)] = np.nan
            parts.append(values)
    return np.concatenate(parts)


@functools.cache
def _functions() -> dict[str, Callable[[Mol], Sequence[float]]]:
    from rdkit.Chem import Descriptors3D

    shapes = [getattr(Descriptors3D, name) for name in _SHAPE]
    return {
        "shape": lambda mol: [shape(mol) for shape in shapes],
        "usr": rdMolDescriptors.GetUSR,
        "usrcat": rdMolDescriptors.GetUSRCAT,
        "whim": rdMolDescriptors.CalcWHIM,
        "autocorr3d": rdMolDescriptors.CalcAUTOCORR3D,
        "rdf": rdMolDescriptors.CalcRDF,
        "morse": rdMolDescriptors.CalcMORSE,
        "getaway": rdMolDescriptors.CalcGETAWAY,
    }
