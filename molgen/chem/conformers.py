"""Molecules in space: conformers by RDKit's ETKDG, with a reason for each molecule that has none.

Source: S. Wang, J. Witek, G. A. Landrum, S. Riniker, Improving Conformer Generation for Small Rings and Macrocycles Based on
Distance Geometry and Experimental Torsional-Angle Preferences, J. Chem. Inf. Model. 60 (2020) 2044-2058.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molgen.chem.parse import Mol
from molgen.packed import ConformerBatch

__all__ = ["FORCE_FIELDS", "Embedded", "embed", "pack_conformers"]

#: What conformers can be optimised with.
FORCE_FIELDS = ("none", "mmff", "uff")


#: Angstrom between the pieces of a mixture, about where they touch.
_GAP = 3.0


class Embedded(NamedTuple):
    """What became of a molecule.

    Attributes
    ----------
    mol
        A copy with its hydrogens and conformers; ``None`` if there are none.
    energies
        Of each conformer in kcal/mol; NaN without a force field.
    reason
        Why there are none, or an empty text.
    """

    mol: Mol | None
    energies: list[float]
    reason: str = ""


def embed(
    mol: Mol, *, conformers: int = 1, seed: int = 0, attempts: int = 100, timeout: int = 30, force_field: str = "none"
) -> Embedded:
    """Embed a molecule by ETKDGv3, with random coordinates where that fails.

    Parameters
    ----------
    mol
        A sanitised molecule; it is not changed.
    conformers
        How many to make.
    seed
        Of the random numbers: the same for every molecule, so that a molecule's conformers do not depend on its neighbours.
    attempts
        Tries for each conformer.
    timeout
        Seconds for each of the two ways to embed.
    force_field
        ``"none"``, ``"mmff"`` (MMFF94) or ``"uff"``: what the conformers are optimised with, in up to 200 steps.

    Returns
    -------
    Embedded
        Conformers in RDKit's order; the pieces of a mixture stand side by side. No molecule raises.
    """
    try:
        # What RDKit says about missing parameters is in the reasons; its own log stays as the user set it.
        with rdBase.BlockLogs():
            return _embed(Chem.AddHs(mol), conformers, seed, attempts, timeout, force_field)
    except Exception as error:  # RDKit raises what it likes for atoms that it has no geometry for
        detail = " ".join(str(error).split())[:200] or type(error).__name__
        return Embedded(None, [], f"no conformer: {detail}")


def _embed(mol: Mol, conformers: int, seed: int, attempts: int, timeout: int, force_field: str) -> Embedded:
    start = time.monotonic()
    for random in (False, True):
        settings: Any = rdDistGeom.ETKDGv3()
        settings.randomSeed, settings.maxIterations, settings.timeout = seed, attempts, timeout
        settings.useRandomCoords, settings.numThreads = random, 1
        if len(rdDistGeom.EmbedMultipleConfs(mol, conformers, settings)):
            break
    else:
        if time.monotonic() - start >= timeout:
            return Embedded(None, [], f"timeout: no conformer within {timeout} s")
        return Embedded(None, [], f"no conformer: {attempts} attempts failed, and as many from random coordinates")
    _set_apart(mol)
    if force_field == "none":
        return Embedded(mol, [math.nan] * mol.GetNumConformers())
    if force_field == "mmff":
        if not rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            return Embedded(None, [], "no conformer: MMFF94 has no parameters for an atom")
        optimised = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol, numThreads=1)
    else:
        if not rdForceFieldHelpers.UFFHasAllMoleculeParams(mol):
            return Embedded(None, [], "no conformer: UFF has no parameters for an atom")
        optimised = rdForceFieldHelpers.UFFOptimizeMoleculeConfs(mol, numThreads=1)
    return Embedded(mol, [energy for _, energy in optimised])


def _set_apart(mol: Mol) -> None:
    """Move the pieces of a salt or mixture side by side: RDKit embeds each of them at the origin, one through the other."""
    pieces = [list(atoms) for atoms in Chem.GetMolFrags(mol)]
    if len(pieces) == 1:
        return
    for conformer in mol.GetConformers():
        positions = conformer.GetPositions()
        edge = positions[pieces[0], 0].max()
        for atoms in pieces[1:]:
            positions[atoms, 0] += edge + _GAP - positions[atoms, 0].min()
            edge = positions[atoms, 0].max()
        conformer.SetPositions(positions)


def pack_conformers(embedded: Sequence[Embedded]) -> ConformerBatch:
    """Pack molecules with their conformers; one without is an empty row."""
    elements, positions, energies = [np.zeros(0, np.uint8)], [np.zeros((0, 3), np.float32)], [np.zeros(0, np.float32)]
    counts = np.zeros((len(embedded) + 1, 3), dtype=np.int64)
    for row, (mol, energy, _) in enumerate(embedded):
        if mol is not None:
            found: list[Any] = [conformer.GetPositions() for conformer in mol.GetConformers()]
            elements.append(np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()], dtype=np.uint8))
            positions.append(np.concatenate(found).astype(np.float32))
            energies.append(np.array(energy, dtype=np.float32))
            counts[row + 1] = len(elements[-1]), len(positions[-1]), len(energy)
    atom_ptr, position_ptr, energy_ptr = np.ascontiguousarray(np.cumsum(counts, axis=0).T)
    return ConformerBatch(
        np.concatenate(elements), atom_ptr, np.concatenate(positions), position_ptr, np.concatenate(energies), energy_ptr
    )
