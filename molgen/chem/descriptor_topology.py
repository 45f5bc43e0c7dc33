"""Descriptors of the molecular graph: connectivity and shape indices, electrotopological states, complexity, eigenvalues.

The definitions are those of RDKit (``GraphDescriptors``, ``EState``, ``BCUT``), sums are taken in its order, and the
values are equal to its own; but for Ipc of molecules that are too large for RDKit's method.

Sources: Hall, Kier, Rev. Comput. Chem. 2 (1991) 367 (Chi, Kappa); Hall, Mohney, Kier, J. Chem. Inf. Comput. Sci. 31 (1991)
76 (EState); Balaban, Chem. Phys. Lett. 89 (1982) 399; Bertz, J. Am. Chem. Soc. 103 (1981) 3599; Bonchev, Trinajstic,
J. Chem. Phys. 67 (1977) 4517 (Ipc); Pearlman, Smith, J. Chem. Inf. Comput. Sci. 39 (1999) 28 (BCUT).
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from molgen.chem.crippen import crippen
from molgen.chem.descriptor_family import Family, once_per_batch
from molgen.chem.descriptor_surface import charges, has_charges, labute
from molgen.chem.mol_batch import Bools, Floats, Ints, MolBatch, add_up, element_table

__all__ = ["FAMILIES"]

# Periods end at these atomic numbers.
_PERIOD_ENDS = np.array([2, 10, 18, 36, 54, 86])
_FAR = 1e6
#: Only so many of an atom's distances tell it from others.
_BERTZ_CUTOFF = 100

# Hall-Kier alpha by atomic number: for SP, SP2 and any other hybridization.
_ALPHAS = {
    1: (0.0, 0.0, 0.0),
    6: (-0.22, -0.13, 0.0),
    7: (-0.29, -0.20, -0.04),
    8: (-0.04, -0.20, -0.04),
    9: (-0.07, -0.07, -0.07),
    15: (0.43, 0.30, 0.43),
    16: (0.35, 0.22, 0.35),
    17: (0.29, 0.29, 0.29),
    35: (0.48, 0.48, 0.48),
    53: (0.73, 0.73, 0.73),
}

_ESTATE_BINS = (-0.390, 0.290, 0.717, 1.165, 1.540, 1.807, 2.05, 4.69, 9.17, 15.0)
_ESTATE_VSA_BINS = (4.78, 5.00, 5.410, 5.740, 6.00, 6.07, 6.45, 7.00, 11.0)


# --- connectivity and shape -------------------------------------------------------------------------------------


def _outer_electrons(batch: MolBatch) -> Ints:
    electrons: Ints = element_table("NOuterElecs")[batch.atomic_num]
    return electrons


def _chi_degree(batch: MolBatch) -> tuple[Floats, Floats]:
    bonded = batch.degree > 0
    of_atom = np.sqrt(np.divide(1.0, batch.degree, where=bonded, out=np.zeros(batch.n_atoms)))
    of_bond = np.sqrt(1.0 / batch.degree[batch.bond_ends].prod(axis=1))
    return batch.sum_atoms(of_atom), batch.sum_bonds(of_bond)


def _inverse_root(values: Floats) -> Floats:
    return np.where(values == 0, 0.0, 1.0 / np.sqrt(values))


def _chi_valence(batch: MolBatch) -> tuple[Floats, ...]:
    """Chi0n to Chi4n, then Chi0v to Chi4v."""
    outer, number = _outer_electrons(batch), batch.atomic_num
    valence = (outer - batch.num_hs).astype(np.float64)
    core = np.where(number <= 10, 1, number - outer - 1)
    return *_chi(batch, _inverse_root(valence)), *_chi(batch, _inverse_root(valence / core))


def _chi(batch: MolBatch, delta: Floats) -> tuple[Floats, ...]:
    begin, end = delta[batch.bond_ends].T
    left, right = batch.angles
    around = delta[batch.edge_target[left]] * delta[batch.edge_source[left]] * delta[batch.edge_target[right]]
    mol_of_angle = batch.mol_of_atom[batch.edge_source[left]]
    order2 = add_up(mol_of_angle, around, len(batch))
    chis = []
    for trails, closed in (_trails3(batch), _trails4(batch)):
        product = delta[trails[1:]].prod(axis=0) * np.where(closed, 1.0, delta[trails[0]])
        # A ring is found once from each of its bonds (of three) or atoms (of four).
        weight = np.where(closed, 1.0 / (len(trails) - 1), 1.0)
        if len(trails) == 5:
            # A triangle with a tail is found from two of its atoms.
            weight[(trails[0] == trails[3]) | (trails[4] == trails[1])] = 0.5
        chis.append(add_up(batch.mol_of_atom[trails[0]], product * weight, len(batch)))
    return batch.sum_atoms(delta), batch.sum_bonds(begin * end), order2, *chis


@once_per_batch
def _trails3(batch: MolBatch) -> tuple[Ints, Bools]:
    """Trails of three bonds as columns of four atoms, and which of them are triangles."""
    return _grow(batch, batch.bond_ends[:, 0], batch.bond_ends[:, 1], ())


@once_per_batch
def _trails4(batch: MolBatch) -> tuple[Ints, Bools]:
    """Trails of four bonds as columns of five atoms, and which of them are rings."""
    left, right = batch.angles
    return _grow(batch, batch.edge_target[left], batch.edge_target[right], (batch.edge_source[left],))


def _grow(batch: MolBatch, left: Ints, right: Ints, middle: tuple[Ints, ...]) -> tuple[Ints, Bools]:
    """Add an atom at each end of a trail ``left - middle - right``."""
    before_left, before_right = (middle[0], middle[-1]) if middle else (right, left)
    place, edge = batch.neighbours(left)
    keep = batch.edge_target[edge] != before_left[place]
    place, first = place[keep], batch.edge_target[edge[keep]]
    again, edge = batch.neighbours(right[place])
    last = batch.edge_target[edge]
    place, first = place[again], first[again]
    keep = (last != before_right[place]) & ~((first == right[place]) & (last == left[place]))
    place, first, last = place[keep], first[keep], last[keep]
    return np.stack([first, left[place], *(one[place] for one in middle), right[place], last]), first == last


def _shape(batch: MolBatch) -> tuple[Floats, ...]:
    """HallKierAlpha, Kappa1 to Kappa3 and Phi."""
    kind = np.select([batch.hybridization == 2, batch.hybridization == 3], [0, 1], 2)
    radius = element_table("Rb0")
    table = np.repeat((radius / radius[6] - 1.0)[:, None], 3, axis=1)
    table[0] = 0
    for number, alphas in _ALPHAS.items():
        table[number] = alphas
    alpha = batch.sum_atoms(table[batch.atomic_num, kind])
    atoms = batch.sizes.astype(np.float64)
    bonds = np.diff(batch.graphs.bond_ptr)
    pairs = np.bincount(batch.mol_of_atom[batch.edge_source[batch.angles[0]]], minlength=len(batch))
    trails, closed = _trails3(batch)
    owner = batch.mol_of_atom[trails[0]]
    triples = np.bincount(owner[~closed], minlength=len(batch)) + np.bincount(owner[closed], minlength=len(batch)) // 3
    size = atoms + alpha
    kappa1 = _ratio(size * (size - 1) * (size - 1), (bonds + alpha) * (bonds + alpha))
    kappa2 = _ratio((size - 1) * (size - 2) * (size - 2), (pairs + alpha) * (pairs + alpha))
    odd = np.where(batch.sizes % 2 == 1, size - 1, size - 2)
    kappa3 = _ratio(odd * (size - 3) * (size - 3), (triples + alpha) * (triples + alpha))
    return alpha, kappa1, kappa2, kappa3, kappa1 * kappa2 / atoms


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, where=below != 0, out=np.zeros(len(below)))


def _distances(mol: Chem.Mol, weighted: bool) -> Floats:
    """Return the topological distances, by bonds or by inverse bond orders."""
    prefix = "Balaban" if weighted else ""
    matrix: Floats = Chem.GetDistanceMatrix(mol, useBO=weighted, useAtomWts=False, force=False, prefix=prefix)
    # RDKit keeps them on the molecule, where those of a large batch would fill the memory.
    kept = f"{prefix}DistanceMatrix{'BO' if weighted else ''}"
    mol.ClearProp(kept)
    mol.ClearProp(f"{kept}_Paths")
    return matrix


# --- electrotopological states ----------------------------------------------------------------------------------


@once_per_batch
def _estate(batch: MolBatch) -> Floats:
    """EState index of each atom."""
    period = 1 + np.searchsorted(_PERIOD_ENDS, batch.atomic_num)
    intrinsic = 4.0 / (period * period) * (_outer_electrons(batch) - batch.num_hs) + 1
    intrinsic = np.divide(intrinsic, batch.degree, where=batch.degree > 0, out=np.zeros(batch.n_atoms))
    states = np.empty(batch.n_atoms)
    for group in batch.size_groups:
        steps = np.stack([_distances(batch.mols[member], weighted=False) for member in group.members]) + 1
        of_atom = intrinsic[group.atoms]
        influence = (of_atom[:, None, :] - of_atom[:, :, None]) / (steps * steps)
        influence[steps >= _FAR] = 0
        # Over the middle axis numpy adds one row after the other, which is the order of RDKit's loop.
        states[group.atoms] = influence.sum(axis=1) + of_atom
    return states


def _estate_extremes(batch: MolBatch) -> tuple[Floats, ...]:
    states, first = _estate(batch), batch.graphs.atom_ptr[:-1]
    size = np.abs(states)
    return (
        np.maximum.reduceat(size, first),
        np.maximum.reduceat(states, first),
        np.minimum.reduceat(size, first),
        np.minimum.reduceat(states, first),
    )


def _estate_vsa(batch: MolBatch) -> tuple[Floats, ...]:
    return batch.bin_atoms(_estate(batch), _ESTATE_BINS, labute(batch)[0])


def _vsa_estate(batch: MolBatch) -> tuple[Floats, ...]:
    return batch.bin_atoms(labute(batch)[0], _ESTATE_VSA_BINS, _estate(batch))


# --- distances weighted by bond orders --------------------------------------------------------------------------


def _complexity(batch: MolBatch) -> tuple[Floats, Floats]:
    """BalabanJ and BertzCT."""
    row_sums, classes = np.empty(batch.n_atoms), np.empty(batch.n_atoms, dtype=np.int64)
    for group in batch.size_groups:
        distances = np.stack([_distances(batch.mols[member], weighted=True) for member in group.members])
        row_sums[group.atoms] = distances.sum(axis=1)
        classes[group.atoms] = _symmetry_classes(distances)
    return _balaban(batch, row_sums), _bertz(batch, classes)


def _symmetry_classes(distances: Floats) -> Ints:
    """Number the atoms of each molecule so that those with the same sorted distances get the same number."""
    ordered = np.sort(distances, axis=2)[:, :, :_BERTZ_CUTOFF]
    rounded = np.rint(np.minimum(ordered, _FAR / 10) * 1e4).astype(np.int32)
    width = rounded.shape[2] * rounded.itemsize
    classes = []
    for rows in rounded:
        text = rows.tobytes()
        seen: dict[bytes, int] = {}
        classes.append([seen.setdefault(text[at : at + width], len(seen)) for at in range(0, len(text), width)])
    return np.array(classes, dtype=np.int64)


def _balaban(batch: MolBatch, row_sums: Floats) -> Floats:
    ends = np.sort(batch.bond_ends, axis=1)
    ends = ends[np.lexsort(ends.T[::-1])]
    terms = 1.0 / np.sqrt(row_sums[ends[:, 0]] * row_sums[ends[:, 1]])
    total = add_up(batch.mol_of_atom[ends[:, 0]], terms, len(batch))
    n_bonds = np.diff(batch.graphs.bond_ptr).astype(np.float64)
    circuits = n_bonds - batch.sizes + 1
    return _ratio(n_bonds, circuits + 1) * total


def _bertz(batch: MolBatch, classes: Ints) -> Floats:
    left, right = batch.angles
    bond_class = classes[batch.bond_ends]
    a, b = classes[batch.edge_target[left]], classes[batch.edge_target[right]]
    order = batch.bond_order
    multiple = np.flatnonzero(order > 1)
    n = int(classes.max(initial=0)) + 1
    # Angles are told apart by the classes of their three atoms, multiple bonds by those of their two.
    angle_key = (classes[batch.edge_source[left]] * n + np.minimum(a, b)) * n + np.maximum(a, b)
    bond_key = n**3 + bond_class[multiple].min(axis=1) * n + bond_class[multiple].max(axis=1)
    owner = np.concatenate([batch.mol_of_atom[batch.edge_source[left]], batch.mol_of_bond[multiple]])
    weight = np.concatenate(
        [order[batch.edge_bond[left]] * order[batch.edge_bond[right]], order[multiple] * (order[multiple] - 1) / 2]
    )
    connections, total = _entropy(owner, np.concatenate([angle_key, bond_key]), weight, len(batch))
    elements, _ = _entropy(batch.mol_of_atom, batch.atomic_num, np.ones(batch.n_atoms), len(batch))
    complexity: Floats = batch.sizes * elements + total * (connections + np.log(np.maximum(total, 1)) / np.log(2))
    return complexity


def _entropy(owner: Ints, key: Ints, weight: Floats, n_owners: int) -> tuple[Floats, Floats]:
    """Return the information entropy in bits of each owner's keys by their weights, and the total weights."""
    both, place = np.unique(owner * (key.max(initial=0) + 1) + key, return_inverse=True)
    share = add_up(place, weight, len(both))
    owner_of_share = both // (key.max(initial=0) + 1)
    total = add_up(owner_of_share, share, n_owners)
    share = share / total[owner_of_share]
    return add_up(owner_of_share, -share * np.log(share), n_owners) / np.log(2), total


