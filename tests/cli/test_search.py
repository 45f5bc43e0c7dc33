"""``molgen similar``, ``molgen match`` and ``molgen diverse``."""

import json

import pandas as pd

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_similar(run, library, tmp_path):
    out = tmp_path / "out.csv"
    result = run("similar", library, "--query", ASPIRIN, "--query", "CCO", "-o", out, "-k", 2)
    assert result.exit_code == 0, result.output
    assert "6 rows: 4 read, 2 invalid" in result.output
    assert "4 neighbours of 2 queries" in result.output
    assert pd.read_csv(out)["id"].tolist()[::2] == ["aspirin", "ethanol"]
    result = run("similar", library, "--query", "CCO", "-o", out, "--overwrite", "--set", "radius=1", "--json")
    found = json.loads(result.stdout)
    assert found["fingerprint"]["radius"] == 1
    assert found["found"] == [{"query": "CCO", "rows": 4}]
    assert run("similar", library, "--query", "CCO", "-o", out).exit_code == 1
    assert run("similar", library, "-o", out).exit_code == 2
    assert run("similar", library, "--query", "CCO", "-o", tmp_path / "x.csv", "--fingerprint", "Nope").exit_code == 2


def test_match(run, library, tmp_path):
    out = tmp_path / "out.csv"
    result = run("match", library, "-s", "C(=O)N", "--named", "acid", "C(=O)[O-,OH]", "--counts", "-o", out)
    assert result.exit_code == 0, result.output
    assert "6 rows: 4 read, 2 invalid" in result.output
    assert "2 have acid" in result.output
    assert "3 rows written" in result.output
    assert pd.read_csv(out)["count_acid"].tolist() == [0, 1, 1]
    result = run("match", library, "-s", "c", "--mode", "none", "-o", out, "--overwrite", "--json")
    assert json.loads(result.stdout)["found"] == 2
    for wrong in (["-s", "C("], [], ["--named", "c", "C", "-s", "c", "--named", "c", "N"], ["-s", "c", "--mode", "some"]):
        assert run("match", library, "-o", out, "--overwrite", *wrong).exit_code == 2


def test_diverse(run, library, tmp_path):
    out = tmp_path / "out.csv"
    result = run("diverse", library, "-n", 3, "--by", "price", "-o", out)
    assert result.exit_code == 0, result.output
    assert "6 rows: 4 read, 2 invalid" in result.output
    assert "3 of 4 available rows picked" in result.output
    assert pd.read_csv(out)["id"].iloc[0] == "betaine"
    result = run("diverse", library, "-n", 9, "-o", out, "--overwrite", "--json")
    found = json.loads(result.stdout)
    assert (found["picked"], found["available"]) == (4, 4)
    assert "9 wanted, 4 picked" in result.stderr
    assert run("diverse", library, "-n", 0, "-o", out, "--overwrite").exit_code == 2
    assert run("diverse", library, "-n", 2, "-o", out, "--overwrite", "--method", "best").exit_code == 2
