"""The command line's fixtures, for filters that are used from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from molgen.cli.main import main


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command line in this process."""

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments])

    return invoke


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.csv"
    path.write_text("smiles,name\nCCO,ethanol\nCC(=O)Oc1ccccc1C(=O)O,aspirin\nnot a molecule,nonsense\n")
    return path
