"""``molgen export``: what is printed and written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")


def test_it_is_written_and_compared(run: Run, small_bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.onnx"
    result = run("export", small_bundle, "-o", output)
    assert result.exit_code == 0
    assert "expert graph, one of a blend" in result.stdout
    assert "differ by" in result.stdout
    assert output.exists()
    again = run("export", small_bundle, "-o", output)
    assert again.exit_code == 1
    assert "exists" in again.stderr
    found = json.loads(run("export", small_bundle, "-o", output, "--overwrite", "--json").stdout)
    assert set(found) == {"file", "expert", "whole", "tasks", "bytes", "deviation"}


def test_what_is_wrong_is_told(run: Run, small_bundle: Path, tmp_path: Path) -> None:
    unknown = run("export", small_bundle, "-o", tmp_path / "m.onnx", "--expert", "nothing")
    assert unknown.exit_code == 2
    assert "one of graph, graph+descriptors" in unknown.stderr
