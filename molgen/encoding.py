"""What a graph network makes of a molecule before it predicts anything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.chem.parse import Mol
from molgen.datasets import find_bundle
from molgen.errors import ConfigError
from molgen.experts.graph import GraphExpert
from molgen.featurizers import MolGraph
from molgen.threads import one_torch_thread

__all__ = ["encode", "encoding_width"]


@one_torch_thread()
def encode(model: str, mols: Sequence[Mol | None]) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Return the vector of each molecule, ``[n, width]`` (NaN for one without a graph), and the reason for each that failed.

    Parameters
    ----------
    model
        A bundle's file, or the name of one that comes along; the first network of its first graph expert is taken.
    mols
        Molecules, which are taken as they are: no salt is stripped. ``None`` gets a row of NaN.

    Raises
    ------
    BundleError
        If the model cannot be used.
    ConfigError
        If it has no network.
    """
    expert = _expert(model)
    graphs, errors = (made := MolGraph().featurize(mols)).values, made.errors
    vectors = expert.encode(graphs)
    vectors[[row for row, mol in enumerate(mols) if mol is None or row in errors]] = np.nan
    return vectors, errors


def encoding_width(model: str) -> int:
    """Return the length of the vectors."""
    return _expert(model).networks[0].pool.out_width


def _expert(model: str) -> GraphExpert:
    path = find_bundle(model)
    try:
        changed = path.stat().st_mtime_ns
    except (OSError, ValueError):
        changed = 0  # reading it tells what is wrong
    return _load(str(path), changed)


@lru_cache(maxsize=2)
def _load(path: str, _changed: int) -> GraphExpert:
    experts = [expert for expert in Bundle.load(path).experts if isinstance(expert, GraphExpert)]
    if not experts:
        raise ConfigError("no vectors to take: the model has no network", where=path)
    return experts[0]
