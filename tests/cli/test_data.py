"""``molgen data``: cards listed, files fetched, tables divided and audited."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from molgen.cli.data import data
from molgen.cli.main import main
from molgen.data.splits import available

COMMANDS = sorted(data.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(run, command):
    result = run("data", command, "--help")
    assert result.exit_code == 0
    assert f"molgen data {command}" in result.output.split("Examples:")[1]
    assert [each.name for each in data.commands[command].params if each.param_type_name == "option" and not each.help] == []


def test_list_names_every_set_with_its_size(run):
    result = run("data", "list")
    assert result.exit_code == 0
    line = next(line for line in result.output.splitlines() if line.split()[:1] == ["esol"])
    assert line.split()[1:5] == ["1,128", "1", "regression", "97"]
    cards = json.loads(run("data", "list", "--json").output)
    sets = result.output.split("\n\n")[0].splitlines()[1:]
    assert [card["name"] for card in cards] == [line.split()[0] for line in sets]
    assert {"name", "licence", "rows", "tasks", "files"} <= set(cards[0])


def test_a_card_is_shown(run):
    output = run("data", "list", "moleculeace").output
    assert "CC BY-SA 3.0" in output
    assert output.count("https://raw.githubusercontent.com/") == 30
    assert json.loads(run("data", "list", "esol", "--json").output)["files"][0]["bytes"] == 96699
    wrong = run("data", "list", "esoll")
    assert wrong.exit_code == 2
    assert "did you mean esol" in wrong.output


def test_get_prints_where_the_files_are(run, data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("MOLGEN_DATA", str(data_dir))
    result = run("data", "get", "esol", "-o", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'new' / 'delaney-processed.csv'}\n"
    assert "copied from" in result.stderr
    assert "licence: not stated" in result.stderr


def test_splitters_are_listed_with_what_they_need(run):
    output = run("data", "splitters").output
    assert set(available()) <= set(output.split())
    assert "--split-option similarity=0.6" in output
    found = {each["name"]: each for each in json.loads(run("data", "splitters", "--json").output)}
    assert found["time"]["needs_column"]
    assert found["butina"]["options"] == {"similarity": 0.6}


def test_split_keeps_every_row_and_says_what_is_in_no_part(run, library, tmp_path):
    out = tmp_path / "out.csv"
    result = run("data", "split", library, "--split", "random", "-o", out)
    assert result.exit_code == 0, result.output
    frame, source = pd.read_csv(out), pd.read_csv(library)
    pd.testing.assert_frame_equal(frame[source.columns], source)
    assert frame["split"].isna().tolist() == [False, False, True, False, True, False]
    assert result.stderr.splitlines()[0].startswith("line 4: ")
    assert result.stderr.splitlines()[1].startswith("line 6: ")
    assert "6 rows: 3 train, 1 valid, 0 test, 2 in no part" in result.stdout


def test_a_split_can_be_trained_on(run, measured_table, tmp_path):
    out = tmp_path / "out.csv"
    done = json.loads(run("data", "split", measured_table, "-o", out, "--json").stdout)
    assert done["sizes"] == {"train": 192, "valid": 24, "test": 24}
    arguments = ["--target", "activity", "--split-column", "split", "--experts", "tabular", "-q", "-o", tmp_path / "m.molgen"]
    result = run("train", out, *arguments)
    assert result.exit_code == 0, result.output
    assert "192 train, 24 valid, 24 test" in result.output


def test_training_takes_any_splitter(run, measured_table, tmp_path):
    dated = pd.read_csv(measured_table).assign(date=[f"20{n // 12:02d}-{n % 12 + 1:02d}" for n in range(240)])
    dated.to_csv(tmp_path / "dated.csv", index=False)
    arguments = ["--target", "activity", "--experts", "tabular", "-q", "-o", tmp_path / "m.molgen"]
    result = run("train", tmp_path / "dated.csv", *arguments, "--split", "time", "--split-column", "date")
    assert result.exit_code == 0, result.output
    card = json.loads(run("inspect", tmp_path / "m.molgen", "--json").output)
    assert card["split"] == {"name": "time", "sizes": {"train": 192, "valid": 24, "test": 24}}
    wrong = run("train", tmp_path / "dated.csv", *arguments, "--split", "butina", "--split-option", "similarity")
    assert wrong.exit_code == 2
    assert "is not NAME=VALUE" in wrong.output


def test_folds_are_numbered(run, measured_table, tmp_path):
    out = tmp_path / "folds.csv"
    result = run(
        "data", "split", measured_table, "--split", "butina", "--split-option", "similarity=0.9", "--folds", "4", "-o", out
    )
    assert result.exit_code == 0, result.output
    assert sorted(set(pd.read_csv(out)["fold"])) == [0, 1, 2, 3]
    assert "in fold 3" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--split", "scafold"], 2, "unknown split 'scafold'"),
        (["--split", "time"], 2, "--split-column"),
        (["--split", "time", "--split-column", "date"], 1, "no column 'date'"),
        (["--split", "time", "--split-column", "name"], 1, "line 2: no date or number"),
        (["--split", "stratified"], 2, "--target"),
        (["--split", "random", "--fractions", "0.5", "0.2", "0.2"], 2, "add up to 1"),
        (["--split", "random", "--fractions", "nan", "0.5", "0.5"], 2, "add up to 1"),
        (["--split", "butina", "--split-option", "similarity=nan"], 2, "expected float, such as 0.6; got 'nan'"),
        (["-o", "out.parquet"], 1, "expected .csv, .tsv or .csv.gz"),
        (["--column", "price"], 1, "there is a column 'price' already"),
        (["--split", "random", "--folds", "2"], 2, "too few folds"),
    ],
)
def test_splits_that_cannot_be_made(run, library, tmp_path, arguments, code, words):
    result = run("data", "split", library, "-o", tmp_path / "out.csv", *arguments)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.split())
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("arguments", [["split", "-o", "{out}"], ["audit"]])
def test_a_table_without_a_molecule_is_told(run, tmp_path, arguments):
    table = tmp_path / "bad.csv"
    table.write_text("smiles,y\nxx,1\nyy,0\n")
    command, *rest = [each.format(out=tmp_path / "out.csv") for each in arguments]
    result = run("data", command, table, "--smiles", "smiles", *rest)
    assert result.exit_code == 1
    assert "2 rows, the first: not SMILES" in result.output
    assert not (tmp_path / "out.csv").exists()


@pytest.fixture
def divided(tmp_path: Path) -> Path:
    """Eight compounds of which one is in two parts."""
    path = tmp_path / "divided.csv"
    rows = [
        "CCO,train,1",
        "CCCN,train,2",
        "CCCO,train,3",
        "CCCF,train,4",
        "CCCCO,valid,5",
        "CCCCN,valid,6",
        "OCC,test,7",
        "CCCCF,test,8",
    ]
    path.write_text("\n".join(["smiles,split,y", *rows]) + "\n")
    return path


def test_audit_prints_what_is_wrong(run, divided):
    result = run("data", "audit", divided, "--split-column", "split", "--target", "y")
    assert result.exit_code == 0, result.output
    assert "8 rows: 4 train, 2 valid, 2 test" in result.output
    assert "line 8 and line 2" in result.output
    assert "y: repeated structures with labels: 1 (in 2 rows); labels differ in 1" in result.output
    assert "Without chemistry, test: y" in result.output
    assert "LEAK: 1 rows must go" in result.output


def test_strict_fails_on_a_leak_and_only_then(run, divided, tmp_path):
    clean = tmp_path / "clean.csv"
    arguments = ["--split-column", "split", "--strict"]
    result = run("data", "audit", divided, *arguments, "-o", clean)
    assert result.exit_code == 1
    assert len(clean.read_text().splitlines()) == 8
    again = run("data", "audit", clean, *arguments)
    assert again.exit_code == 0
    assert "No leak found." in again.output


def test_json_and_the_report_file_are_the_same(run, divided, tmp_path):
    report = tmp_path / "report.json"
    result = run("data", "audit", divided, "--split-column", "split", "--json", "--report", report)
    assert json.loads(result.stdout) == json.loads(report.read_text())
    assert json.loads(result.stdout)["leaks"]
    once_more = run("data", "audit", divided, "--report", report)
    assert once_more.exit_code == 1
    assert "exists already" in once_more.output


def test_an_audit_of_two_files(run, divided, library):
    result = run("data", "audit", divided, library)
    assert result.exit_code == 0, result.output
    assert "test, seen in train" in result.output
    assert f"{library}, line 2 and {divided}, line 2" in result.output


def test_a_split_of_several_files_and_of_standard_input(measured_table, tmp_path):
    lines = measured_table.read_text().splitlines(keepends=True)
    (tmp_path / "part1.csv").write_text("".join([lines[0], *lines[1:150]]))
    (tmp_path / "part2.csv").write_text("".join([lines[0], "nonsense,x,0,0\n", *lines[150:]]))
    whole = "".join([*lines[:150], "nonsense,x,0,0\n", *lines[150:]])
    outputs = []
    for name, given in {str(tmp_path / "part*.csv"): None, "-": whole}.items():
        out = tmp_path / f"out{len(outputs)}.csv"
        result = CliRunner().invoke(main, ["data", "split", name, "-o", str(out)], input=given)
        assert result.exit_code == 0, result.output
        outputs.append(out.read_text())
        assert "241 rows" in result.stdout
        place = "line 151: " if given else "line 2: "
        assert result.stderr.startswith(place)
        assert result.stderr.endswith(")\n" if given else f" (in {tmp_path / 'part2.csv'})\n")
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) == 242


def test_an_audit_of_a_pattern_and_of_standard_input(divided, library, tmp_path):
    named = CliRunner().invoke(main, ["data", "audit", str(divided), str(library), "--json"])
    pattern = CliRunner().invoke(main, ["data", "audit", str(tmp_path / "*i*.csv"), "--json"])
    assert named.exit_code == pattern.exit_code == 0, pattern.output
    assert pattern.output == named.output
    piped = CliRunner().invoke(main, ["data", "audit", "-", str(library), "--json"], input=divided.read_text())
    assert piped.exit_code == 0, piped.output
    assert piped.output.replace("standard input", str(divided)) == named.output


@pytest.mark.parametrize("command", ["split", "audit"])
@pytest.mark.parametrize(
    ("names", "words"),
    [(["none*.csv"], "no file fits the pattern"), (["-", "-"], "standard input is named twice"), (["."], "is a directory")],
)
def test_names_that_mean_no_table(run, tmp_path, command, names, words):
    result = run("data", command, *names, "-o", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_pairs_are_divided_and_their_keys_written(run, tmp_path):
    letters = {f"t{at}": "ACDEFGHIKLMNPQRSTVWY"[at:] * 3 + "ACDEFGHIKLMNPQRSTVWY"[:at] for at in range(3)}
    (tmp_path / "targets.fasta").write_text("".join(f">{name}\n{each}\n" for name, each in letters.items()))
    rows = [f"{'C' * length}O,t{at}" for length in range(1, 60) for at in range(3)]
    (tmp_path / "pairs.csv").write_text("\n".join(["smiles,target", *rows]) + "\n")
    pairs = ["--join", f"target={tmp_path / 'targets.fasta'}", "--smiles", "smiles", "--sequence", "sequence"]
    out, keys = tmp_path / "out.csv", tmp_path / "keys.csv"
    result = run("data", "split", tmp_path / "pairs.csv", *pairs, "--split", "random", "-o", out, "--keys", keys)
    assert result.exit_code == 0, result.output
    assert "column 'split' (random) written" in result.output and f"keys written to {keys}" in result.output
    frame = pd.read_csv(out)
    assert list(frame) == ["smiles", "target", "split"] and frame["split"].value_counts()["train"] == 142
    kept = keys.read_text().splitlines()
    keys.write_text("\n".join([*kept[:50], ""]))
    arguments = ["--split", "keys", "--split-option", f"file={keys}", "-o", tmp_path / "again.csv"]
    result = run("data", "split", tmp_path / "pairs.csv", *pairs, *arguments)
    assert result.stderr.splitlines() == ["128 lines: split 'keys' puts it in no part"]
    assert pd.read_csv(tmp_path / "again.csv")["split"].notna().sum() == 49
