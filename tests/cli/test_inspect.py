"""``molgen inspect``: what a bundle says of itself, and that a stranger's card cannot do harm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import molgen
from molgen.bundle import FORMAT

Run = Callable[..., Result]


def test_json_holds_the_record(run: Run, small_bundle: Path, measured_table: Path) -> None:
    result = run("inspect", small_bundle, "--json")
    assert result.exit_code == 0, result.output
    about = json.loads(result.stdout)
    assert about == molgen.inspect(small_bundle)
    assert (about["format"], about["bytes"]) == (FORMAT, small_bundle.stat().st_size)
    assert [(task["name"], task["kind"], task["direction"]) for task in about["tasks"]] == [
        ("activity", "regression", "high"),
        ("active", "binary", "high"),
    ]
    assert about["tasks"][0]["calibration"]["half_width"] > 0
    assert about["tasks"][1]["calibration"].keys() == {"slope", "intercept"}
    for task in ("activity", "active"):
        assert sum(expert["weights"][task] for expert in about["experts"]) == pytest.approx(1)
    assert about["data"] == {
        "file": "measured.csv",
        "sha256": hashlib.sha256(measured_table.read_bytes()).hexdigest(),
        "compounds": 240,
        "left_out": 0,
    }
    assert list(about["split"]["sizes"]) == ["train", "valid", "test"]
    assert sum(about["split"]["sizes"].values()) == 240
    sizes = about["split"]["sizes"]
    assert 0 < about["domain"]["references"] <= sizes["train"] + sizes["valid"]  # a committee is trained on both
    assert {"python", "torch", "rdkit"} <= about["versions"].keys()


def test_metrics_come_in_the_order_of_a_reader(small_bundle: Path) -> None:
    table = molgen.inspect(small_bundle)["metrics"]["test"]
    assert list(table)[:2] == ["mean", "nearest neighbour"]
    assert list(table)[-1] == "model"
    assert list(table["model"]) == ["activity", "active"]
    assert list(table["model"]["activity"])[:2] == ["n", "rmse"]


def test_text_for_people(run: Run, small_bundle: Path) -> None:
    result = run("inspect", small_bundle)
    assert result.exit_code == 0, result.output
    for words in (
        f"bundle of format {FORMAT}",
        "activity: regression, high is good",
        "interval for 90% of new compounds",
        "active: binary, high is good",
        "Experts and their weights",
        "parameters",
        "trees",
        "measured.csv, 240 compounds, 0 rows left out",
        "Split: random: 192 train, 24 valid, 24 test",
        "Test compounds: activity",
        "nearest neighbour",
        "Licence:",
    ):
        assert words in result.output


def test_a_bundle_in_memory_is_described_alike(small_bundle: Path) -> None:
    in_memory, saved = molgen.inspect(molgen.load(small_bundle)), molgen.inspect(small_bundle)
    assert in_memory == {key: value for key, value in saved.items() if key not in ("file", "bytes")}


@pytest.mark.parametrize(
    "card",
    [
        {},
        [],
        "text",
        {"metrics": {"test": {}}},
        {"metrics": {"test": {"model": {"activity": {"n": 1}}}}},
        {"metrics": {"test": {"model": {"activity": {"n": "many"}, "active": {"n": 1}}}}},
        {"metrics": {"test": {"a": {"activity": {"n": 1}, "active": {}}, "b": {"activity": {"m": 1}, "active": {}}}}},
        {"data": ["x"], "split": {"name": 7, "sizes": {"train": "all"}}, "versions": {"torch": 2}, "licence": {}},
    ],
)
def test_any_card_can_be_shown(run: Run, small_bundle: Path, tmp_path: Path, card: Any) -> None:
    bundle = molgen.load(small_bundle)
    bundle.card = card
    bundle.save(tmp_path / "odd.molgen")
    result = run("inspect", tmp_path / "odd.molgen")
    assert result.exit_code == 0, result.output
    assert "Licence: not known" in result.output
    assert "No metrics were written down." in result.output


def test_a_card_cannot_reach_the_terminal(run: Run, small_bundle: Path, tmp_path: Path) -> None:
    bundle = molgen.load(small_bundle)
    bundle.card = {"licence": "free\x1b[2J\nof charge", "versions": {"tor\x1bch": "2"}}
    bundle.save(tmp_path / "odd.molgen")
    output = run("inspect", tmp_path / "odd.molgen").output
    assert "\x1b" not in output
    assert r"free\x1b[2J\nof charge" in output


def test_another_file_is_refused(run: Run, measured_table: Path) -> None:
    result = run("inspect", measured_table)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


VALIDATION = {
    "folds": [{"train": 160, "test": 80}] * 3,
    "metrics": {
        name: {task: {"rmse": {"mean": 0.5, "spread": 0.25}, "n": {"mean": 80, "spread": 0}} for task in ("activity", "active")}
        for name in ("model", "graph", "mean")
    },
    "epochs": {"graph": 7},
}
CURVE = [
    {
        "rows": rows,
        "metrics": {part: {task: {"n": 9, "rmse": 1 / rows} for task in ("active", "activity")} for part in ("valid", "test")},
    }
    for rows in (20, 1600)
]
TRAINING = {"graph": [{"epochs": 30, "best_epoch": 12, "train": [1.0]}, {"epochs": 28, "best_epoch": 28}]}


@pytest.fixture
def with_card(small_bundle: Path, tmp_path: Path) -> Callable[[Any], Path]:
    """Give the small bundle another card."""

    def save(card: Any) -> Path:
        bundle = molgen.load(small_bundle)
        bundle.card = card
        bundle.save(tmp_path / "odd.molgen", overwrite=True)
        return tmp_path / "odd.molgen"

    return save


def test_training_parent_folds_and_curve_are_shown(run: Run, with_card: Callable[[Any], Path]) -> None:
    parent = {"file": "mother.molgen", "sha256": "abc"}
    path = with_card({"training": TRAINING, "parent": parent, "cross_validation": VALIDATION, "learning_curve": CURVE})
    about = json.loads(run("inspect", path, "--json").stdout)
    assert about["training"] == {"graph": [{"epochs": 30, "best_epoch": 12}, {"epochs": 28, "best_epoch": 28}]}
    assert about["parent"] == parent
    assert about["cross_validation"] == VALIDATION
    assert list(about["cross_validation"]["metrics"]) == ["mean", "graph", "model"]
    assert about["learning_curve"] == CURVE
    text = run("inspect", path).output
    for words in (
        "Training: graph: kept epoch 12 of 30, 28 of 28",
        "Started from: mother.molgen, sha256 abc",
        "3 folds, mean and standard deviation: activity",
        "0.500 +- 0.250",
        "Learning curve: active\n  training rows  valid rmse  test rmse",
        "1,600",
    ):
        assert words in text
    assert "No metrics" not in text


@pytest.mark.parametrize(
    "card",
    [
        {"training": {"graph": [{"epochs": 10**400, "best_epoch": 1}]}},
        {"training": {"graph": [{"epochs": 3}], "x": {}, "y": "z"}, "parent": ["file"]},
        {"cross_validation": VALIDATION | {"metrics": {"model": {"active": {}}}}},
        {"cross_validation": VALIDATION | {"folds": []}},
        {"cross_validation": VALIDATION | {"folds": 3}},
        {"learning_curve": CURVE[0]},
        {"learning_curve": [CURVE[0], {"rows": 9, "metrics": {"test": CURVE[0]["metrics"]["test"]}}]},
        {"learning_curve": [CURVE[0], {"rows": 9, "metrics": {}}]},
        {"learning_curve": [CURVE[0], 7]},
        {"metrics": {"test": {"model": {task: {"rmse": 10**400} for task in ("active", "activity")}}}},
    ],
)
def test_what_does_not_hold_together_is_not_shown(run: Run, with_card: Callable[[Any], Path], card: Any) -> None:
    path = with_card(card)
    about = json.loads(run("inspect", path, "--json").stdout)
    assert not any(about[key] for key in ("training", "parent", "cross_validation", "learning_curve", "metrics"))
    assert run("inspect", path).exit_code == 0


def test_a_prepared_library_is_described(run, library, tmp_path):
    folder = tmp_path / "prepared"
    assert run("prepare", library, "-o", folder, "-q").exit_code == 0
    about = json.loads(run("inspect", folder, "--json").stdout)
    assert about["counts"] == {"ok": 4, "invalid": 2}
    assert about["extras"] == ["price"]
    text = run("inspect", folder).stdout
    assert "6 rows in 1 files: 4 ok, 2 invalid" in text
    assert "stored: MolGraph, Descriptors, Morgan" in text
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("inspect", empty).exit_code == 1
