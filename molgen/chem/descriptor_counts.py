"""Descriptors that count: atoms, rings, functional groups, drug-likeness rules; and the few that RDKit computes quickly.

The patterns are read from RDKit itself (its ``FragmentDescriptors.csv`` and ``QED``), so that both count the same.

Sources: Bickerton et al., Nat. Chem. 4 (2012) 90 (QED); Krzyzanowski et al., J. Med. Chem. 66 (2023) 12739 (SPS).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem, RDConfig
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors, rdmolops

from molgen.chem.crippen import log_p
from molgen.chem.descriptor_family import Family, once_per_batch
from molgen.chem.mol_batch import AROMATIC, Bools, Floats, MolBatch, add_up, element_table
from molgen.chem.smarts import atoms_matched, count_matches, has_match

__all__ = ["families"]

_DONORS = "[N&!H0&v3,N&!H0&+1&v4,O&H1&+0,S&H1&+0,n&H1&+0]"
_ACCEPTORS = "[$([O,S;H1;v2]-[!$(*=[O,N,P,S])]),$([O,S;H0;v2]),$([O,S;-]),$([N;v3;!$(N-*=!@[O,N,P,S])]),$([nH0X2,o,s;+0])]"
_NO_END = "!$(*#*)&!D1&!$(C(F)(F)F)&!$(C(Cl)(Cl)Cl)&!$(C(Br)(Br)Br)&!$(C([CH3])([CH3])[CH3])&!$([CH3])"
_NO_AMIDE = "!$([CD3](=[N,O,S])-!@[#7,O,S!D1])&!$([#7,O,S!D1]-!@[CD3]=[N,O,S])&!$([CD3](=[N+])-!@[#7!D1])&!$([#7!D1]-!@[CD3]=[N+])"
_ROTATABLE = f"[{_NO_END}&{_NO_AMIDE}]-,:;!@[{_NO_END}]"


def _number(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


# --- atoms and rings --------------------------------------------------------------------------------------------


def _atoms(batch: MolBatch) -> tuple[Floats, ...]:
    number, hydrogens = batch.atomic_num, batch.num_hs
    carbon, polar = number == 6, np.isin(number, (7, 8))
    carbons = batch.sum_atoms(carbon)
    sp3 = batch.sum_atoms(carbon & (batch.degree + hydrogens == 4))
    return (
        _number(batch.sizes),
        batch.sum_atoms(~carbon),
        batch.sum_atoms(polar),
        batch.sum_atoms(polar * hydrogens),
        np.divide(sp3, carbons, where=carbons > 0, out=np.zeros(len(batch))),
        batch.sum_atoms(element_table("NOuterElecs")[number] - batch.charge + hydrogens),
        batch.sum_atoms(batch.radicals),
    )


def _rings(batch: MolBatch) -> tuple[Floats, ...]:
    rings = batch.rings
    n = len(rings.mol_of_ring)

    def any_member(condition: Bools) -> Bools:
        found: Bools = add_up(rings.ring, condition, n) > 0
        return found

    kind = batch.bond_type[rings.bonds]
    aliphatic = any_member(kind != AROMATIC)
    saturated = ~any_member(kind != 1)
    hetero = any_member(batch.atomic_num[rings.atoms] != 6)
    chosen = [np.ones(n, dtype=np.bool_), hetero]
    for of_kind in (aliphatic, ~aliphatic, saturated):
        chosen += [of_kind, of_kind & ~hetero, of_kind & hetero]
    return tuple(add_up(rings.mol_of_ring, one, len(batch)) for one in chosen)


# --- patterns ---------------------------------------------------------------------------------------------------


@once_per_batch
def _donors(batch: MolBatch) -> Floats:
    return batch.sum_atoms(atoms_matched(batch, _DONORS))


@once_per_batch
def _rotatable(batch: MolBatch) -> Floats:
    return _number(count_matches(batch, _ROTATABLE))


def _patterns(batch: MolBatch) -> tuple[Floats, ...]:
    acceptors = batch.sum_atoms(atoms_matched(batch, _ACCEPTORS))
    return _donors(batch), acceptors, _rotatable(batch), _number(count_matches(batch, "C(=[O;!R])N"))


@functools.cache
def _fragments() -> dict[str, str]:
    """SMARTS of the ``fr_`` descriptors."""
    found = {}
    for line in Path(RDConfig.RDDataDir, "FragmentDescriptors.csv").read_text().splitlines():
        fields = line.split("\t")
        if len(fields) >= 3 and not line.startswith("#"):
            found[fields[0].replace("=", "_").replace("-", "_")] = fields[2].strip()
    return found


def _fragment(smarts: str, batch: MolBatch) -> tuple[Floats, ...]:
    return (_number(count_matches(batch, smarts)),)


# --- QED --------------------------------------------------------------------------------------------------------


def _qed(batch: MolBatch) -> tuple[Floats, ...]:
    from rdkit.Chem import QED

    properties = {
        "MW": _number([rdMolDescriptors._CalcMolWt(mol) for mol in batch.mols]),
        "ALOGP": log_p(batch)[0],
        "HBA": sum((count_matches(batch, smarts) for smarts in QED.AcceptorSmarts), np.zeros(len(batch))),
        "HBD": _donors(batch),
        "PSA": _number([rdMolDescriptors.CalcTPSA(mol) for mol in batch.mols]),
        "ROTB": _rotatable(batch),
        "AROM": _rings_without_aliphatic(batch),
        "ALERTS": sum((has_match(batch, smarts) for smarts in QED.StructuralAlertSmarts), np.zeros(len(batch))),
    }
    weights = dict(zip(QED.WEIGHT_MEAN._fields, QED.WEIGHT_MEAN, strict=True))
    total = np.zeros(len(batch))
    for name, value in properties.items():
        p = QED.adsParameters[name]
        rise = 1 + np.exp(-1 * (value - p.C + p.D / 2) / p.E)
        fall = 1 + np.exp(-1 * (value - p.C - p.D / 2) / p.F)
        total += weights[name] * np.log((p.A + p.B / rise * (1 - 1 / fall)) / p.DMAX)
    return (np.exp(total / sum(weights.values())),)


def _rings_without_aliphatic(batch: MolBatch) -> Floats:
    """Count the rings that remain when aliphatic ring atoms beside anything aliphatic are deleted."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    kept = ~atoms_matched(batch, "[$([A;R][!a])]")
    bonds = batch.bond_ends[kept[batch.bond_ends].all(axis=1)]
    links = coo_array((np.ones(len(bonds)), bonds.T), shape=(batch.n_atoms, batch.n_atoms))
    _, piece = connected_components(links, directed=False)
    _, first = np.unique(piece[kept], return_index=True)
    pieces = np.bincount(batch.mol_of_atom[kept][first], minlength=len(batch))
    n_bonds = np.bincount(batch.mol_of_atom[bonds[:, 0]], minlength=len(batch))
    return n_bonds - batch.sum_atoms(kept) + pieces


