"""``--json``: one document on stdout, with the keys that docs/batch.md lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
PAGE = (Path(__file__).parent.parent.parent / "docs" / "batch.md").read_text()


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture
def calls(library: Path, small_bundle: Path, measured_table: Path, tmp_path: Path) -> dict[str, list[Any]]:
    return {
        "train": [measured_table, "--target", "activity", "--experts", "graph", "--epochs", "1", "-o", tmp_path / "m.molgen"],
        "prepare": [library, "-o", tmp_path / "prepared"],
        "screen": [library, "-m", small_bundle, "-o", tmp_path / "scores.csv"],
        "filter": [library, "--filter", "lipinski", "-o", tmp_path / "kept.csv"],
        "similar": [library, "--query", "CCO", "-o", tmp_path / "neighbours.csv"],
        "match": [library, "-s", "CO", "-o", tmp_path / "matches.csv"],
        "diverse": [library, "-n", "2", "-o", tmp_path / "picks.csv"],
        "featurize": [library, "-f", "MACCS", "-o", tmp_path / "keys.npz"],
        "evaluate": [measured_table, "-m", small_bundle],
        "inspect": [small_bundle],
    }


@pytest.mark.parametrize(
    "command", ["train", "prepare", "screen", "filter", "similar", "match", "diverse", "featurize", "evaluate", "inspect"]
)
def test_keys_are_the_documented_ones(run: Run, calls: dict[str, list[Any]], command: str) -> None:
    result = run(command, *calls[command], "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout, parse_constant=refuse)
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{command}` |"))
    assert list(found) == re.findall(r"`(\w+)`", row)[1:]
    if "statuses" in found:
        assert found["rows"] == 6
        assert found["statuses"] == {"ok": 4, "invalid": 2}
    if command == "train":
        assert found["metrics"]["test"]["model"]["activity"]["rmse"] > 0
        assert sum(found["split"].values()) == found["compounds"] == 240


def test_predict_is_screen(run: Run, library: Path, small_bundle: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    assert run("screen", library, "-m", small_bundle, "-o", one).exit_code == 0
    assert run("predict", library, "-m", small_bundle, "-o", other).exit_code == 0
    assert one.read_bytes() == other.read_bytes()
    assert "predict " not in run("--help").output.split("Commands:")[1].replace("predicts", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_the_program_and_its_variable(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0, result.output
    assert "_MOLGEN_COMPLETE" in result.stdout
    assert f"{shell}_complete" in result.stdout
