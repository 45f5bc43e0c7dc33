"""Results as plain data, fit for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["first_difference", "plain"]


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


def first_difference(before: Any, now: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """Return where two trees of plain data differ, in the order of the keys, with both values; ``None`` where they do not.

    Examples
    --------
    >>> first_difference({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    ('a.c', 2, 3)
    """
    if isinstance(before, dict) and isinstance(now, dict):
        pairs = [(name, before.get(name), now.get(name)) for name in sorted({*before, *now})]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = [(str(at + 1), *both) for at, both in enumerate(zip(before, now, strict=True))]
    else:
        return None if before == now else (key, before, now)
    found = (first_difference(a, b, f"{key}.{name}".removeprefix(".")) for name, a, b in pairs)
    return next(filter(None, found), None)
