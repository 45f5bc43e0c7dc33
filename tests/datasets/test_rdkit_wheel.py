"""The data sets that come with the rdkit wheel."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig

from molgen.datasets import FREE_WILSON, NCI, free_wilson_table, nci_library
from molgen.errors import InputError


def test_the_table_joins_structures_and_activities(tmp_path: Path) -> None:
    path = free_wilson_table(tmp_path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert path == tmp_path / "measured.csv"
    assert list(rows[0]) == list(FREE_WILSON.columns)
    assert len(rows) == len({row["id"] for row in rows}) == FREE_WILSON.rows
    assert rows[0] == {"id": "1520012", "smiles": "O=S(=O)(Nc1cccs1)c2ccc(Oc3ccccc3c4ccccc4)c(c2)C#N", "activity": "5.48"}
    assert all(4 < float(row["activity"]) < 10 for row in rows)
    assert all(Chem.MolFromSmiles(row["smiles"]) for row in rows)


def test_a_table_is_replaced_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        free_wilson_table(tmp_path)
    assert (tmp_path / "measured.csv").read_text() == "precious"
    assert len(free_wilson_table(tmp_path, overwrite=True).read_text().splitlines()) == FREE_WILSON.rows + 1


def test_the_library_has_the_rows_of_its_card() -> None:
    assert len(nci_library().read_text().splitlines()) == NCI.rows


def test_the_cards_describe_these_files() -> None:
    folders = {FREE_WILSON.name: Path(RDConfig.RDContribDir, "FreeWilson", "data"), NCI.name: Path(RDConfig.RDDataDir, "NCI")}
    for card in (FREE_WILSON, NCI):
        for file in card.files:
            assert hashlib.sha256((folders[card.name] / file.name).read_bytes()).hexdigest() == file.sha256


@pytest.mark.parametrize("root", ["RDContribDir", "RDDataDir"])
def test_an_rdkit_without_its_data_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setattr(RDConfig, root, str(tmp_path / "nowhere"))
    load = nci_library if root == "RDDataDir" else lambda: free_wilson_table(tmp_path)
    with pytest.raises(InputError, match="without its example data"):
        load()


def test_importing_costs_nothing() -> None:
    code = "import sys, molgen.datasets; print([name for name in ('rdkit', 'numpy', 'pandas') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