# --- environments and stereo ------------------------------------------------------------------------------------


def _morgan_densities(batch: MolBatch) -> tuple[Floats, ...]:
    """Different environments of radius up to 1, 2 and 3 an atom, all from one fingerprint."""
    generator = rdFingerprintGenerator.GetMorganGenerator(3)
    extra = rdFingerprintGenerator.AdditionalOutput()
    extra.AllocateAtomToBits()
    bits_of_atoms: list[tuple[int, ...]] = []
    for mol in batch.mols:
        generator.GetSparseFingerprint(mol, additionalOutput=extra)
        bits_of_atoms.extend(extra.GetAtomToBits())
    # The bits of an atom are its environments of radius 0, 1, ...
    counts = np.fromiter(map(len, bits_of_atoms), dtype=np.int64, count=batch.n_atoms)
    bits = np.fromiter(chain.from_iterable(bits_of_atoms), dtype=np.int64, count=counts.sum())
    radius = np.arange(len(bits)) - np.repeat(np.cumsum(counts) - counts, counts)
    by_radius = np.argsort(radius, kind="stable")
    owner = np.repeat(batch.mol_of_atom, counts)[by_radius]
    _, first = np.unique((owner << 32) + bits[by_radius], return_index=True)
    new = np.bincount(owner[first] * 4 + radius[by_radius][first], minlength=4 * len(batch)).reshape(-1, 4)
    return tuple(np.cumsum(new, axis=1)[:, 1:].T / batch.sizes)


def _spacial_score(batch: MolBatch) -> tuple[Floats, ...]:
    flagged = {row: _flag_stereo_bonds(batch.mols[row]) for row in np.flatnonzero(_may_be_ez(batch)).tolist()}
    stereo = _stereo_atoms(batch, flagged)
    for row, mol in flagged.items():
        first = batch.graphs.atom_ptr[row]
        for bond in mol.GetBonds():
            if bond.GetBondType() == Chem.BondType.DOUBLE and bond.GetStereo() != Chem.BondStereo.STEREONONE:
                stereo[[first + bond.GetBeginAtomIdx(), first + bond.GetEndAtomIdx()]] = True
    hybrid = np.select([batch.hybridization == kind for kind in (2, 3, 4)], [1, 2, 3], 4)
    ring = 1 + (batch.in_ring & ~batch.aromatic)
    return (batch.sum_atoms(hybrid * (1 + stereo) * ring * batch.degree**2) / batch.sizes,)


