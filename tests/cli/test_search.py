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
