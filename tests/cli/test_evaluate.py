"""``molgen evaluate``: metrics equal to hand-made ones, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

import molgen
from molgen.errors import ConfigError

Run = Callable[..., Result]


@pytest.fixture
def fresh(measured_table: Path, tmp_path: Path) -> Path:
    """30 compounds of the table, with other names, a row without a label and one without a molecule."""
    frame = pd.read_csv(measured_table, dtype=str).head(30).rename(columns={"smiles": "structure", "activity": "potency"})
    odd = pd.DataFrame({"id": ["a", "b"], "structure": ["CCO", "nonsense"], "potency": [None, "5.0"], "active": [None, "1"]})
    path = tmp_path / "fresh.csv"
    pd.concat([frame, odd]).to_csv(path, index=False)
    return path


def test_metrics_are_those_of_the_predictions(run: Run, small_bundle: Path, fresh: Path, tmp_path: Path) -> None:
    output = tmp_path / "predictions.csv"
    arguments = ["evaluate", fresh, "-m", small_bundle, "--target", "activity=potency", "-o", output, "--json"]
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    whole = pd.read_csv(output)
    assert whole["reason"].dropna().str[:8].tolist() == ["line 32:", "line 33:"]
    frame = whole.head(30)
    assert list(frame) == [
        *("id", "smiles", "reason", "activity_measured"),
        *("activity", "activity_lower", "activity_upper", "domain"),
    ]
    error = frame["activity"] - frame["activity_measured"]
    assert told["metrics"]["activity"]["n"] == len(frame) == 30
    assert told["metrics"]["activity"]["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)
    assert told["metrics"]["activity"]["mae"] == pytest.approx(error.abs().mean(), rel=1e-4)
    inside = frame["activity_measured"].between(frame["activity_lower"], frame["activity_upper"])
    assert told["metrics"]["activity"]["coverage"] == pytest.approx(inside.mean())
    assert [each["line"] for each in told["left_out"]] == [32, 33]


def test_predictions_are_those_of_the_bundle(small_bundle: Path, measured_table: Path) -> None:
    found = molgen.evaluate(measured_table, small_bundle).predictions
    expected = molgen.load(small_bundle).predict(found["smiles"])
    for name in ("activity", "activity_lower", "active", "domain"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)


def test_the_printed_table(run: Run, small_bundle: Path, fresh: Path) -> None:
    result = run("evaluate", fresh, "-m", small_bundle, "--target", "activity=potency", "--target", "active=active")
    assert result.exit_code == 0, result.output
    assert "30 compounds\n2 rows left out; the first, line 32: no label" in result.stdout
    assert "predicted: activity" in result.stdout
    assert "predicted: active\n" in result.stdout
    for measure in ("rmse", "spearman", "coverage", "auroc", "auprc", "brier"):
        assert measure in result.stdout


def test_a_task_without_a_column_is_left_out_with_a_note(run: Run, small_bundle: Path, fresh: Path) -> None:
    result = run("evaluate", fresh, "-m", small_bundle)
    assert result.exit_code == 0, result.output
    assert "not evaluated, for want of a column of that name: activity" in result.stderr
    assert "rmse" not in result.stdout


def test_the_training_table_is_recognised(run: Run, small_bundle: Path, measured_table: Path) -> None:
    assert "trained on this very table" in run("evaluate", measured_table, "-m", small_bundle).stderr


def test_blocks_do_not_change_the_numbers(small_bundle: Path, measured_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = molgen.evaluate(measured_table, small_bundle).predictions
    monkeypatch.setattr("molgen.bundle._CHUNK", 64)
    parts = molgen.evaluate(measured_table, small_bundle).predictions
    np.testing.assert_allclose(parts["activity"], whole["activity"], rtol=1e-5)


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--target", "activity"], 2, "'activity' is not TASK=COLUMN"),
        (["--target", "activity=potency", "--target", "activity=id"], 2, "activity is named twice"),
        (["--target", "logS=potency"], 2, "the model has no task 'logS'"),
        (["--target", "activity=potenzy"], 1, "did you mean --target activity=potency?"),
        (["--target", "active=potency"], 1, "potency"),
        (["--smiles", "structur"], 1, "did you mean --smiles structure?"),
    ],
)
def test_wrong_calls_are_told(run: Run, small_bundle: Path, fresh: Path, flags: list[str], code: int, words: str) -> None:
    result = run("evaluate", fresh, "-m", small_bundle, *flags)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.split())


def test_a_table_without_any_task_is_told(run: Run, small_bundle: Path, fresh: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.csv"
    pd.read_csv(fresh)[["id", "structure", "potency"]].to_csv(bare, index=False)
    result = run("evaluate", bare, "-m", small_bundle)
    assert result.exit_code == 1
    assert "no column 'activity'" in result.output
    assert "--target activity=" in result.output


def test_predictions_are_replaced_only_when_asked(run: Run, small_bundle: Path, measured_table: Path, tmp_path: Path) -> None:
    output = tmp_path / "p.csv"
    output.write_text("precious")
    arguments = ["evaluate", measured_table, "-m", small_bundle, "-o", output]
    assert run(*arguments).exit_code == 1
    assert output.read_text() == "precious"
    assert run(*arguments, "--overwrite").exit_code == 0


def test_the_library_refuses_an_unknown_task(small_bundle: Path, measured_table: Path) -> None:
    with pytest.raises(ConfigError, match="one of 'activity', 'active'"):
        molgen.evaluate(measured_table, small_bundle, targets={"logP": "activity"})


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("smiles,activity\nCCO,5.0\n", {"activity": 1}),
        ("smiles,activity\nCCO,5.0\nCCN,5.0\n", {"activity": 2}),
        ("smiles,active\nCCO,1\nCCN,1\n", {"active": 2}),
        ("smiles,activity,active\nCCO,,1\nCCN,,0\n", {"activity": 0, "active": 2}),
        ("smiles,activity,active\nCCO,1,1\nCCN,0,0\n", {"activity": 2, "active": 2}),
    ],
)
def test_labels_need_not_be_fit_to_learn_from(small_bundle: Path, tmp_path: Path, text: str, n: dict[str, int]) -> None:
    """One compound, one class, a column without values, a quantity that happens to be 0 and 1."""
    path = tmp_path / "few.csv"
    path.write_text(text)
    found = molgen.evaluate(path, small_bundle)
    assert {task: values["n"] for task, values in found.metrics.items()} == n


def test_words_for_classes_are_those_of_the_training(measured_table: Path, tmp_path: Path) -> None:
    table, model = tmp_path / "words.csv", tmp_path / "words.molgen"
    frame = pd.read_csv(measured_table)
    frame["tox"] = np.where(frame.pop("active") == 1, "toxic", "non-toxic")
    frame.to_csv(table, index=False)
    quick = {"experts": "tabular", "tabular": {"rounds": 2}, "split": "random"}
    molgen.train(table, model, target="tox", **quick)
    for words, labels in ((["toxic", "toxic"], [1, 1]), (["non-toxic"], [0]), (["1", "0"], [1, 0]), (["T", "F"], [1, 0])):
        path = tmp_path / "few.csv"
        path.write_text("smiles,tox\n" + "".join(f"CCO,{word}\n" for word in words))
        found = molgen.evaluate(path, model)
        assert found.predictions["tox_measured"].tolist() == labels
        assert bool(found.notes) == (words == ["T", "F"])


def test_enrichment_of_a_binary_task(run: Run, small_bundle: Path, measured_table: Path, fresh: Path) -> None:
    result = run("evaluate", measured_table, "-m", small_bundle, "--enrichment")
    assert result.exit_code == 0, result.output
    assert "Enrichment, with 95 % intervals by bootstrap: active" in result.stdout
    found = json.loads(run("evaluate", measured_table, "-m", small_bundle, "--enrichment", "--json").stdout)
    assert list(found["enrichment"]) == ["active"]
    early = found["enrichment"]["active"]
    assert early["auroc"]["value"] == pytest.approx(found["metrics"]["active"]["auroc"])
    assert all(each["lower"] <= each["value"] <= each["upper"] for each in early.values())
    result = run("evaluate", fresh, "-m", small_bundle, "--target", "activity=potency", "--enrichment")
    assert result.exit_code == 2
    assert "activity: regression" in " ".join(result.output.split())


def test_enrichment_of_a_column_of_scores(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "docked.csv"
    path.write_text("name,dock,class\n" + "a,-9,active\nb,-8.5,inactive\nc,-8,active\nd,,inactive\ne,-7,\nf,-3,inactive\n")
    result = run("evaluate", path, "--enrichment", "--score", "dock", "--label", "class", "--lowest-first", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["compounds"], found["actives"]) == (4, 2)
    assert found["enrichment"]["auroc"]["value"] == 0.75
    assert found["left_out"] == {"no number in column 'dock'": 1, "no label": 1}
    result = run("evaluate", path, "--score", "dock", "--label", "class")
    assert "4 compounds, 2 of them active (active)" in result.stdout
    assert ["auroc", "0.250"] in [line.split()[:2] for line in result.stdout.splitlines()]
    for wrong in (["--score", "dock"], [], ["--score", "dock", "--label", "class", "-o", tmp_path / "out.csv"], ["--lowest-first"]):
        assert run("evaluate", path, *wrong).exit_code == 2
    result = run("evaluate", path, "--score", "docks", "--label", "class")
    assert result.exit_code == 1
    assert "did you mean --score dock?" in result.output


def test_figures_for_each_word_of_a_column(run: Run, small_bundle: Path, measured_table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(measured_table).head(60)
    frame["series"] = ["10", "9", ""] * 20
    path, output = tmp_path / "series.csv", tmp_path / "predictions.csv"
    frame.to_csv(path, index=False)
    result = run("evaluate", path, "-m", small_bundle, "--by", "series", "-o", output, "--json")
    assert result.exit_code == 0, result.output
    groups = json.loads(result.stdout)["groups"]
    assert list(groups) == ["series 9", "series 10", "no series"]
    error = pd.read_csv(output).eval("activity - activity_measured")
    for name, start in (("series 10", 0), ("series 9", 1), ("no series", 2)):
        assert groups[name]["activity"]["n"] == 20
        assert groups[name]["activity"]["rmse"] == pytest.approx(np.sqrt((error[start::3] ** 2).mean()), rel=1e-4)
    printed = run("evaluate", path, "-m", small_bundle, "--by", "series").stdout
    assert [line.split("  ")[1] for line in printed.splitlines() if "series" in line] == [
        *("series 9", "series 10", "no series") * 2,
    ]


def test_figures_by_similarity_to_the_training_compounds(small_bundle: Path, measured_table: Path) -> None:
    result = molgen.evaluate(measured_table, small_bundle, by="domain")
    names = pd.cut(result.predictions["domain"], [-1, 0.3, 0.4, 0.5, 0.7, 2], right=False).value_counts()
    assert [each["activity"]["n"] for each in result.groups.values()] == [n for n in names.sort_index() if n]
    assert list(result.groups)[-1] == "domain 0.7 to 1.0"


@pytest.mark.parametrize(("by", "words"), [("nowhere", "no column"), ("smiles", "too many groups")])
def test_groups_that_make_no_sense_are_told(run: Run, small_bundle: Path, measured_table: Path, by: str, words: str) -> None:
    result = run("evaluate", measured_table, "-m", small_bundle, "--by", by)
    assert result.exit_code in {1, 2}
    assert words in result.stderr


def test_words_of_groups_in_order_and_without_blanks(run: Run, small_bundle: Path, measured_table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(measured_table).head(12)
    frame["series"] = ["10", "nan", " 2", "2 ", "inf", "b"] * 2
    frame.to_csv(tmp_path / "s.csv", index=False)
    result = run("evaluate", tmp_path / "s.csv", "-m", small_bundle, "--by", "series", "--json")
    assert list(json.loads(result.stdout)["groups"]) == ["series 2", "series 10", "series b", "series inf", "series nan"]


def test_a_model_without_intervals_has_no_width(measured_table: Path) -> None:
    few = {"split": "random", "fractions": [0.95, 0.05, 0.0], "experts": "tabular", "tabular": {"rounds": 3}}
    bundle = molgen.train(measured_table, target="activity", **few).bundle
    found = molgen.evaluate(measured_table, bundle).metrics["activity"]
    assert np.isnan(found["width"])
    assert np.isnan(found["coverage"])
