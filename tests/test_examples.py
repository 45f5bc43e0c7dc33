"""Every example of the README, of docs/ and of examples/ runs, on small data and with short trainings.

Blocks marked python, bash, sh or shell run in the order of their page, in a folder that holds the tables below; those marked
console are only shown. Python blocks of a page share their names.
"""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import molgen.datasets
from molgen import featurizers as featurizers_package
from molgen import filters as filters_package
from molgen.cli.main import main
from molgen.data import splits as splits_package
from molgen.data.splits import base as splits
from molgen.featurizers import base as featurizers
from molgen.filters import base as filters
from molgen.training.config import TrainConfig

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHORT = {"graph": {"epochs": 1, "width": 16, "steps": 1}, "tabular": {"rounds": 5}}
BLOCK = re.compile(r"^```(python|bash|sh|shell)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: What is more than one command of molgen is left to a shell.
SHELL = re.compile(r"[|<>;&$`*]")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return kind and text of the blocks that run; the set-up commands are those that CI runs itself."""
    found = BLOCK.findall(page.read_text())
    return [(kind, text) for kind, text in found if not text.startswith("python3 -m venv")]


@pytest.fixture(scope="session")
def shims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``molgen`` and ``python`` for shells, which need not be installed under these names."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "molgen").write_text(f"#!{sys.executable} -P\nfrom molgen.cli.main import main\nmain()\n")
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P "$@"\n')
    for each in folder.iterdir():
        each.chmod(0o755)
    return folder


@pytest.fixture
def folder(
    tmp_path: Path,
    measured_table: Path,
    small_bundle: Path,
    nci_smiles: list[str],
    shims: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The folder in which a page's examples run; registries are as before when they have run."""
    header, *rows = measured_table.read_text().splitlines()
    lines = [f"{header},pIC50", *(f"{row},{row.split(',')[2]}" for row in rows[:160])]
    (tmp_path / "measured.csv").write_text("\n".join(lines) + "\n")
    library = "".join(f"{smiles}\tn{at}\n" for at, smiles in enumerate(nci_smiles[:60]))
    source = tmp_path / "first.smi"
    for path in (source, tmp_path / "library.smi"):
        path.write_text(library)
    (tmp_path / "vendor.smi.gz").write_bytes(gzip.compress(library.encode()))
    shutil.copy(small_bundle, tmp_path / "model.molgen")

    def table(target: str | Path, **_: Any) -> Path:
        path = Path(target) / "measured.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    build = TrainConfig.build
    monkeypatch.setattr(TrainConfig, "build", lambda *layers, where="configuration": build(SHORT, *layers, where=where))
    monkeypatch.setattr(molgen.datasets, "free_wilson_table", table)
    monkeypatch.setattr(molgen.datasets, "nci_library", lambda: source)
    monkeypatch.setenv("PATH", f"{shims}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    for parts in (featurizers_package, filters_package, splits_package):
        parts.available()  # loads them, so that the registries are full
    registries = [each._REGISTRY for each in (featurizers, filters, splits)]
    before = [dict(each) for each in registries]
    yield tmp_path
    for registry, known in zip(registries, before, strict=True):
        registry.clear()
        registry.update(known)


def run_shell(text: str) -> None:
    """Run commands: those of molgen and of Python in this process, which has everything imported, all else in a shell."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        plain = not SHELL.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", line))
        if plain and words[:2] == ["python", "-c"]:
            exec(words[2], {})
        elif plain and words[0] == "molgen":
            result = CliRunner().invoke(main, words[1:])
            assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"
        else:
            done = subprocess.run(["bash", "-ec", line], capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [each for each in PAGES if blocks(each)], ids=lambda each: str(each.relative_to(ROOT)))
def test_examples_of_a_page_run(page: Path, folder: Path) -> None:
    names: dict[str, Any] = {"__name__": "example_page"}
    # Dataclasses look their module up by its name.
    sys.modules["example_page"] = type(sys)("example_page")
    try:
        for kind, text in blocks(page):
            if kind == "python":
                exec(compile(text, str(page), "exec"), names)
            else:
                run_shell(text)
    finally:
        del sys.modules["example_page"]


def test_featurizers_in_code_of_ones_own() -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile((ROOT / "examples" / "featurizers.py").read_text(), "featurizers.py", "exec"), names)
    smiles, activity = names["read_table"](60)
    assert names["fit_pipeline"](smiles, activity).best_score_ > -1
    losses = names["train_network"](smiles, activity, epochs=2)
    assert losses[1] < losses[0]


def test_a_batch_job_goes_on_past_a_bad_part_and_where_it_was(folder: Path, small_bundle: Path) -> None:
    parts, results = folder / "parts", folder / "results"
    parts.mkdir()
    (parts / "a.smi").write_text("CCO ethanol\nnot_a_smiles bad\n")
    (parts / "b.smi").write_text("")
    call = ["bash", str(ROOT / "examples" / "batch.sh"), str(small_bundle), str(parts), str(results)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stderr
    assert "a.smi: {'ok': 1, 'invalid': 1}" in done.stdout
    assert "b.smi: failed" in done.stderr
    assert not (results / "b.smi.csv").exists()
    (parts / "b.smi").unlink()
    again = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    assert (again.returncode, again.stdout) == (0, "a.smi: done before\n")


def test_the_projects_script_is_its_page(folder: Path) -> None:
    """The page runs above; the script has the same commands."""
    script = (ROOT / "examples" / "project.sh").read_text().replace("\\\n", " ")
    page = (ROOT / "docs" / "project.md").read_text().replace("\\\n", " ")
    commands = [" ".join(line.split()) for line in script.splitlines() if line.startswith("molgen ")]
    assert len(commands) == 4
    assert [each for each in commands if each not in {" ".join(line.split()) for line in page.splitlines()}] == []
    assert subprocess.run(["bash", "-n", str(ROOT / "examples" / "project.sh")], check=False).returncode == 0
