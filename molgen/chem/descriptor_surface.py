"""Descriptors from contributions of atoms: Gasteiger charges, Labute's surface, and the VSA histograms.

Sources: Gasteiger, Marsili, Tetrahedron 36 (1980) 3219; Labute, J. Mol. Graph. Model. 18 (2000) 464. The definitions and the
order of sums are RDKit's.
"""

from __future__ import annotations

import numpy as np

from molgen.chem.crippen import crippen, log_p
from molgen.chem.descriptor_family import Family, once_per_batch
from molgen.chem.mol_batch import AROMATIC, Bools, Floats, MolBatch, element_table

__all__ = ["FAMILIES", "charges", "has_charges", "labute"]

_LOG_P_BINS = (-0.4, -0.2, 0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)
_MR_BINS = (1.29, 1.82, 2.24, 2.45, 2.75, 3.05, 3.63, 3.8, 4.0)
_CHARGE_BINS = (-0.3, -0.25, -0.20, -0.15, -0.10, -0.05, 0, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30)

_SP, _SP2, _SP3 = 2, 3, 4
# Electronegativity a + b q + c q^2 of an atom with charge q, by atomic number and hybridization.
_GASTEIGER = {
    (6, _SP3): (7.98, 9.18, 1.88),
    (6, _SP2): (8.79, 9.32, 1.51),
    (6, _SP): (10.39, 9.45, 0.73),
    (7, _SP3): (11.54, 10.82, 1.36),
    (7, _SP2): (12.87, 11.15, 0.85),
    (7, _SP): (15.68, 11.7, -0.27),
    (8, _SP3): (14.18, 12.92, 1.39),
    (8, _SP2): (17.07, 13.79, 0.47),
    (9, _SP3): (14.66, 13.85, 2.31),
    (17, _SP3): (11.00, 9.69, 1.35),
    (35, _SP3): (10.08, 8.47, 1.16),
    (53, _SP3): (9.9, 7.96, 0.96),
    (16, _SP3): (10.14, 9.13, 1.38),
    (16, _SP2): (10.88, 9.49, 1.33),
    (15, _SP3): (8.90, 8.24, 0.96),
    (15, _SP2): (9.665, 8.530, 0.735),
    (14, _SP3): (7.300, 6.567, 0.657),
    (14, _SP2): (7.905, 6.748, 0.443),
    (14, _SP): (9.065, 7.027, -0.002),
    (5, _SP3): (5.980, 6.820, 1.605),
    (5, _SP2): (6.420, 6.807, 1.322),
    (4, _SP3): (3.845, 6.755, 3.165),
    (4, _SP2): (4.005, 6.725, 3.035),
    (12, _SP3): (3.300, 5.587, 2.447),
    (12, _SP2): (3.565, 5.572, 2.197),
    (12, _SP): (4.040, 5.472, 1.823),
    (13, _SP3): (5.375, 4.953, 0.867),
    (13, _SP2): (5.795, 5.020, 0.695),
}
_HYDROGEN = (7.17, 6.24, -0.56)
_HYDROGEN_CATION = 20.02
_ITERATIONS = 12
_DAMPING = 0.5


# --- Labute -----------------------------------------------------------------------------------------------------


@once_per_batch
def labute(batch: MolBatch) -> tuple[Floats, Floats]:
    """Surface of each atom (square angstroms), and of all hydrogens of each molecule."""
    radius = element_table("Rb0")[batch.atomic_num]
    bonded = radius[batch.bond_ends]
    shrinkage = np.select([batch.bond_type == AROMATIC, batch.bond_type == 2, batch.bond_type == 3], [0.1, 0.2, 0.3], 0.0)
    hidden = np.stack(_overlaps(bonded[:, 0], bonded[:, 1], shrinkage), axis=1)
    of_atom = np.bincount(batch.bond_ends.ravel(), hidden.ravel(), minlength=batch.n_atoms)
    small = element_table("Rb0")[1]
    by_hydrogen, on_hydrogen = _overlaps(radius, np.full_like(radius, small), 0.0)
    surface = np.pi * radius * (4.0 * radius - (of_atom + by_hydrogen))
    return surface, np.pi * small * (4.0 * small - batch.sum_atoms(on_hydrogen))


def _overlaps(a: Floats, b: Floats, shrinkage: Floats | float) -> tuple[Floats, Floats]:
    distance = np.minimum(np.maximum(np.abs(a - b), a + b - shrinkage), a + b)
    return b * b - (a - distance) * (a - distance) / distance, a * a - (b - distance) * (b - distance) / distance


def _labute_asa(batch: MolBatch) -> tuple[Floats, ...]:
    of_atoms, of_hydrogens = labute(batch)
    return (batch.sum_atoms(of_atoms) + of_hydrogens,)


# --- Gasteiger --------------------------------------------------------------------------------------------------


