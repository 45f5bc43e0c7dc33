"""RDKit's 2D descriptors of many molecules at once.

Descriptors come in families. A family is computed for a whole batch of molecules with NumPy, each intermediate once; what it
gives is compared with RDKit's own functions on a few probe molecules before its first use in a process. Families that do
not agree (another version of RDKit), and the few molecules that do not fit into a batch, are left to RDKit.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molgen.chem.descriptor_family import Family
from molgen.chem.mol_batch import MolBatch, pack_plain
from molgen.chem.parse import Mol
from molgen.errors import ConfigError

__all__ = ["DESCRIPTORS_2D", "DESCRIPTORS_FAST", "compute_descriptors", "explain_gaps"]

# Molecules computed together, and the atoms they may have between them: more is faster, and takes more memory.
_CHUNK = 2048
_CHUNK_ATOMS = 80_000

#: RDKit's 2D set, frozen: a newer RDKit with more descriptors does not change molgen's columns.
DESCRIPTORS_2D: tuple[str, ...] = tuple(
    """
    MaxAbsEStateIndex MaxEStateIndex MinAbsEStateIndex MinEStateIndex qed SPS MolWt HeavyAtomMolWt ExactMolWt
    NumValenceElectrons NumRadicalElectrons MaxPartialCharge MinPartialCharge MaxAbsPartialCharge MinAbsPartialCharge
    FpDensityMorgan1 FpDensityMorgan2 FpDensityMorgan3 BCUT2D_MWHI BCUT2D_MWLOW BCUT2D_CHGHI BCUT2D_CHGLO BCUT2D_LOGPHI
    BCUT2D_LOGPLOW BCUT2D_MRHI BCUT2D_MRLOW AvgIpc BalabanJ BertzCT Chi0 Chi0n Chi0v Chi1 Chi1n Chi1v Chi2n Chi2v Chi3n
    Chi3v Chi4n Chi4v HallKierAlpha Ipc Kappa1 Kappa2 Kappa3 LabuteASA PEOE_VSA1 PEOE_VSA10 PEOE_VSA11 PEOE_VSA12
    PEOE_VSA13 PEOE_VSA14 PEOE_VSA2 PEOE_VSA3 PEOE_VSA4 PEOE_VSA5 PEOE_VSA6 PEOE_VSA7 PEOE_VSA8 PEOE_VSA9 SMR_VSA1
    SMR_VSA10 SMR_VSA2 SMR_VSA3 SMR_VSA4 SMR_VSA5 SMR_VSA6 SMR_VSA7 SMR_VSA8 SMR_VSA9 SlogP_VSA1 SlogP_VSA10 SlogP_VSA11
    SlogP_VSA12 SlogP_VSA2 SlogP_VSA3 SlogP_VSA4 SlogP_VSA5 SlogP_VSA6 SlogP_VSA7 SlogP_VSA8 SlogP_VSA9 TPSA EState_VSA1
    EState_VSA10 EState_VSA11 EState_VSA2 EState_VSA3 EState_VSA4 EState_VSA5 EState_VSA6 EState_VSA7 EState_VSA8
    EState_VSA9 VSA_EState1 VSA_EState10 VSA_EState2 VSA_EState3 VSA_EState4 VSA_EState5 VSA_EState6 VSA_EState7
    VSA_EState8 VSA_EState9 FractionCSP3 HeavyAtomCount NHOHCount NOCount NumAliphaticCarbocycles
    NumAliphaticHeterocycles NumAliphaticRings NumAmideBonds NumAromaticCarbocycles NumAromaticHeterocycles
    NumAromaticRings NumAtomStereoCenters NumBridgeheadAtoms NumHAcceptors NumHDonors NumHeteroatoms NumHeterocycles
    NumRotatableBonds NumSaturatedCarbocycles NumSaturatedHeterocycles NumSaturatedRings NumSpiroAtoms
    NumUnspecifiedAtomStereoCenters Phi RingCount MolLogP MolMR fr_Al_COO fr_Al_OH fr_Al_OH_noTert fr_ArN fr_Ar_COO
    fr_Ar_N fr_Ar_NH fr_Ar_OH fr_COO fr_COO2 fr_C_O fr_C_O_noCOO fr_C_S fr_HOCCN fr_Imine fr_NH0 fr_NH1 fr_NH2 fr_N_O
    fr_Ndealkylation1 fr_Ndealkylation2 fr_Nhpyrrole fr_SH fr_aldehyde fr_alkyl_carbamate fr_alkyl_halide
    fr_allylic_oxid fr_amide fr_amidine fr_aniline fr_aryl_methyl fr_azide fr_azo fr_barbitur fr_benzene
    fr_benzodiazepine fr_bicyclic fr_diazo fr_dihydropyridine fr_epoxide fr_ester fr_ether fr_furan fr_guanido
    fr_halogen fr_hdrzine fr_hdrzone fr_imidazole fr_imide fr_isocyan fr_isothiocyan fr_ketone fr_ketone_Topliss
    fr_lactam fr_lactone fr_methoxy fr_morpholine fr_nitrile fr_nitro fr_nitro_arom fr_nitro_arom_nonortho fr_nitroso
    fr_oxazole fr_oxime fr_para_hydroxylation fr_phenol fr_phenol_noOrthoHbond fr_phos_acid fr_phos_ester fr_piperdine
    fr_piperzine fr_priamide fr_prisulfonamd fr_pyridine fr_quatN fr_sulfide fr_sulfonamd fr_sulfone fr_term_acetylene
    fr_tetrazole fr_thiazole fr_thiocyan fr_thiophene fr_unbrch_alkane fr_urea
    """.split()
)

#: Sums over atoms that together cost a fraction of reading the SMILES, for models that see every row of a large library.
DESCRIPTORS_FAST: tuple[str, ...] = tuple(
    "MolWt HeavyAtomCount NumHeteroatoms NOCount NHOHCount FractionCSP3 TPSA LabuteASA MolLogP MolMR Chi0 Chi1".split()
)

# Aromatic, charged and polyvalent atoms, rings of every kind, salts, stereo: enough to notice a changed definition.
_PROBES = (
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1CCC[C@H]1c1cccnc1.OC(=O)/C=C/C(=O)[O-].[Na+]",
    "C[C@@H]1CC[C@]2(CC1)OCCO2.O",
    "NS(=O)(=O)c1cc(C#N)ccc1NCCN1CCOCC1",
    "O=C1NC(=O)C(CC=C)(c2ccccc2)C(=O)N1",
    "CCOP(=O)(OCC)SCCSC(F)(F)Cl",
    "O=[N+]([O-])c1ccc(cc1)C(Br)=NN=[N+]=[N-]",
    "c1ccc2c(c1)c1ccccc1n2CC1CC2CCC1N2C",
    "OB(O)c1sccc1[Si](C)(C)C",
    "CC(C)(C)C(=O)NC(CCSC)C(=O)NCc1nc2ccccc2[nH]1",
)


def compute_descriptors(mols: Sequence[Mol | None], names: Sequence[str] = DESCRIPTORS_2D) -> NDArray[np.float64]:
    """Compute descriptors, with RDKit's values.

    Parameters
    ----------
    mols
        Sanitised molecules.
    names
        Which descriptors, of :data:`DESCRIPTORS_2D`. Only what these need is computed.

    Returns
    -------
    numpy.ndarray
        float64 of shape ``(len(mols), len(names))``, NaN where there is no molecule or RDKit has no value
        (:func:`explain_gaps` tells why).

    Raises
    ------
    ConfigError
        If a name is unknown to molgen or to the installed RDKit.

    Notes
    -----
    Values agree with ``rdkit.Chem.Descriptors.CalcMolDescriptors`` within a relative 1e-9. The exception is Ipc and AvgIpc
    of molecules of more than some 70 atoms, where RDKit's rounding errors grow without bound and molgen's do not.
    """
    names = list(names)
    _check(names)
    values = np.full((len(mols), len(names)), np.nan)
    if len(mols) <= _CHUNK:
        _fill(values, mols, names)
        return values
    for chunk in _chunks(mols):
        _fill(values[chunk], mols[chunk], names)
    return values


def explain_gaps(mol: Mol, names: Sequence[str] = DESCRIPTORS_2D) -> dict[str, str]:
    """Tell why descriptors of a molecule are NaN.

    Returns
    -------
    dict
        Name -> reason, for each name without a value.
    """
    gaps = {}
    values = compute_descriptors([mol], names)[0]
    for name in np.array(names, dtype=object)[np.isnan(values)]:
        try:
            _ask_rdkit(mol, name)
        except Exception as error:  # whatever RDKit raises is the reason
            gaps[name] = f"RDKit: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
        else:
            gaps[name] = "RDKit has no value; most often an element without partial charge parameters"
    return gaps


def _chunks(mols: Sequence[Mol | None]) -> Iterator[slice]:
    start, n_atoms = 0, 0
    for row, mol in enumerate(mols):
        size = mol.GetNumAtoms() if mol is not None else 0
        if row - start >= _CHUNK or (row > start and n_atoms + size > _CHUNK_ATOMS):
            yield slice(start, row)
            start, n_atoms = row, 0
        n_atoms += size
    yield slice(start, len(mols))


def _check(names: list[str]) -> None:
    from rdkit.Chem import Descriptors

    known = set(DESCRIPTORS_2D)
    for name in names:
        if name not in known:
            raise ConfigError(f"unknown descriptor {name!r}", expected="names of molgen.chem.descriptors.DESCRIPTORS_2D")
        if not hasattr(Descriptors, name):
            raise ConfigError(f"RDKit {rdBase.rdkitVersion} has no descriptor {name!r}", remedy="use a newer RDKit")


def _fill(values: NDArray[np.float64], mols: Sequence[Mol | None], names: list[str]) -> None:
    """Compute the descriptors of one chunk of molecules in place."""
    todo = np.zeros(values.shape, dtype=np.bool_)
    todo[[row for row, mol in enumerate(mols) if mol is not None]] = True
    batch, rows = pack_plain(mols)
    columns = {name: column for column, name in enumerate(names)}
    for family in _families() if len(batch) else ():
        if columns.keys() & set(family.names) and _is_trusted(family):
            for name, found in zip(family.names, _compute(family, batch) or (), strict=False):
                if name in columns:
                    values[rows, columns[name]] = found
                    todo[rows, columns[name]] = False
    for row, mol in enumerate(mols):
        if mol is not None and todo[row].any():
            values[row, todo[row]] = _ask_rdkit_all(mol, [names[column] for column in np.flatnonzero(todo[row])])


def _compute(family: Family, batch: MolBatch) -> tuple[NDArray[Any], ...] | None:
    """Compute a family, or warn that it must be computed one molecule at a time."""
    try:
        with np.errstate(all="ignore"):
            return family.compute(batch)
    except Exception as error:  # a molecule that nobody has thought of must not end a run of millions
        _warn(family, f"{type(error).__name__}: {error}")
        return None


@functools.cache
def _is_trusted(family: Family) -> bool:
    """Compare a family with RDKit's own functions, once per process."""
    batch, _ = pack_plain([Chem.MolFromSmiles(smiles) for smiles in _PROBES])
    found = _compute(family, batch)
    if found is None:
        return False
    expected = np.array([_ask_rdkit_all(mol, family.names) for mol in batch.mols]).T
    if np.allclose(np.array(found), expected, rtol=1e-6, atol=1e-9, equal_nan=True):
        return True
    _warn(family, f"RDKit {rdBase.rdkitVersion} defines it otherwise")
    return False


def _warn(family: Family, reason: str) -> None:
    names = family.names[0] + (f" and {len(family.names) - 1} more" if len(family.names) > 1 else "")
    warnings.warn(f"{names}: computed one molecule at a time; {reason}", RuntimeWarning, stacklevel=5)


def _ask_rdkit_all(mol: Mol, names: Sequence[str]) -> list[float]:
    """Compute descriptors of one molecule by RDKit's own functions; NaN where it raises."""
    # RDKit's functions leave notes on the molecule: not on the caller's.
    mol, values = Mol(mol), []
    for name in names:
        try:
            values.append(_ask_rdkit(mol, name))
        except Exception:  # RDKit raises what it likes where it has no value
            values.append(np.nan)
    return values


def _ask_rdkit(mol: Mol, name: str) -> float:
    from rdkit.Chem import Descriptors

    with rdBase.BlockLogs(), np.errstate(all="ignore"):
        return float(getattr(Descriptors, name)(mol))


@functools.cache
def _families() -> tuple[Family, ...]:
    from molgen.chem import descriptor_counts, descriptor_surface, descriptor_topology

    return descriptor_counts.families() + descriptor_surface.FAMILIES + descriptor_topology.FAMILIES
