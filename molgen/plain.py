"""Results as plain data, fit for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return a value with nothing in it that JSON does not have.

    Parameters
    ----------
    value
        Mappings, sequences, texts, numbers (also NumPy's), truth values, paths and ``None``, nested as they like.

    Returns
    -------
    object
        The same as dictionaries, lists, ``str``, ``int``, ``float``, ``bool`` and ``None``. A number that is not finite, a measure
        that does not exist, is ``None``: JSON has no NaN.

    Examples
    --------
    >>> plain({"rmse": float("nan"), "output": Path("scores.csv")})
    {'rmse': None, 'output': 'scores.csv'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
