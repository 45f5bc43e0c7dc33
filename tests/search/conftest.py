"""Libraries to ask."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def nci_library(tmp_path_factory: pytest.TempPathFactory, nci_smiles: list[str]) -> Path:
    """1,500 real rows, salts included, three more that cannot be read, and two columns of their own."""
    path = tmp_path_factory.mktemp("search") / "library.csv"
    rows = [[smiles, f"n{at}", at / 10, "x"] for at, smiles in enumerate(nci_smiles[:1500])]
    rows[700:700] = [["C(", "bad", 0, ""], ["", "empty", 0, ""], ["c1cccc1", "no ring", 0, ""]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["smiles", "name", "score", "rank"], *rows])
    return path
