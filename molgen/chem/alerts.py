"""Published catalogues of structural alerts, as RDKit ships them, matched a batch at a time with RDKit's hits.

The patterns are read from RDKit's own ``FilterCatalog``, so that both look for the same; what cannot be read there is asked of it,
molecule by molecule.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import rdfiltercatalog

from molgen.chem.mol_batch import pack_plain
from molgen.chem.parse import Mol
from molgen.chem.smarts_set import CountedPattern, PatternSet
from molgen.errors import ConfigError

__all__ = ["CATALOGUES", "Catalogue", "find_alerts", "load_alerts"]

_NO_LIMIT = 2**32 - 1
# An entry's text: the pattern's name, length and pickle, then its lowest and highest number of matches.
_HEAD = re.compile(rb"^22 serialization::archive [^\xef]*? (\d+) \xef\xbe\xad\xde", re.DOTALL).match
_TAIL = re.compile(rb" (\d+) (\d+) ").match

# Between them an alert of every catalogue, and some of what is drawn in two ways.
_PROBES = (
    "O=C1CSC(=S)N1c1ccccc1",
    "O=C(C=Cc1ccc(O)c(O)c1)c1ccccc1",
    "O=[N+]([O-])c1ccc(cc1)N=Nc1ccc(N(C)C)cc1",
    "CCOC(=O)CC(C(=O)OCC)C(=O)OCC",
    "ClCCN(CCCl)c1ccccc1",
    "C1OC1CSC#N",
    "O=C(Cl)c1ccccc1C(=O)OOC",
    "CC(=O)C=CC(=O)C",
    "c1ccc2c(c1)ccc1c2ccc2ccccc21",
    "OCC1OC(O)C(O)C(O)C1O",
    "CCCCCCCCCCCC[N+](C)(C)C",
    "N#CC(C#N)=Cc1ccc(O)cc1",
    "CN=[N+]=[N-]",
    "C1COCCOCCOCCOCCOCCO1",
    "Nc1ccc(N)cc1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "O=S(=O)(Cl)c1ccc(I)cc1",
    "C[Si](C)(C)C#CC=O",
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue of alerts.

    Attributes
    ----------
    rdkit
        RDKit's name of it.
    source
        Who published it.
    """

    rdkit: str
    source: str


_CHEMBL = "as collected in ChEMBL 23"
#: The catalogues by molgen's names.
CATALOGUES: dict[str, Catalogue] = {
    "pains": Catalogue("PAINS", "Baell & Holloway, J. Med. Chem. 53 (2010) 2719: families A, B and C"),
    "brenk": Catalogue("BRENK", "Brenk et al., ChemMedChem 3 (2008) 435"),
    "nih": Catalogue("NIH", "Jadhav et al., J. Med. Chem. 53 (2010) 37; Doveston et al., Org. Biomol. Chem. 13 (2015) 859"),
    "zinc": Catalogue("ZINC", "functional groups that ZINC leaves out, http://blaster.docking.org/filtering"),
    "chembl-bms": Catalogue("CHEMBL_BMS", f"Pearce et al., J. Chem. Inf. Model. 46 (2006) 1060; {_CHEMBL}"),
    "chembl-dundee": Catalogue("CHEMBL_Dundee", f"University of Dundee, Brenk et al. 2008; {_CHEMBL}"),
    "chembl-glaxo": Catalogue("CHEMBL_Glaxo", f"Hann et al., J. Chem. Inf. Comput. Sci. 39 (1999) 897; {_CHEMBL}"),
    "chembl-inpharmatica": Catalogue("CHEMBL_Inpharmatica", f"Inpharmatica Ltd.; {_CHEMBL}"),
    "chembl-lint": Catalogue("CHEMBL_LINT", f"Pfizer LINT, Blake, Med. Chem. 1 (2005) 649; {_CHEMBL}"),
    "chembl-mlsmr": Catalogue("CHEMBL_MLSMR", f"NIH Molecular Libraries Small Molecule Repository; {_CHEMBL}"),
    "chembl-surechembl": Catalogue("CHEMBL_SureChEMBL", f"SureChEMBL, non-medchem-friendly; {_CHEMBL}"),
}


