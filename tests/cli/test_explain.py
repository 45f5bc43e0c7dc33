"""``molgen explain``: what is printed and written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_what_is_printed(run: Run, small_bundle: Path) -> None:
    result = run("explain", small_bundle, "CC(=O)Nc1ccc(O)cc1", "nonsense", "--task", "activity")
    assert result.exit_code == 0, result.output
    assert "activity:" in result.stdout
    assert "by masking" in result.stdout
    assert "active:" not in result.stdout
    assert "invalid: not SMILES" in result.stdout
    assert "similarity to the nearest reference compound" in result.stdout


def test_json_and_files(run: Run, small_bundle: Path, tmp_path: Path) -> None:
    table, report = tmp_path / "parts.csv", tmp_path / "why.html"
    result = run("explain", small_bundle, "CCO", "--json", "-o", table, "--report", report)
    assert result.exit_code == 0, result.output
    (compound,) = json.loads(result.stdout)["compounds"]
    assert compound["symbols"] == ["C", "C", "O"]
    assert [len(task["atoms"]) for task in compound["tasks"]] == [3, 3]
    assert table.exists()
    assert report.exists()
    again = run("explain", small_bundle, "CCO", "-o", table)
    assert again.exit_code == 1
    assert "exists" in again.stderr
    assert run("explain", small_bundle, "CCO", "-o", table, "--overwrite").exit_code == 0


def test_wrong_calls(run: Run, small_bundle: Path) -> None:
    assert run("explain", small_bundle).exit_code == 2
    unknown = run("explain", small_bundle, "CCO", "--task", "nothing")
    assert unknown.exit_code in {1, 2}
    assert "no task 'nothing'" in unknown.stderr
    assert "use masking" in run("explain", small_bundle, "CCO", "--method", "gradients").stderr
