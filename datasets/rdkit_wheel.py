"""Two data sets that come with RDKit itself, so that there is something real to train on and to screen without a download."""

from __future__ import annotations

import csv
from pathlib import Path

from molgen.datasets.card import DataCard, DataFile
from molgen.errors import InputError

__all__ = ["FREE_WILSON", "NCI", "free_wilson_table", "nci_library"]

_LICENCE = "BSD 3-Clause, as RDKit; the files state no terms of their own"

FREE_WILSON = DataCard(
    name="CHEMBL2321810",
    about=(
        "Sulfonamides of one chemical series and their activity, the example of RDKit's Free-Wilson analysis. The files name "
        "neither the target nor the measure; the values, 4.27 to 9.22, look like the negative logarithm of a molar "
        "concentration (the analysis asks for 'pIC50s as opposed to IC50s'), so high is potent."
    ),
    files=(
        DataFile("CHEMBL2321810.smi", "3feff3aa19f16c7a3aa8695acddd442d1fb3d582485bb7fe8754e7b36dc1894f"),
        DataFile("CHEMBL2321810_act.csv", "e74db717fa4704befa07eb41ad4845fa437bf3c12eb2b6a854576dbd2e8819fa"),
    ),
    source="the rdkit package, Contrib/FreeWilson/data; ChEMBL document CHEMBL2321810",
    licence=_LICENCE,
    columns={"id": "number of the compound", "smiles": "structure", "activity": "potency, presumably -log10(mol/l)"},
    rows=1017,
)
NCI = DataCard(
    name="NCI first 5K",
    about="The first structures of the open database of the National Cancer Institute: real, old and diverse, salts included.",
    files=(DataFile("first_5K.smi", "91e71c015f14939837f2943dcc904f7c87e5a3a0124d82b05c28ad2f23004def"),),
    source="the rdkit package, Data/NCI",
    licence=_LICENCE,
    columns={"smiles": "structure, first on each line", "name": "number of the compound, after a tab"},
    rows=4999,
)


def free_wilson_table(folder: str | Path, *, overwrite: bool = False) -> Path:
    """Join the structures and activities of :data:`FREE_WILSON` into ``measured.csv``.

    Parameters
    ----------
    folder
        Where the table goes.
    overwrite
        Replace a table that is there.

    Returns
    -------
    pathlib.Path
        A CSV of ``id, smiles, activity``, in the order of RDKit's file.

    Raises
    ------
    InputError
        If this RDKit comes without the data, no activity belongs to a structure, or the table is there already.
    """
    structures = _shipped("RDContribDir", "FreeWilson", "data", "CHEMBL2321810.smi")
    activities = _shipped("RDContribDir", "FreeWilson", "data", "CHEMBL2321810_act.csv")
    with activities.open(newline="", encoding="utf-8") as file:
        activity = {row["Name"]: row["Act"] for row in csv.DictReader(file)}
    pairs = [line.split() for line in structures.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [(name, smiles, activity[name]) for smiles, name in pairs if name in activity]
    if not rows:
        raise InputError("no activity belongs to a structure", where=str(activities), expected="names as in the .smi file")
    path = Path(folder) / "measured.csv"
    try:
        with path.open("w" if overwrite else "x", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("id", "smiles", "activity"), *rows])
    except FileExistsError:
        raise InputError("the file exists already", where=str(path)) from None
    return path


def nci_library() -> Path:
    """Return the path of the 4,999 structures of :data:`NCI`, a SMI file inside the rdkit package.

    Raises
    ------
    InputError
        If this RDKit comes without it.
    """
    return _shipped("RDDataDir", "NCI", "first_5K.smi")


def _shipped(root: str, *parts: str) -> Path:
    from rdkit import RDConfig

    path = Path(getattr(RDConfig, root, "")).joinpath(*parts)
    if not path.is_file():
        raise InputError(
            "this RDKit comes without its example data",
            where=str(path),
            remedy="install the wheel from the package index: pip install rdkit",
        )
    return path
