"""Where the tests find real data, and what they do where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def find_data() -> Path | None:
    """Return the folder of real data sets: ``MOLGEN_DATA``, else ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("MOLGEN_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def data_dir() -> Path:
    folder = find_data()
    if folder is None:
        reason = "real data sets are absent: set MOLGEN_DATA to their folder"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def nci_smiles() -> list[str]:
    """4,999 real rows that come with the rdkit wheel, salts and metals included."""
    from rdkit import RDConfig

    lines = Path(RDConfig.RDDataDir, "NCI", "first_5K.smi").read_text().splitlines()
    return [line.split()[0] for line in lines if line.strip()]
