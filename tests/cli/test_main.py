"""The group of commands: help, version, start-up, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import molgen
from molgen.cli.main import main

Run = Callable[..., Result]
COMMANDS = sorted(main.commands)
HEAVY = ["torch", "pandas", "sklearn", "rdkit", "lightgbm", "numpy", "pyarrow", "scipy", "rich", "torch_geometric"]


def start(*arguments: str | Path, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run molgen as a shell would, from another folder."""
    program = [sys.executable, "-c", code or "from molgen.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, timeout=120, check=False, cwd="/")


def test_commands_are_the_advertised_ones() -> None:
    assert {"demo", "evaluate", "featurize", "inspect", "screen", "train"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"molgen {command}" in result.output.split("Examples:")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_help(command: str) -> None:
    options = [each for each in main.commands[command].params if each.param_type_name == "option"]
    assert [each.name for each in options if not each.help] == []


def test_short_help_names_every_command(run: Run) -> None:
    output = run("-h").output
    assert all(command in output for command in COMMANDS)


def test_version(run: Run) -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert molgen.__version__ in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["featurize", "--help"], ["train", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import json, sys\n"
        "from molgen.cli.main import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = start(*arguments, code=code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_help_starts_quickly() -> None:
    """By processor time, which a busy machine does not change: half a second is the promise."""
    code = (
        "import resource, subprocess, sys\n"
        "script = 'from molgen.cli.main import main; main()'\n"
        "subprocess.run([sys.executable, '-c', script, '--help'], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)"
    )
    assert float(start(code=code).stdout) < 0.5


def test_exit_code_0_when_done(library: Path, tmp_path: Path) -> None:
    done = start("featurize", library, "-f", "Morgan", "-o", tmp_path / "bits.npz")
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 rows: 4 ok, 2 invalid" in done.stdout


def test_exit_code_1_when_the_job_fails(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    done = start("featurize", empty, "-f", "Morgan", "-o", tmp_path / "bits.npz")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_exit_code_2_when_the_call_is_wrong(library: Path, tmp_path: Path) -> None:
    done = start("featurize", library, "-f", "Morgon", "-o", tmp_path / "bits.npz")
    assert done.returncode == 2
    assert "unknown featurizer 'Morgon'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["screen", "--nonsense"], "No such option"),
        (["screen", "no.smi", "-m", "no.molgen", "-o", "x.csv"], "does not exist"),
        (["train", "no.csv", "-o", "x.molgen"], "does not exist"),
        (["demo", "--workers", "0"], "not in the range"),
        (["evaluate", "--model"], "requires an argument"),
        (["inspect"], "Missing argument"),
    ],
)
def test_wrong_calls_are_told(run: Run, arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "ranking"], "ranking"),
        (["--split", "blocks"], "chromosome, cluster"),
        (["--experts", "svm"], "svm"),
        (["--direction", "up"], "up"),
        (["--epochs", "0"], "0"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_training_refuses_unknown_values(run: Run, measured_table: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run("train", measured_table, "--target", "activity", "-o", tmp_path / "x.molgen", *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert not (tmp_path / "x.molgen").exists()


def test_a_misspelt_target_is_answered_with_the_right_name(run: Run, measured_table: Path, tmp_path: Path) -> None:
    result = run("train", measured_table, "--target", "Activty", "-o", tmp_path / "x.molgen")
    assert result.exit_code == 1
    assert "did you mean --target activity?" in result.output


def test_a_misspelt_smiles_column_is_answered_with_the_right_name(
    run: Run, small_bundle: Path, library: Path, tmp_path: Path
) -> None:
    result = run("screen", library, "-m", small_bundle, "-o", tmp_path / "scores.csv", "--smiles", "smile")
    assert result.exit_code == 1
    assert "did you mean --smiles smiles?" in result.output


@pytest.mark.parametrize("option", ["-o", "--hits", "--report"])
def test_screen_replaces_nothing_unasked(run: Run, small_bundle: Path, library: Path, tmp_path: Path, option: str) -> None:
    there = tmp_path / "there.csv"
    there.write_text("precious")
    arguments = ["screen", library, "-m", small_bundle, "--rank-by", "activity", option, there]
    result = run(*arguments, *([] if option == "-o" else ["-o", tmp_path / "scores.csv"]))
    assert result.exit_code == 1
    assert "exists already" in result.output
    assert "--overwrite" in result.output
    assert there.read_text() == "precious"


def test_train_replaces_nothing_unasked(run: Run, measured_table: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.molgen"
    there.write_text("precious")
    result = run("train", measured_table, "--target", "activity", "-o", there)
    assert result.exit_code == 1
    assert "exists already" in result.output
    assert there.read_text() == "precious"


def test_a_file_that_is_no_bundle_is_refused(run: Run, library: Path, tmp_path: Path) -> None:
    result = run("screen", library, "-m", library, "-o", tmp_path / "scores.csv")
    assert result.exit_code == 1
    assert str(library) in result.output


def test_screen_prints_counts_and_writes_hits(run: Run, small_bundle: Path, library: Path, tmp_path: Path) -> None:
    scores, hits = tmp_path / "scores.csv", tmp_path / "hits.csv"
    result = run("screen", library, "-m", small_bundle, "-o", scores, "--hits", hits, "--rank-by", "activity", "--top", "2")
    assert result.exit_code == 0, result.output
    assert "6 rows: 4 ok, 2 invalid" in result.output
    assert len(scores.read_text().splitlines()) == 7
    assert len(hits.read_text().splitlines()) == 3