class Alerts:
    """A catalogue that is ready to be matched.

    Attributes
    ----------
    names
        The alerts' names in RDKit's order; a few catalogues name two patterns alike.
    """

    def __init__(self, catalogue: Any) -> None:
        self._catalogue = catalogue
        entries = [catalogue.GetEntryWithIdx(at) for at in range(catalogue.GetNumEntries())]
        self.names = [str(entry.GetDescription()) for entry in entries]
        patterns = [_read_entry(entry) for entry in entries]
        self._read = [at for at, pattern in enumerate(patterns) if pattern is not None]
        self._unread = {at: entries[at] for at, pattern in enumerate(patterns) if pattern is None}
        self._patterns = PatternSet([pattern for pattern in patterns if pattern is not None])

    def find(self, mols: Sequence[Mol | None]) -> list[list[str]]:
        """Name the alerts of each molecule, in the order of the catalogue; none for ``None``."""
        batch, rows = pack_plain(mols)
        found: list[list[int]] = [[] for _ in mols]
        hit_rows, hit_patterns = self._patterns.matches(batch).nonzero()
        for row, pattern in zip(rows[hit_rows].tolist(), hit_patterns.tolist(), strict=True):
            found[row].append(self._read[pattern])
        for at, entry in self._unread.items():
            for row in rows.tolist():
                if entry.HasFilterMatch(mols[row]):
                    found[row].append(at)
        named = [[self.names[at] for at in sorted(each)] for each in found]
        for row in set(range(len(mols))).difference(rows.tolist()):
            named[row] = self.ask_rdkit(mols[row])
        return named

    def ask_rdkit(self, mol: Mol | None) -> list[str]:
        """Name the alerts of one molecule by RDKit's own search."""
        return [] if mol is None else [str(entry.GetDescription()) for entry in self._catalogue.GetMatches(mol)]


class _Unbatched(Alerts):
    """A catalogue whose patterns molgen reads otherwise than RDKit: every molecule is left to it."""

    def find(self, mols: Sequence[Mol | None]) -> list[list[str]]:
        return [self.ask_rdkit(mol) for mol in mols]


@functools.cache
def load_alerts(name: str) -> Alerts:
    """Read a catalogue of :data:`CATALOGUES`; its hits are compared with RDKit's on a few molecules before the first use.

    Raises
    ------
    ConfigError
        If there is no such catalogue.
    """
    if name not in CATALOGUES:
        raise ConfigError(f"no catalogue of alerts {name!r}", expected=f"one of {', '.join(CATALOGUES)}")
    params = rdfiltercatalog.FilterCatalogParams()
    params.AddCatalog(rdfiltercatalog.FilterCatalogParams.FilterCatalogs.names[CATALOGUES[name].rdkit])
    catalogue = rdfiltercatalog.FilterCatalog(params)
    alerts = Alerts(catalogue)
    probes = [Chem.MolFromSmiles(smiles) for smiles in _PROBES]
    if alerts.find(probes) == [alerts.ask_rdkit(mol) for mol in probes]:
        return alerts
    reason = f"RDKit {rdBase.rdkitVersion} means it otherwise"
    warnings.warn(f"{name}: matched one molecule at a time; {reason}", RuntimeWarning, stacklevel=2)
    return _Unbatched(catalogue)


def find_alerts(mols: Sequence[Mol | None], catalogue: str) -> list[list[str]]:
    """Name the structural alerts of molecules.

    Parameters
    ----------
    mols
        Sanitised molecules.
    catalogue
        One of :data:`CATALOGUES`.

    Returns
    -------
    list of list of str
        For each molecule the names of RDKit's ``FilterCatalog.GetMatches``, in its order; empty for ``None``.
    """
    return load_alerts(catalogue).find(mols)


def _read_entry(entry: Any) -> CountedPattern | None:
    """Read the pattern of an entry out of its serialised form; ``None`` if that is not as it was known to be."""
    text = entry.Serialize()
    head = _HEAD(text)
    if not head:
        return None
    start = head.end() - 4
    end = start + int(head[1])
    tail = _TAIL(text[end:])
    if not tail:
        return None
    query = Chem.Mol(text[start:end])
    smarts = Chem.MolToSmarts(query)
    if Chem.MolFromSmarts(smarts) is None:
        return None
    most = int(tail[2])
    return CountedPattern(smarts, int(tail[1]), None if most == _NO_LIMIT else most)
