"""Predictions for a library of well-known compounds, against which later ones are told as percentiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from molgen.bundle import Bundle
from molgen.chem.standardize import read_compounds
from molgen.data.dataset import Dataset
from molgen.data.library import open_library
from molgen.data.paths import expand_paths
from molgen.errors import ConfigError, InputError
from molgen.experts.percentiles import Percentiles, check_percentile_names

__all__ = ["check_compounds", "rank_among"]

_MIN_COMPOUNDS = 50


def check_compounds(path: str | Path, dataset: Dataset) -> None:
    """Find out whether a library can be ranked among, before an hour of training; raises InputError or ConfigError."""
    check_percentile_names(dataset.tasks)
    if len(dataset.subject.columns) > 1:
        got = f"{dataset.subject.noun}s"
        raise ConfigError("predictions of pairs are not ranked among compounds", where="--percentiles-of", got=got)
    if dataset.numbers:
        raise ConfigError("a library has no columns of features to rank predictions with", got=", ".join(dataset.numbers))
    readable = 0
    for block in open_library(expand_paths(path)).blocks():
        readable += read_compounds(block.texts).statuses.count("ok")
        if readable >= _MIN_COMPOUNDS:
            return
    raise _too_few(path, readable)


def rank_among(bundle: Bundle, path: str | Path) -> Percentiles:
    """Predict a library, and keep the quantiles.

    Parameters
    ----------
    bundle
        What predicts.
    path
        The library, of which the name of the file is told and nothing else.

    Raises
    ------
    InputError
        If fewer than 50 of its compounds can be scored.
    """
    library = open_library(expand_paths(path), needed=bundle.columns)
    values = [bundle.score(bundle.read(block.texts).items, with_domain=False).values for block in library.blocks()]
    percentiles = Percentiles.fit(Path(path).name.partition(".")[0], np.concatenate(values)) if values else None
    if percentiles is None or percentiles.compounds < _MIN_COMPOUNDS:
        raise _too_few(path, 0 if percentiles is None else percentiles.compounds)
    return percentiles


def _too_few(path: str | Path, found: int) -> InputError:
    expected = f"{_MIN_COMPOUNDS} or more"
    return InputError("too few compounds to rank predictions among", where=str(path), expected=expected, got=str(found))
