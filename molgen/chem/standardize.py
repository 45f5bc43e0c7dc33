"""From a parsed molecule to the parent that is scored: counter-ions stripped, charges neutralised, oddities noted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from molgen.chem.parse import Mol, parse_batch
from molgen.rows import ReadRows

__all__ = ["MAX_ATOMS", "NEUTRALIZED", "canonical_smiles", "read_compounds", "too_large"]

#: The note on a molecule whose charge was settled.
NEUTRALIZED = "charge neutralised"
#: Heavy atoms above which a molecule is ``too_large``: drug-like models say nothing about it, and it costs as hundreds do.
MAX_ATOMS = 300

# What drug-like training sets are made of; anything else is scored with a note.
_USUAL = frozenset("H B C N O F Si P S Cl Br I Se b c n o p s se".split())
_METALS = frozenset(
    "Li Be Na Mg Al K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Cs Ba La Ce Pr Nd Pm Sm Eu "
    "Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po Fr Ra Ac Th Pa U Np Pu Am Cm".split()
)
_BRACKET_SYMBOL = re.compile(r"\[\d*([A-Z][a-z]?|[a-z][a-z]?|\*)").findall
# RDKit takes atoms of SMARTS in a SMILES and gives them no hydrogens. A name may follow the SMILES.
_ATOM_BY_NUMBER = re.compile(r"\s*\S*\[\d*#\d").match
_CHARGE = re.compile(r"[+-]\d*(?::\d+)?\]").search
# Formally charged, yet neutral and as they should be: nitro groups, N-oxides of the same spelling, isocyanides.
_NITRO = re.compile(r"\[N\+\]\(=O\)\[O-\]|\[N\+\]\(\[O-\]\)=O|O=\[N\+\]\(\[O-\]\)|\[O-\]\[N\+\]\(=O\)")

# Counter-ions and solvents by their neutral parent; anything without carbon counts as one too.
_COUNTER_IONS = (
    "CC(=O)O OC=O OC(=O)C(F)(F)F OC(=O)/C=C/C(=O)O OC(=O)/C=C\\C(=O)O OC(=O)CCC(=O)O OC(=O)C(=O)O OC(=O)CC(=O)O "
    "OC(=O)C(O)C(O)C(=O)O OC(=O)CC(O)C(=O)O OC(=O)CC(O)(CC(=O)O)C(=O)O CC(O)C(=O)O OCC(O)C(O)C(O)C(O)C(=O)O OC(=O)c1ccccc1 "
    "OC(=O)c1ccccc1O OC(=O)CCCCC(=O)O CCC(=O)O CS(=O)(=O)O CCS(=O)(=O)O OS(=O)(=O)CCO OS(=O)(=O)c1ccccc1 "
    "Cc1ccc(cc1)S(=O)(=O)O OS(=O)(=O)c1cccc2c1cccc2S(=O)(=O)O OS(=O)(=O)C(F)(F)F COS(=O)(=O)O OC(=O)O "
    "OC(=O)c1cc2ccccc2c(c1O)Cc1c(O)c(cc2ccccc12)C(=O)O CO CCO CC(C)O CC(C)=O CS(C)=O CN(C)C=O CC#N ClCCl ClC(Cl)Cl "
    "C1CCOC1 C1COCCO1 CCOC(C)=O CCOCC c1ccccc1 Cc1ccccc1 c1ccncc1 CN CNC CN(C)C CCN CCNCC CCN(CC)CC NCCN C1CCNCC1 C1CNCCN1 "
    "C1COCCN1 NCCO OCCNCCO OCCN(CCO)CCO NC(CO)(CO)CO CNCC(O)C(O)C(O)C(O)CO NCCCCC(N)C(=O)O NC(=N)NCCCC(N)C(=O)O C[N+](C)(C)CCO "
    "C1CCC(CC1)NC1CCCCC1 c1ccc(cc1)CNCCNCc1ccccc1 CC(C)(C)N SC#N N#CS".split()
)


def read_compounds(
    rows: Sequence[Any], *, max_atoms: int = MAX_ATOMS, neutralize: bool = True, tautomers: bool = False
) -> ReadRows:
    """Parse rows and reduce each to the one molecule that is scored.

    Salts lose their counter-ions, mixtures all but their largest organic fragment, and charges that a proton can settle are
    settled, unless told otherwise; each is noted. Metals and elements that models rarely saw are scored, and noted.

    Parameters
    ----------
    rows
        SMILES or parsed molecules.
    max_atoms
        Parents with more heavy atoms are ``too_large``.
    neutralize
        Whether charges that a proton can settle are settled. A model whose training compounds are drawn in their charged forms
        needs them as they are drawn.
    tautomers
        Whether each parent is put into RDKit's canonical tautomer, so that two drawings of a compound are one; it costs some
        hundred times what reading does.

    Returns
    -------
    Compounds
        One entry a row, in order. No row raises.
    """
    # A character or so an atom, brackets and rings included: far longer text cannot be within the limit.
    parsed = parse_batch(rows, max_length=max(20 * max_atoms, 2000))
    compounds = ReadRows(parsed.mols, ["ok"] * len(parsed.mols), notes=parsed.notes)
    for row, reason in parsed.errors.items():
        compounds.statuses[row] = "too_large" if reason.startswith("too long") else "invalid"
        compounds.reasons[row] = reason
    with rdBase.BlockLogs():
        for row, mol in enumerate(parsed.mols):
            if mol is None:
                continue
            text = rows[row] if isinstance(rows[row], str) else Chem.MolToSmiles(mol)
            if "." in text or "[" in text or "*" in text or "~" in text:
                _standardize(compounds, row, mol, text, neutralize)
            parent = compounds.items[row]
            if parent is not None and parent.GetNumHeavyAtoms() > max_atoms:
                too_large(compounds, row, parent.GetNumHeavyAtoms(), max_atoms)
            elif parent is not None and tautomers:
                _settle_tautomer(compounds, row, parent)
    return compounds


def too_large(compounds: ReadRows, row: int, atoms: int, max_atoms: int) -> None:
    """Refuse a row for the number of its heavy atoms."""
    _refuse(compounds, row, "too_large", f"too large: {atoms} heavy atoms, the limit is {max_atoms}")


def canonical_smiles(mols: Sequence[Mol | None]) -> list[str | None]:
    """Return RDKit's canonical isomeric SMILES of each molecule, ``None`` for ``None``."""
    to_smiles = Chem.MolToSmiles
    return [None if mol is None else to_smiles(mol) for mol in mols]


