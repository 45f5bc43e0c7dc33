"""``molgen filter``, and the filters of ``molgen screen``."""

from __future__ import annotations

import pandas as pd

from molgen.filters import available


def test_keeps_what_passes_and_tells_the_funnel(run, library, tmp_path):
    out, rejected = tmp_path / "kept.csv", tmp_path / "rejected.csv"
    options = ["--window", "MolWt<=150", "--reject-smarts", "[N+]", "--annotate", "sa-score"]
    result = run("filter", library, "-o", out, "--rejected", rejected, *options)
    assert result.exit_code == 0, result.output
    kept = pd.read_csv(out)
    assert kept["id"].tolist() == ["ethanol", "benzamide"]
    assert kept["price"].tolist() == [1, 4 - 2]
    assert kept["sa_score"].between(1, 10).all()
    reasons = pd.read_csv(rejected).set_index("id")["reason"]
    assert reasons["aspirin"] == "window: MolWt 180.2 outside <= 150"
    assert reasons["betaine"] == "smarts: [N+]"
    assert reasons["nonsense"].startswith("not SMILES")
    assert "6 rows: 2 kept, 2 invalid, 2 filtered" in result.output
    assert "window MolWt<=150" in result.output


def test_list_shows_every_filter_with_source_and_patterns(run):
    result = run("filter", "--list")
    assert result.exit_code == 0
    for name in available():
        assert f"{name}: " in result.output
    assert "Baell" in result.output
    assert "480 patterns" in result.output
    assert "min=0.5" in result.output


def test_wrong_calls_end_with_two(run, library, tmp_path):
    out = tmp_path / "kept.csv"
    for options, message in (
        (["--filter", "panes"], "no filter 'panes'"),
        (["--window", "MolWt=<5"], "not a window"),
        (["--reject-smarts", "C("], "not SMARTS"),
        ([], "no filter was given"),
    ):
        result = run("filter", library, "-o", out, *options)
        assert result.exit_code == 2
        assert message in result.output
        assert not out.exists()
    (tmp_path / "rules.txt").write_text("x C 9-1\n")
    assert run("filter", library, "-o", out, "--smarts", tmp_path / "rules.txt").exit_code == 2


def test_screen_takes_the_same_filters(run, library, small_bundle, tmp_path):
    out = tmp_path / "scores.csv"
    options = ["--filter", "lipinski", "--window", "MolWt<=150", "--drop-duplicates", "--annotate", "brenk"]
    result = run("screen", library, "-m", small_bundle, "-o", out, *options)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, keep_default_na=False).set_index("id")
    assert table.loc["aspirin", "status"] == "filtered"
    assert table.loc["ethanol", "status"] == "ok"
    assert "predict" in result.output
