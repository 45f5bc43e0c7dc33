"""Benchmarks use molgen as it is; those that run beside a peer in its own environment cannot be imported here."""

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
OF_PEERS = ("skfp", "seqpro", "tangermeme", "admet_ai", "chemprop")


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_can_be_imported(script, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    try:
        importlib.import_module(script)
    except ModuleNotFoundError as error:
        if error.name not in OF_PEERS:
            raise
        pytest.skip(f"needs {error.name}")