# --- matrices ---------------------------------------------------------------------------------------------------


def _information(batch: MolBatch) -> tuple[Floats, Floats]:
    """AvgIpc and Ipc: information content of the coefficients of the characteristic polynomial of the graph.

    RDKit has the coefficients from a recurrence that loses all digits beyond some 80 atoms. They are multiplied out from the
    eigenvalues here, the smallest first, which keeps 13 digits at any size.
    """
    average, whole = np.empty(len(batch)), np.empty(len(batch))
    for group in batch.size_groups:
        k, n = group.atoms.shape
        roots = np.linalg.eigvalsh(batch.bond_matrices(group, np.ones(len(batch.bond_ends)), 0.0))
        roots = np.take_along_axis(roots, np.argsort(np.abs(roots), axis=1), axis=1)
        coefficients = np.zeros((n + 1, k))
        coefficients[0] = 1
        for degree, root in enumerate(roots.T):
            coefficients[1 : degree + 2] -= root * coefficients[: degree + 1]
        size = np.abs(coefficients)
        total = size.sum(axis=0)
        share = size / total
        entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(axis=0) / np.log(2)
        average[group.members], whole[group.members] = entropy, total * entropy
    return average, whole


def _burden(batch: MolBatch) -> tuple[Floats, ...]:
    """BCUT2D: highest and lowest eigenvalues of Burden matrices with masses, charges, logP and MR on the diagonal."""
    log_p, refractivity = crippen(batch)
    # RDKit has no value where an atom has no charge, and LAPACK refuses NaN.
    diagonals = (element_table("AtomicWeight")[batch.atomic_num], np.nan_to_num(charges(batch)), log_p, refractivity)
    found = np.empty((8, len(batch)))
    for group in batch.size_groups:
        n = group.atoms.shape[1]
        matrices = np.repeat(batch.bond_matrices(group, 1.0 / np.sqrt(batch.bond_order), 0.001)[:, None], 4, axis=1)
        for place, diagonal in enumerate(diagonals):
            matrices[:, place, np.arange(n), np.arange(n)] = diagonal[group.atoms]
        eigenvalues = np.linalg.eigvalsh(matrices)
        found[0::2, group.members] = eigenvalues[:, :, -1].T
        found[1::2, group.members] = eigenvalues[:, :, 0].T
    found[:, ~has_charges(batch)] = np.nan
    return tuple(found)


def _numbered(stem: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(first, last + 1))


FAMILIES = (
    Family(("Chi0", "Chi1"), _chi_degree),
    Family(tuple(f"Chi{order}{kind}" for kind in "nv" for order in range(5)), _chi_valence),
    Family(("HallKierAlpha", "Kappa1", "Kappa2", "Kappa3", "Phi"), _shape),
    Family(("MaxAbsEStateIndex", "MaxEStateIndex", "MinAbsEStateIndex", "MinEStateIndex"), _estate_extremes),
    Family(_numbered("EState_VSA", 1, 11), _estate_vsa),
    Family(_numbered("VSA_EState", 1, 10), _vsa_estate),
    Family(("BalabanJ", "BertzCT"), _complexity),
    Family(("AvgIpc", "Ipc"), _information),
    Family(
        tuple(f"BCUT2D_{kind}" for kind in ("MWHI", "MWLOW", "CHGHI", "CHGLO", "LOGPHI", "LOGPLOW", "MRHI", "MRLOW")),
        _burden,
    ),
)