def _refuse(compounds: ReadRows, row: int, status: str, reason: str) -> None:
    compounds.items[row] = None
    compounds.statuses[row] = status
    compounds.reasons[row] = reason
    compounds.notes.pop(row, None)


def _standardize(compounds: ReadRows, row: int, mol: Mol, text: str, neutralize: bool) -> None:
    found = _find_query(mol, text)
    if found:
        kind, what = found
        _refuse(compounds, row, "invalid", f"{kind}: a complete molecule was expected, this one has {what}")
        return
    notes = []
    if "." in text:
        mol, note = _parent(mol)
        notes += [note] if note else []
    if neutralize and _CHARGE(_NITRO.sub("", text)):
        mol, note = _neutralized(mol)
        notes += [note] if note else []
    if not _USUAL.issuperset(_BRACKET_SYMBOL(text)):
        notes += _oddities(mol)
    compounds.items[row] = mol
    if notes:
        compounds.notes[row] = compounds.notes.get(row, []) + notes


def _find_query(mol: Mol, text: str) -> tuple[str, str] | None:
    """Find what makes a structure a pattern and no molecule: its kind, and what is there."""
    if "*" in text and any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        return "attachment point", "'*'"
    if "~" in text and any(bond.HasQuery() for bond in mol.GetBonds()):
        return "query", "a bond '~'"
    return ("query", "an atom such as '[#6]'") if _ATOM_BY_NUMBER(text) else None


def _parent(mol: Mol) -> tuple[Mol, str | None]:
    """Choose the fragment to score, and say what the others were."""
    fragments = Chem.GetMolFrags(mol, asMols=True)
    if len(fragments) == 1:  # a dot that a ring closure bridges, as in C1.C1
        return mol, None
    keyed = sorted(((_rank(fragment), fragment) for fragment in fragments), key=lambda pair: pair[0], reverse=True)
    parent = keyed[0][1]
    others = [fragment for _, fragment in keyed[1:]]
    names = [Chem.MolToSmiles(other) for other in others]
    if all(name == Chem.MolToSmiles(parent) for name in names):
        return parent, f"{len(fragments)} copies of the molecule: one scored"
    if all(_is_counter_ion(other) for other in others):
        return parent, f"salt stripped: {'.'.join(sorted(names))}"
    return parent, f"mixture: largest fragment scored, without {'.'.join(sorted(names))}"


def _rank(fragment: Mol) -> tuple[bool, int, float, str]:
    organic = any(atom.GetAtomicNum() == 6 for atom in fragment.GetAtoms())
    mass = sum(atom.GetMass() for atom in fragment.GetAtoms())
    return organic, fragment.GetNumHeavyAtoms(), round(mass, 3), Chem.MolToSmiles(fragment)


def _is_counter_ion(fragment: Mol) -> bool:
    if all(atom.GetAtomicNum() != 6 for atom in fragment.GetAtoms()):
        return True
    return _flat_smiles(_neutralized(fragment)[0]) in _counter_ions()


@lru_cache(maxsize=1)
def _counter_ions() -> frozenset[str]:
    return frozenset(_flat_smiles(Chem.MolFromSmiles(smiles)) for smiles in _COUNTER_IONS)


def _flat_smiles(mol: Mol) -> str:
    return str(Chem.MolToSmiles(mol, isomericSmiles=False))


def _neutralized(mol: Mol) -> tuple[Mol, str | None]:
    before = [atom.GetFormalCharge() for atom in mol.GetAtoms()]
    neutral = rdMolStandardize.Uncharger().uncharge(mol)
    if [atom.GetFormalCharge() for atom in neutral.GetAtoms()] == before:
        return mol, None
    # Hydrogens moved, so what perception derived from them (aromaticity, stereo, hybridisation) is derived anew.
    try:
        Chem.SanitizeMol(neutral)
    except Chem.MolSanitizeException:  # a metal was given hydrogens for its charge: it stays as it is drawn
        return mol, None
    Chem.AssignStereochemistry(neutral, cleanIt=True, force=True)
    return neutral, NEUTRALIZED


def _settle_tautomer(compounds: ReadRows, row: int, mol: Mol) -> None:
    try:
        settled = rdMolStandardize.TautomerEnumerator().Canonicalize(mol)
    except RuntimeError as error:  # stays as it is drawn, and says so
        note = f"tautomer not settled: {' '.join(str(error).split())[:80]}"
    else:
        if Chem.MolToSmiles(settled) == Chem.MolToSmiles(mol):
            return
        compounds.items[row], note = settled, "tautomer settled"
    compounds.notes[row] = [*compounds.notes.get(row, []), note]


def _oddities(mol: Mol) -> list[str]:
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()}
    metals = sorted(symbols & _METALS)
    unusual = sorted(symbols - _METALS - _USUAL)
    notes = [f"metal: {', '.join(metals)}"] if metals else []
    return notes + ([f"unusual element: {', '.join(unusual)}"] if unusual else [])
