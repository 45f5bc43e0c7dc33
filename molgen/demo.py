"""The main job on real data that comes with RDKit: train on measured compounds, screen a library, report the hits."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molgen.api import ScreenResult, TrainResult, screen, train
from molgen.datasets import free_wilson_table, nci_library
from molgen.errors import InputError

__all__ = ["DemoResult", "run_demo"]

TARGET = "activity"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo made.

    Attributes
    ----------
    folder
        Where its files are.
    training, screening
        The results of the two library calls.
    commands
        The command lines that do the same.
    """

    folder: Path
    training: TrainResult
    screening: ScreenResult
    commands: list[str]


def run_demo(
    folder: str | Path = "molgen-demo",
    *,
    workers: int = 2,
    overwrite: bool = False,
    settings: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
) -> DemoResult:
    """Train the default model, with one network of each kind, on 1,017 measured compounds and screen 4,999 others.

    Parameters
    ----------
    folder
        Gets ``measured.csv, library.smi, model.molgen, scores.csv, hits.csv, report.html``.
    workers
        Processes that featurize and screen.
    overwrite
        Write into a folder that holds something already, replacing files of these names.
    settings
        Settings of the training other than the default ones.
    tell
        Told what is being done, in a line.

    Raises
    ------
    InputError
        If the folder is not empty and not to be written over, or RDKit comes without its data.
    """
    folder = Path(folder)
    _prepare(folder, overwrite)
    say = tell or (lambda _: None)
    names = ("library.smi", "model.molgen", "scores.csv", "hits.csv", "report.html")
    library, model, scores, hits, report = (folder / name for name in names)
    measured = free_wilson_table(folder, overwrite=overwrite)
    shutil.copyfile(nci_library(), library)
    commands = [
        _command("train", measured, "--target", TARGET, "-o", model, "--ensemble", 1, *_jobs("--n-jobs", workers)),
        _command("screen", library, "-m", model, "-o", scores, "--hits", hits, "--report", report, *_jobs("--workers", workers)),
    ]
    say(f"training on {measured}")
    # One network of each kind, where the default is five: a demonstration takes two minutes.
    chosen = {"n_jobs": workers, "ensemble": 1, **(settings or {})}
    trained = train(measured, model, target=TARGET, overwrite=overwrite, **chosen)
    say(f"screening {library}")
    screened = screen(library, model, scores, hits=hits, report=report, workers=workers, overwrite=overwrite)
    return DemoResult(folder, trained, screened, commands)


def _prepare(folder: Path, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError("a file stands where the folder should go", where=str(folder))
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise InputError("the folder is not empty", where=str(folder), remedy="name another with -o, or add --overwrite")
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise InputError("no permission to write here", where=str(folder))


def _jobs(flag: str, workers: int) -> list[str]:
    return [flag, str(workers)] if workers > 1 else []


def _command(name: str, *arguments: str | Path | int) -> str:
    return shlex.join(["molgen", name, *map(str, arguments)])