@once_per_batch
def _gasteiger_parameters(batch: MolBatch) -> Floats:
    """Columns a, b, c for each atom; zeros, as RDKit has it, for an atom that has none."""
    table = np.zeros((119, 8, 3))
    for (number, hybridization), values in _GASTEIGER.items():
        table[number, hybridization] = values
    parameters: Floats = table[batch.atomic_num, batch.hybridization]
    # Sulfur of any other hybridization counts as sp3, but between exactly two oxygens it is that of a sulfone.
    sulfur = (batch.atomic_num == 16) & ~np.isin(batch.hybridization, (_SP, _SP2, _SP3))
    oxygens = np.bincount(batch.edge_source, batch.atomic_num[batch.edge_target] == 8, minlength=batch.n_atoms)
    parameters[sulfur] = table[16, _SP3]
    parameters[sulfur & (oxygens == 2)] = (12.00, 10.81, 1.20)
    return parameters


def has_charges(batch: MolBatch) -> Bools:
    """Tell which molecules consist of elements and hybridizations that have parameters."""
    known: Bools = batch.sum_atoms(_gasteiger_parameters(batch)[:, 0] == 0) == 0
    return known


@once_per_batch
def charges(batch: MolBatch) -> Floats:
    """Gasteiger's partial charge of each atom, without its hydrogens'; NaN around atoms that have no parameters."""
    a, b, c = _gasteiger_parameters(batch).T
    charge, on_hydrogens = _formal_charges(batch), np.zeros(batch.n_atoms)
    cation = a + b + c
    source, target = batch.edge_source, batch.edge_target
    to_source = (cation[source] - cation[target]) + cation[target]
    to_heavy = (cation - _HYDROGEN_CATION) + _HYDROGEN_CATION
    num_hs = batch.num_hs.astype(np.float64)
    damping = _DAMPING
    for _ in range(_ITERATIONS):
        pull = a + charge * (b + c * charge)
        difference = pull[target] - pull[source]
        flow = np.bincount(source, difference / np.where(difference < 0, cation[target], to_source), minlength=batch.n_atoms)
        mean = on_hydrogens / np.maximum(num_hs, 1)
        difference = _HYDROGEN[0] + mean * (_HYDROGEN[1] + _HYDROGEN[2] * mean) - pull
        drawn = difference / np.where(difference < 0, _HYDROGEN_CATION, to_heavy)
        from_hydrogens = np.where(num_hs > 0, num_hs * drawn, 0.0)
        on_hydrogens -= from_hydrogens * damping
        charge += damping * (flow + from_hydrogens)
        damping *= _DAMPING
    return charge


def _formal_charges(batch: MolBatch) -> Floats:
    """Formal charges, each spread over the atoms of its element two conjugated bonds away."""
    spread = np.zeros(batch.n_atoms)
    conjugated = batch.graphs.bond_fields[:, 2] > 0
    start, degree = batch.edge_start, batch.degree

    def conjugated_neighbours(atom: int) -> list[tuple[int, int]]:
        edges = range(start[atom], start[atom] + degree[atom])
        return [(batch.edge_target[e], batch.edge_bond[e]) for e in edges if conjugated[batch.edge_bond[e]]]

    for atom in np.flatnonzero(batch.charge).tolist():
        if abs(spread[atom]) >= 1e-10:
            continue
        total, sharing = batch.charge[atom], [atom]
        for neighbour, bond in conjugated_neighbours(atom):
            for other, other_bond in conjugated_neighbours(neighbour):
                if other_bond != bond and batch.atomic_num[other] == batch.atomic_num[atom]:
                    total = total + batch.charge[other]
                    sharing.append(other)
        spread[sharing] = total / len(sharing)
    return spread


def _charge_extremes(batch: MolBatch) -> tuple[Floats, ...]:
    first, charge = batch.graphs.atom_ptr, charges(batch)
    highest = np.maximum.reduceat(charge, first[:-1])
    lowest = np.minimum.reduceat(charge, first[:-1])
    for row in np.flatnonzero(np.isnan(highest)):
        # RDKit compares one atom after the other, and so forgets what came before a NaN.
        of_mol = charge[first[row] : first[row + 1]]
        after = of_mol[np.flatnonzero(np.isnan(of_mol))[-1] + 1 :]
        if len(after):
            highest[row], lowest[row] = after.max(), after.min()
    sizes = np.abs(highest), np.abs(lowest)
    return highest, lowest, np.maximum(*sizes), np.minimum(*sizes)


# --- histograms of surface --------------------------------------------------------------------------------------


def _log_p_vsa(batch: MolBatch) -> tuple[Floats, ...]:
    return batch.bin_atoms(crippen(batch)[0], _LOG_P_BINS, labute(batch)[0])


def _mr_vsa(batch: MolBatch) -> tuple[Floats, ...]:
    return batch.bin_atoms(crippen(batch)[1], _MR_BINS, labute(batch)[0])


def _charge_vsa(batch: MolBatch) -> tuple[Floats, ...]:
    return batch.bin_atoms(charges(batch), _CHARGE_BINS, labute(batch)[0])


FAMILIES = (
    Family(("MolLogP", "MolMR"), log_p),
    Family(("LabuteASA",), _labute_asa),
    Family(("MaxPartialCharge", "MinPartialCharge", "MaxAbsPartialCharge", "MinAbsPartialCharge"), _charge_extremes),
    Family(tuple(f"SlogP_VSA{bin_}" for bin_ in range(1, 13)), _log_p_vsa),
    Family(tuple(f"SMR_VSA{bin_}" for bin_ in range(1, 11)), _mr_vsa),
    Family(tuple(f"PEOE_VSA{bin_}" for bin_ in range(1, 15)), _charge_vsa),
)
