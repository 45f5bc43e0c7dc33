"""The library calls behind the commands: one function a command, settings by keyword."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molgen.data.dataset import Dataset
from molgen.errors import ConfigError
from molgen.screening.screen import ScreenResult, screen
from molgen.training.config import TrainConfig, read_toml
from molgen.training.evaluate import evaluate
from molgen.training.train import Progress, TrainResult
from molgen.training.train import train as _train

__all__ = ["ScreenResult", "TrainResult", "evaluate", "screen", "train"]


def train(
    data: str | Path | Dataset,
    output: str | Path | None = None,
    *,
    target: str | Sequence[str] = (),
    config: str | Path | TrainConfig | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> TrainResult:
    """Train a model on a table of measured compounds, and save it as a bundle.

    Parameters
    ----------
    data
        A CSV, TSV or SMI file, plain or gzipped, or a data set that is loaded already.
    output
        The bundle file to write; nothing is written without it.
    target
        Label column, or several.
    config
        A TOML file of settings, or a ready configuration.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told what is going on.
    settings
        Fields of :class:`~molgen.training.config.TrainConfig`, over those of ``config``.

    Returns
    -------
    TrainResult
        ``.bundle`` predicts; ``.metrics`` says how well, beside the baselines.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of range.
    InputError
        If the data cannot be used.

    Examples
    --------
    >>> result = molgen.train("esol.csv", "esol.molgen", target="logS")  # doctest: +SKIP
    >>> result.bundle.predict(["CCO"])  # doctest: +SKIP
    """
    from molgen.screening.output import check_target

    targets = [target] if isinstance(target, str) else list(target)
    named = {"targets": targets} if targets else {}
    if isinstance(config, TrainConfig):
        if settings or named:
            raise ConfigError("a ready configuration takes no further settings", got=", ".join({**named, **settings}))
        resolved = config
    else:
        layers = [read_toml(config)] if config is not None else []
        resolved = TrainConfig.build(*layers, {**named, **settings}, where=str(config or "settings"))
    if output is not None:
        check_target(output, overwrite=overwrite)
    result = _train(data, resolved, progress=progress)
    if output is not None:
        result.bundle.save(output, overwrite=overwrite)
    return result
