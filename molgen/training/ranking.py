"""Predictions for a library of well-known compounds, against which later ones are told as percentiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from molgen.bundle import Bundle
from molgen.data.library import open_library
from molgen.data.paths import expand_paths
from molgen.errors import InputError
from molgen.experts.percentiles import Percentiles

__all__ = ["check_compounds", "rank_among"]

_MIN_COMPOUNDS = 50


def check_compounds(path: str | Path) -> None:
    """Find out whether a library can be read, before an hour of training; raises InputError or ConfigError."""
    open_library(expand_paths(path))


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
    values = [bundle.score(bundle.read(block.smiles).mols, with_domain=False).values for block in library.blocks()]
    percentiles = Percentiles.fit(Path(path).name.partition(".")[0], np.concatenate(values)) if values else None
    if percentiles is None or percentiles.compounds < _MIN_COMPOUNDS:
        got = "0" if percentiles is None else str(percentiles.compounds)
        raise InputError(
            "too few compounds to rank predictions among", where=str(path), expected=f"{_MIN_COMPOUNDS} or more", got=got
        )
    return percentiles
