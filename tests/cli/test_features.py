"""The user's own numbers beside the structure, from training to screening."""

import json

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.errors import ConfigError

QUICK = ["--split", "random", "--epochs", "8", "--ensemble", "1", "--pretrained", "none", "-q"]


@pytest.fixture
def measured(measured_table, tmp_path):
    """Real compounds whose values depend on a condition as much as on the structure."""
    frame = pd.read_csv(measured_table)
    frame["dose"] = np.random.default_rng(0).normal(0, 2 * frame["activity"].std(), len(frame)).round(4)
    frame["activity"] += frame["dose"]
    path = tmp_path / "measured.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def model(run, measured, tmp_path):
    path = tmp_path / "m.molgen"
    trained = run("train", measured, "--target", "activity", "--feature", "dose", "-o", path, *QUICK)
    assert trained.exit_code == 0, trained.output
    return path


def test_every_expert_reads_the_column_and_so_does_a_screen(run, measured, model, tmp_path):
    bundle = molgen.load(model)
    assert bundle.columns == ["dose"]
    assert all(expert.featurizers[-1].spec() == {"type": "Columns", "columns": ["dose"]} for expert in bundle.experts)
    frame = pd.read_csv(measured)
    about = json.loads(run("inspect", model, "--json").stdout)
    test = about["metrics"]["test"]
    assert test["model"]["activity"]["rmse"] < 0.8 * test["mean"]["activity"]["rmse"]
    # The same structure, other conditions: the value follows the number.
    low, high = (bundle.predict([frame["smiles"][0]], {"dose": [dose]})["activity"][0] for dose in (-3.0, 3.0))
    assert high > low + 1
    scores = tmp_path / "scores.csv"
    screened = run("screen", measured, "-m", model, "-o", scores, "--columns", "smiles,status,activity", "-q")
    assert screened.exit_code == 0, screened.output
    predicted = bundle.predict(frame["smiles"], frame)["activity"]
    np.testing.assert_allclose(pd.read_csv(scores)["activity"], predicted, rtol=1e-5)
    evaluated = run("evaluate", measured, "-m", model, "--json")
    rmse = json.loads(evaluated.stdout)["metrics"]["activity"]["rmse"]
    assert rmse == pytest.approx(np.sqrt(np.mean((frame["activity"] - predicted) ** 2)), rel=1e-6)


def test_a_row_without_its_number_says_so_and_the_others_are_scored(run, model, tmp_path):
    library, scores = tmp_path / "library.csv", tmp_path / "scores.csv"
    library.write_text('smiles,dose\nCCO,1\nCCN,\nCCC,much\nCCCl,"1,5"\nCCBr,"1,500"\nnot one,\nCCF,-1e400\nCCI,>2\n')
    for workers in (1, 2):
        screened = run(
            "screen", library, "-m", model, "-o", scores, "--overwrite", "--workers", str(workers), "--filter", "lipinski", "-q"
        )
        assert screened.exit_code == 0, screened.output
        rows = pd.read_csv(scores, keep_default_na=False)
        assert list(rows["status"]) == ["ok", "invalid", "invalid", "ok", "invalid", "invalid", "invalid", "invalid"]
        assert list(rows["reason"][[1, 2, 4]]) == [
            "no number in column 'dose': empty",
            "no number in column 'dose': 'much' is not a number",
            "no number in column 'dose': '1,500' could mean thousands or a fraction: write it without the comma",
        ]
        assert "is not finite" in rows["reason"][6]
        assert rows["reason"][7].endswith("'>2' is a limit, or about a number")
        assert "column" not in rows["reason"][5]
        assert [bool(value) for value in rows["activity"]] == [True, False, False, True, *[False] * 4]
        assert list(rows["input_dose" if "input_dose" in rows else "dose"].astype(str))[2] == "much"


def test_a_library_without_the_column_is_refused_before_any_row(run, library, model, tmp_path):
    scores = tmp_path / "scores.csv"
    screened = run("screen", library, "-m", model, "-o", scores)
    assert screened.exit_code == 1
    assert "no column 'dose', which the model reads" in screened.stderr
    assert not scores.exists()
    bundle = molgen.load(model)
    with pytest.raises(ConfigError, match="reads the column 'dose'"):
        bundle.predict(["CCO"])
    with pytest.raises(ConfigError, match="another number of rows"):
        bundle.predict(["CCO"], {"dose": [1.0, 2.0]})
    with pytest.raises(ConfigError, match="not numbers"):
        bundle.predict(["CCO"], {"dose": ["much"]})


def test_training_rows_without_a_number_are_left_out_and_named(run, measured, tmp_path):
    frame = pd.read_csv(measured, dtype={"dose": str})
    frame.loc[3, "dose"] = "n/a"
    frame.to_csv(measured, index=False)
    flags = ["--target", "activity", "--experts", "tabular", "-o", tmp_path / "m.molgen", "--json", *QUICK]
    trained = run("train", measured, "--feature", "DOSE", *flags)
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout)["left_out"] == [{"line": 5, "reason": "no number in column 'dose': 'n/a'"}]
    for wrong, words in (
        ("dosis", "did you mean --feature dose"),
        ("activity", "is what is learnt"),
        ("smiles", "or the structure"),
    ):
        refused = run("train", measured, "--feature", wrong, *flags, "--overwrite")
        assert refused.exit_code == 1
        assert words in refused.stderr


def test_rows_that_differ_in_a_feature_are_no_replicates(run, measured, tmp_path):
    frame = pd.read_csv(measured)
    again = frame.head(20).assign(dose=lambda each: each["dose"] + 1)
    pd.concat([frame, again, frame.head(5)]).to_csv(measured, index=False)
    flags = ["--target", "activity", "--experts", "tabular", "-o", tmp_path / "m.molgen", "--json", *QUICK]
    kept = json.loads(run("train", measured, "--feature", "dose", *flags).stdout)
    merged = json.loads(run("train", measured, *flags, "--overwrite").stdout)
    assert kept["compounds"] - merged["compounds"] == 20