def _stereo_atoms(batch: MolBatch, instead: dict[int, Chem.Mol]) -> Bools:
    """Tell which atoms are tetrahedral centres, specified or not."""
    stereo = np.zeros(batch.n_atoms, dtype=np.bool_)
    # A centre has three heavy neighbours and, if it is carbon, four in all; RDKit also takes some arsenic with two.
    heavy_neighbours = np.where(np.isin(batch.atomic_num, (6, 7, 8, 9, 16, 17, 35, 53)), 3, 2)
    neighbours = np.where(batch.atomic_num == 6, 4, heavy_neighbours)
    possible = (batch.degree >= heavy_neighbours) & (batch.degree + batch.num_hs >= neighbours)
    legacy = Chem.GetUseLegacyStereoPerception()
    Chem.SetUseLegacyStereoPerception(False)
    try:
        for row in np.flatnonzero(batch.sum_atoms(possible)).tolist():
            for found in Chem.FindPotentialStereo(instead.get(row, batch.mols[row])):
                if found.type == Chem.StereoType.Atom_Tetrahedral:
                    stereo[batch.graphs.atom_ptr[row] + found.centeredOn] = True
    finally:
        Chem.SetUseLegacyStereoPerception(legacy)
    return stereo


def _may_be_ez(batch: MolBatch) -> Bools:
    """Tell which molecules have a double bond with something on both of its ends."""
    inner = (batch.degree + batch.num_hs > 1)[batch.bond_ends].all(axis=1)
    return batch.sum_bonds((batch.bond_type == 2) & inner) > 0


def _flag_stereo_bonds(mol: Chem.Mol) -> Chem.Mol:
    flagged = Chem.Mol(mol)
    rdmolops.FindPotentialStereoBonds(flagged)
    return flagged


# --- what RDKit computes quickly --------------------------------------------------------------------------------


def _by_rdkit(function: Callable[[Chem.Mol], float], batch: MolBatch) -> tuple[Floats, ...]:
    return (_number([function(mol) for mol in batch.mols]),)


def _heavy_weight(mol: Chem.Mol) -> float:
    weight: float = rdMolDescriptors._CalcMolWt(mol, True)
    return weight


_DIRECT: dict[str, Callable[[Chem.Mol], float]] = {
    "MolWt": rdMolDescriptors._CalcMolWt,
    "HeavyAtomMolWt": _heavy_weight,
    "ExactMolWt": rdMolDescriptors.CalcExactMolWt,
    "TPSA": rdMolDescriptors.CalcTPSA,
    "NumAtomStereoCenters": rdMolDescriptors.CalcNumAtomStereoCenters,
    "NumUnspecifiedAtomStereoCenters": rdMolDescriptors.CalcNumUnspecifiedAtomStereoCenters,
    "NumBridgeheadAtoms": rdMolDescriptors.CalcNumBridgeheadAtoms,
    "NumSpiroAtoms": rdMolDescriptors.CalcNumSpiroAtoms,
}
_RING_KINDS = ("Aliphatic", "Aromatic", "Saturated")


@functools.cache
def families() -> tuple[Family, ...]:
    """Return the families of this file; the names of functional groups come from RDKit."""
    rings = [f"Num{kind}{what}" for kind in _RING_KINDS for what in ("Rings", "Carbocycles", "Heterocycles")]
    return (
        Family(
            (
                "HeavyAtomCount",
                "NumHeteroatoms",
                "NOCount",
                "NHOHCount",
                "FractionCSP3",
                "NumValenceElectrons",
                "NumRadicalElectrons",
            ),
            _atoms,
        ),
        Family(("RingCount", "NumHeterocycles", *rings), _rings),
        Family(("NumHDonors", "NumHAcceptors", "NumRotatableBonds", "NumAmideBonds"), _patterns),
        Family(("qed",), _qed),
        Family(("FpDensityMorgan1", "FpDensityMorgan2", "FpDensityMorgan3"), _morgan_densities),
        Family(("SPS",), _spacial_score),
        *(Family((name,), functools.partial(_by_rdkit, function)) for name, function in _DIRECT.items()),
        *(Family((name,), functools.partial(_fragment, smarts)) for name, smarts in _fragments().items()),
    )
