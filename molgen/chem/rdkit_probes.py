"""Molecules that between them use every part of RDKit's binary form: what its decoder must pass to be trusted."""

from __future__ import annotations

from rdkit import Chem, rdBase

__all__ = ["odd_probes", "plain_probes"]

_PLAIN = (
    "C",
    "CCO",
    "[H][H]",
    "[HH]",
    "[H+]",
    "[He]",
    # Rings: fused, bridged, spiro, a cage, a macrocycle, several, in a salt.
    "C1CC1",
    "C1CC2CCC1C2",
    "C1CCC2(CC1)CCCC2",
    "C12C3C4C1C5C2C3C45",
    "O=C1CCCCCCCCCCCCCCO1",
    "c1ccc2c(c1)[nH]c1ccccc12",
    "c1ccc(-c2ccccn2)cc1.Cl",
    # Aromatic hetero atoms, with and without hydrogens and charges.
    "c1cc[se]c1",
    "c1cc[te]c1",
    "c1ccoc1",
    "C[n+]1ccccc1",
    "[O-][n+]1ccccc1",
    "c1cc[s+](C)c1",
    "B1C=CN=C1",
    "c1cnn[n-]1",
    # Charges, radicals, isotopes, explicit hydrogens.
    "[O-]C(=O)CC[NH3+]",
    "[Na+].[Cl-]",
    "[Fe+6]",
    "[C-4]",
    "[CH3]",
    "[CH2]",
    "[N]=O",
    "[O][O]",
    "C[N+](C)(C)[O]",
    "[2H]C([2H])([2H])O",
    "[13CH3][15NH2]",
    "[3H]O[H]",
    "[99Tc]",
    "[OH3+]",
    "[NH4+].[BH4-]",
    # Every hybridization and unusual valences.
    "C#CC=C=C",
    "FP(F)(F)(F)F",
    "FS(F)(F)(F)(F)F",
    "OS(=O)(=O)O",
    "OCl(=O)(=O)=O",
    "FI(F)(F)(F)F",
    "F[Xe](F)(F)F",
    "C[Si](C)(C)C",
    # Metals, dative bonds, high degrees.
    "N->[Pt](<-N)(Cl)Cl",
    "[Cu+2]",
    "C[Hg]C",
    "[Pb](C)(C)(C)C",
    "O=[Os](=O)(=O)=O",
    "F[U](F)(F)(F)(F)F",
    "C$[Re]",
    # Stereo: tetrahedral, double bonds, both at once, allenes and metals with their own chiral classes.
    "C[C@H](N)C(=O)O",
    "C[C@@H](N)C(=O)O",
    "C[S@](=O)CC",
    "F/C=C/Cl",
    r"F/C=C\Cl",
    r"C/C=C/[C@@H](O)/C=C\[C@H](N)C/C=C/C",
    "C/C=N/O",
    "NC(Br)=[C@AL1]=C(O)C",
    "S[As@TB1](F)(Cl)(Br)N",
    "O=C[Co@OH1](F)(Cl)(Br)(I)S",
    "CC(C)C[C@H](NC(=O)[C@@H]1CCCN1)C(=O)N[C@@H](Cc1ccc(O)cc1)C(=O)O",
)

_ODD = (
    "*CC*",
    "[1*]c1ccccc1",
    "[CH3:1][OH:2]",
    "[CH3:300]O",
    "C[Pt@SP1](F)(Cl)N",
    "C" * 256,
    "C1CCCCC1" + "OCC" * 100,
)
_ODD_SMARTS = ("[C,N]-[#6]", "[!#1]~C", "c1ccccc1-[$(CO)]")


def plain_probes() -> list[Chem.Mol]:
    """Return molecules that a decoder of the binary form must be able to read."""
    # Some of these make RDKit log a warning, which is about the probe and so is none of the user's.
    with rdBase.BlockLogs():
        mols = [Chem.MolFromSmiles(smiles) for smiles in _PLAIN]
        return [*mols, *_stereo_probes(), *_ring_probes(), Chem.AddHs(mols[1]), _with_properties()]


def odd_probes() -> list[Chem.Mol]:
    """Return molecules that a decoder may refuse, but must not get wrong."""
    with rdBase.BlockLogs():
        mols = [Chem.MolFromSmiles(smiles) for smiles in _ODD]
        queries = [Chem.MolFromSmarts(smarts) for smarts in _ODD_SMARTS]
        for query in queries:
            query.UpdatePropertyCache(False)
            Chem.FastFindRings(query)
        enhanced = Chem.MolFromSmiles("C[C@H](O)[C@@H](F)Cl |o1:1,3|")
        peptide = Chem.MolFromSequence("GAV")
        return [*mols, *queries, enhanced, peptide]


def _stereo_probes() -> list[Chem.Mol]:
    """Double bonds labelled in the ways that SMILES cannot."""
    mols = []
    for label in ("STEREOANY", "STEREOCIS", "STEREOTRANS", "STEREOZ", "STEREOE"):
        mol = Chem.MolFromSmiles("FC(C)=CCl")
        bond = mol.GetBondBetweenAtoms(1, 3)
        bond.SetStereoAtoms(0, 4)
        bond.SetStereo(getattr(Chem.BondStereo, label))
        mols.append(mol)
    for direction in ("BEGINWEDGE", "EITHERDOUBLE", "UNKNOWN"):
        mol = Chem.MolFromSmiles("FC(C)=CCl")
        mol.GetBondWithIdx(2).SetBondDir(getattr(Chem.BondDir, direction))
        mols.append(mol)
    return mols


def _ring_probes() -> list[Chem.Mol]:
    """Ring lists of every make: symmetrised (the default), plain SSSR, and found fast."""
    mols = []
    for find in (Chem.GetSSSR, Chem.FastFindRings):
        mol = Chem.MolFromSmiles("C12C3C4C1C5C2C3C45", sanitize=False)
        mol.UpdatePropertyCache()
        find(mol)
        Chem.SetHybridization(mol)
        mols.append(mol)
    return mols


def _with_properties() -> Chem.Mol:
    mol = Chem.MolFromSmiles("C[C@H](O)c1ccccc1")
    mol.SetProp("_Name", "probe")
    mol.GetAtomWithIdx(0).SetProp("note", "an atom's property")
    mol.GetBondWithIdx(0).SetIntProp("note", 1)
    conformer = Chem.Conformer(mol.GetNumAtoms())
    mol.AddConformer(conformer)
    return mol
