"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from molgen.cli.main import main

LIBRARY = """smiles,name,price
CCO,ethanol,1
c1ccccc1C(=O)N,benzamide,2
not a molecule,nonsense,3
CC(=O)Oc1ccccc1C(=O)O,aspirin,4
,nothing,5
C[N+](C)(C)CC(=O)[O-],betaine,6
"""


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command line in this process."""

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments])

    return invoke


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Six rows, of which four are molecules."""
    path = tmp_path / "library.csv"
    path.write_text(LIBRARY)
    return path
