"""Labels as they come in real files, through the command line."""

import json

import numpy as np
import pandas as pd
import pytest

import molgen

QUICK = ["--split", "random", "--experts", "tabular", "--epochs", "1", "-q"]


@pytest.fixture
def frame(measured_table):
    return pd.read_csv(measured_table)


@pytest.fixture
def save(tmp_path):
    def write(frame, name="data.csv"):
        path = tmp_path / name
        frame.to_csv(path, index=False)
        return path

    return write


def test_limits_are_counted_used_and_measured(run, frame, save, tmp_path):
    median = frame["activity"].median()
    frame["sign"] = np.where(frame["activity"] > median, ">", "")
    frame["activity"] = frame["activity"].clip(upper=median)
    data, model, output = save(frame), tmp_path / "m.molgen", tmp_path / "out.csv"
    trained = run("train", data, "--target", "activity", "--relation", "sign", "-o", model, *QUICK)
    assert trained.exit_code == 0, trained.output
    limits = int((frame["sign"] == ">").sum())
    assert f"activity: regression, high is good, {limits} labels are limits" in trained.stdout
    assert "limits_kept" in trained.stdout
    assert "limits_kept" in run("inspect", model).stdout
    evaluated = run("evaluate", data, "-m", model, "--relation", "sign", "-o", output, "--json")
    assert evaluated.exit_code == 0, evaluated.output
    told = json.loads(evaluated.stdout)["metrics"]["activity"]
    table = pd.read_csv(output, keep_default_na=False)
    above = table[table["activity_relation"] == ">"]
    assert (told["n"], told["n_limits"]) == (len(table) - limits, limits)
    assert told["limits_kept"] == pytest.approx((above["activity"] >= above["activity_measured"]).mean())
    exact = table[table["activity_relation"] == ""]
    assert told["rmse"] == pytest.approx(np.sqrt(((exact["activity"] - exact["activity_measured"]) ** 2).mean()), rel=1e-4)
    wrong = run("train", data, "--target", "activity", "--relation", "sing", "-o", tmp_path / "other", *QUICK)
    assert wrong.exit_code == 1
    assert "did you mean --relation sign?" in wrong.stderr
    assert molgen.load(model).card["data"]["limits"] == {"activity": limits}


def test_replicates_are_merged_counted_and_kept_out_of_two_parts(run, frame, save, tmp_path):
    again = frame.head(3).assign(activity=frame["activity"].head(3) + [0, 0.1, 50], id=["r1", "r2", "r3"])
    data, model = save(pd.concat([frame, again])), tmp_path / "m.molgen"
    trained = run("train", data, "--target", "activity", "-o", model, *QUICK)
    assert trained.exit_code == 0, trained.output
    n = len(frame)
    assert f"{n:,} compounds: " in trained.stdout
    assert (
        "3 compounds are measured 6 times: aggregate\n1 of these labels disagree; the first, line 4: activity: values"
        in trained.stdout
    )
    told = molgen.load(model).card["data"]["replicates"]
    assert (told["rule"], told["compounds"], told["rows"], told["conflicts"]) == ("aggregate", 3, 6, 1)
    assert told["merged"] == [[n + 2, 2], [n + 3, 3], [n + 4, 4]]
    refused = run("train", data, "--target", "activity", "--replicates", "error", "-o", model, "--overwrite", *QUICK)
    assert refused.exit_code == 1
    assert "--replicates aggregate, first or keep" in refused.stderr
    kept = run("train", data, "--target", "activity", "--replicates", "keep", "-o", model, "--overwrite", *QUICK)
    assert f"{n + 3:,} compounds: " in kept.stdout


def test_a_given_split_keeps_its_held_out_rows(run, frame, save, tmp_path):
    parts = np.resize(["train", "train", "train", "valid", "test"], len(frame))
    frame = frame.assign(part=parts)
    leak = frame.head(1).assign(part="test", id="leak")
    twice = frame[frame["part"] == "train"].tail(1).assign(id="twice")
    data, model = save(pd.concat([frame, leak, twice])), tmp_path / "m.molgen"
    arguments = ["train", data, "--target", "activity", "--split-column", "part", "--experts", "tabular", "-q", "-o", model]
    trained = run(*arguments)
    assert trained.exit_code == 0, trained.output
    train, test = (parts == "train").sum(), (parts == "test").sum()
    assert f"{len(frame) + 1} compounds: {train - 1} train, {(parts == 'valid').sum()} valid, {test + 1} test" in trained.stdout
    first = frame["id"][0]
    reason = "the same compound is in the test part: left out of the training part"
    assert f"1 compounds in no part; the first, {first}: {reason}" in trained.stdout
    assert molgen.load(model).card["data"]["not_used"] == [[str(first), reason]]
    refused = run(*arguments, "--overwrite", "--replicates", "error")
    assert refused.exit_code == 1
    kept = run(*arguments, "--overwrite", "--replicates", "keep")
    assert f"{train + 1} train" in kept.stdout


