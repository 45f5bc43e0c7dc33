"""``molgen demo``: the whole way on the data that comes with RDKit."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from molgen.cli.demo import demo
from molgen.cli.main import main
from molgen.demo import run_demo

Run = Callable[..., Result]
FILES = ["hits.csv", "library.smi", "measured.csv", "model.molgen", "report.html", "scores.csv"]


def test_a_folder_that_holds_something_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    result = run("demo", "-o", tmp_path)
    assert result.exit_code == 1
    assert "the folder is not empty" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_folder_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("precious")
    assert run("demo", "-o", tmp_path / "demo").exit_code == 2


def test_the_default_folder_is_ignored_by_git() -> None:
    default = next(each.default for each in demo.params if each.name == "folder")
    assert f"{default}/" in (Path(__file__).parents[2] / ".gitignore").read_text().splitlines()


@pytest.mark.slow
def test_the_demo_end_to_end(tmp_path: Path) -> None:
    told: list[str] = []
    result = run_demo(
        tmp_path / "demo",
        workers=1,
        settings={"graph": {"epochs": 2, "width": 16, "steps": 2}, "tabular": {"rounds": 20}},
        tell=told.append,
    )
    assert sorted(path.name for path in result.folder.iterdir()) == FILES
    assert len(told) == 2
    with (result.folder / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result.screening.summary.rows == 4999
    assert {row["status"] for row in rows} == {"ok", "invalid"}
    assert all(row["reason"] for row in rows if row["status"] != "ok")
    hits = result.screening.hits
    assert hits is not None
    assert hits.column("activity").to_pylist() == sorted(hits.column("activity").to_pylist(), reverse=True)
    assert "activity" in result.training.metrics["test"]["model"]
    for line in result.commands:
        program, name, *arguments = shlex.split(line)
        # What the demo prints has to be a call that the command line understands.
        main.commands[name].make_context(name, arguments)
        assert program == "molgen"
