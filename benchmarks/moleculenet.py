"""MoleculeNet tables under protocol P1: the scaffold split that most published figures use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from rdkit import Chem, rdBase

from molgen.data.splits import make_split

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("MOLGEN_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class MoleculeNetSet:
    """One table: its file, columns (no targets: all but the structures), and the metric it is judged by."""

    file: str
    smiles: str
    chosen: tuple[str, ...]
    kind: str
    metric: str

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The columns of labels."""
        columns = pd.read_csv(DATA / "molecules" / "moleculenet" / self.file, nrows=0).columns
        return self.chosen or tuple(name for name in columns if name not in (self.smiles, "mol_id"))


SETS = {
    "esol": MoleculeNetSet(
        "delaney-processed.csv.gz", "smiles", ("measured log solubility in mols per litre",), "regression", "rmse"
    ),
    "freesolv": MoleculeNetSet("SAMPL.csv.gz", "smiles", ("expt",), "regression", "rmse"),
    "lipo": MoleculeNetSet("Lipophilicity.csv.gz", "smiles", ("exp",), "regression", "rmse"),
    "bbbp": MoleculeNetSet("BBBP.csv.gz", "smiles", ("p_np",), "binary", "auroc"),
    "bace": MoleculeNetSet("bace.csv.gz", "mol", ("Class",), "binary", "auroc"),
    "tox21": MoleculeNetSet("tox21.csv.gz", "smiles", (), "binary", "auroc"),
    "sider": MoleculeNetSet("sider.csv.gz", "smiles", (), "binary", "auroc"),
    "clintox": MoleculeNetSet("clintox.csv.gz", "smiles", ("FDA_APPROVED", "CT_TOX"), "binary", "auroc"),
}


def write_p1_table(name: str, folder: Path) -> Path:
    """Write ``smiles``, the targets and a ``split`` column of one set; rows that RDKit cannot read are left out, as P1 does."""
    chosen = SETS[name]
    frame = pd.read_csv(DATA / "molecules" / "moleculenet" / chosen.file)
    with rdBase.BlockLogs():
        mols = [Chem.MolFromSmiles(smiles) for smiles in frame[chosen.smiles]]
    readable = [row for row, mol in enumerate(mols) if mol is not None]
    split = make_split([mols[row] for row in readable], "scaffold")
    part = np.empty(len(readable), dtype=object)
    for label, rows in (("train", split.train), ("val", split.valid), ("test", split.test)):
        part[rows] = label
    table = frame.iloc[readable][[chosen.smiles, *chosen.targets]].rename(columns={chosen.smiles: "smiles"})
    table["smiles"] = table["smiles"].str.strip()
    path = folder / f"{name}.csv"
    table.assign(split=part).to_csv(path, index=False)
    return path