def test_a_concentration_is_learnt_as_its_negative_logarithm(run, frame, save, tmp_path):
    nanomolar = 10 ** (9 - frame["activity"])
    table = pd.DataFrame({"smiles": frame["smiles"], "IC50": nanomolar})
    data, model, library = save(table), tmp_path / "m.molgen", save(frame[["smiles"]], "library.csv")
    trained = run("train", data, "--target", "IC50", "--convert", "IC50=nM:p", "--direction", "low", "-o", model, *QUICK)
    assert trained.exit_code == 0, trained.output
    assert "pIC50: regression in -log10 mol/L, high is good" in trained.stdout
    plain = molgen.train(save(frame, "plain.csv"), target="activity", experts="tabular", split="random")
    np.testing.assert_allclose(molgen.load(model).predict(frame["smiles"])["pIC50"], plain.predictions[:, 0], atol=1e-3)
    scored = run("screen", library, "-m", model, "-o", tmp_path / "scores.csv")
    assert scored.exit_code == 0, scored.output
    assert "pIC50_lower" in pd.read_csv(tmp_path / "scores.csv")
    assert "pIC50: regression in -log10 mol/L" in run("inspect", model).stdout
    same = run("evaluate", data, "-m", model, "--json")
    named = run("evaluate", save(frame.rename(columns={"activity": "pIC50"}), "named.csv"), "-m", model, "--json")
    table["micro"], table["unit"] = table["IC50"] / 1000, "uM"
    micro = save(table.drop(columns="IC50"), "micro.csv")
    given = ("evaluate", micro, "-m", model, "--target", "pIC50=micro", "--json")
    figures = [json.loads(result.stdout) for result in (same, named, run(*given, "--convert", "pIC50=uM:p"))]
    figures.append(json.loads(run(*given, "--convert", "pIC50=p", "--unit-column", "unit").stdout))
    assert figures[0]["notes"][0] == "IC50 is converted to pIC50 as in training: nM:p"
    for each in figures[1:]:
        assert each["metrics"]["pIC50"]["rmse"] == pytest.approx(figures[0]["metrics"]["pIC50"]["rmse"], rel=1e-6)
    assert run("evaluate", micro, "-m", model, "--target", "pIC50=micro", "--convert", "IC50=uM:p").exit_code == 2
    assert run("train", data, "--target", "IC50", "--convert", "nM:p", "-o", model, *QUICK).exit_code == 2


def test_weights_by_flag(run, frame, save, tmp_path):
    data = save(frame.assign(trust=np.resize([1.0, 0.2], len(frame))))
    models = []
    for name, flags in (("a", []), ("b", ["--weight", "Trust"])):
        models.append(tmp_path / f"{name}.molgen")
        done = run("train", data, "--target", "activity", *flags, "-o", models[-1], *QUICK)
        assert done.exit_code == 0, done.output
    scores = [molgen.load(model).predict(["CCO"])["activity"][0] for model in models]
    assert scores[0] != scores[1]
    assert molgen.load(models[1]).card["configuration"]["weight"] == "Trust"


def test_classes_are_ranked_by_the_one_that_was_named(run, frame, save, tmp_path):
    frame["grade"] = pd.qcut(frame["activity"], 3, labels=["low", "mid", "high"]).astype(str)
    data, library, model = save(frame), save(frame[["smiles"]], "library.csv"), tmp_path / "m.molgen"
    trained = run("train", data, "--target", "grade", "--positive", "High", "-o", model, *QUICK)
    assert trained.exit_code == 0, trained.output
    assert "grade: multiclass, high is good, positive is 'high', classes high, low, mid" in trained.stdout
    assert "balanced_accuracy" in trained.stdout
    inspected = run("inspect", model)
    assert "classes: high, low, mid" in inspected.stdout
    files = {name: tmp_path / name for name in ("scores.csv", "hits.csv", "report.html", "low.csv")}
    done = run(
        *("screen", library, "-m", model, "-o", files["scores.csv"], "--hits", files["hits.csv"]),
        *("--report", files["report.html"], "--top", "5"),
    )
    assert done.exit_code == 0, done.output
    scores, hits = pd.read_csv(files["scores.csv"]), pd.read_csv(files["hits.csv"])
    columns = [f"grade_{word}" for word in ("high", "low", "mid")]
    assert list(scores)[8:13] == ["grade", *columns, "domain"]
    assert (scores["grade"] == scores[columns].idxmax(axis=1).str.removeprefix("grade_")).all()
    assert hits["row"].tolist() == (scores["grade_high"].rank(ascending=False, method="first").sort_values().index[:5] + 1).tolist()
    page = files["report.html"].read_text()
    assert "grade_high" in page
    assert "Balanced accuracy" in page
    parquet = tmp_path / "scores.parquet"
    ranked = ("screen", library, "-m", model, "-o", parquet, "--rank-by", "grade_low", "--hits", files["low.csv"], "--top", "1")
    assert run(*ranked).exit_code == 0
    assert pd.read_csv(files["low.csv"])["grade_low"][0] == scores["grade_low"].max()
    pd.testing.assert_series_equal(pd.read_parquet(parquet)["grade"], scores["grade"], check_dtype=False)
    nobody = tmp_path / "n.molgen"
    assert run("train", data, "--target", "grade", "-o", nobody, *QUICK).exit_code == 0
    unclear = run("screen", library, "-m", nobody, "-o", tmp_path / "x.csv", "--hits", tmp_path / "y.csv")
    assert unclear.exit_code == 2
    assert "grade_high, grade_low, grade_mid" in unclear.stderr


def test_two_words_of_ones_own(run, frame, save, tmp_path):
    frame["verdict"] = frame["active"].map({1: "CM", 0: "CI"})
    data, model = save(frame), tmp_path / "m.molgen"
    unclear = run("train", data, "--target", "verdict", "-o", model, *QUICK)
    assert unclear.exit_code == 1
    assert "--positive" in unclear.stderr
    trained = run("train", data, "--target", "verdict", "--positive", "CM", "-o", model, *QUICK)
    assert trained.exit_code == 0, trained.output
    assert "verdict: binary, high is good, positive is 'CM'" in trained.stdout
    figures = json.loads(run("evaluate", data, "-m", model, "--json").stdout)["metrics"]["verdict"]
    assert figures["auroc"] > 0.5
