"""The filters of a command line, where the most common ones have options of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from molgen.filters.base import Filter
from molgen.filters.registry import available, resolve
from molgen.filters.smarts import SmartsFilter
from molgen.filters.window import Window

__all__ = ["collect_filters", "describe_filters"]


def collect_filters(
    names: Sequence[str] = (),
    *,
    windows: Sequence[str] = (),
    smarts: Sequence[str | Path] = (),
    reject: Sequence[str] = (),
    require: Sequence[str] = (),
) -> list[Filter]:
    """Make filters from a command line's texts.

    Parameters
    ----------
    names
        Filters by name, with their settings: ``qed:min=0.6``.
    windows
        Such as ``MolWt<=500``.
    smarts
        Files of patterns.
    reject, require
        Bare patterns that a molecule must not have, or must have.

    Raises
    ------
    ConfigError, InputError
        If one of them cannot be used.
    """
    own = [SmartsFilter.from_file(path) for path in smarts]
    own += [SmartsFilter.from_patterns(reject, require)] if reject or require else []
    return [*resolve(names), *(Window(expression) for expression in windows), *own]


def describe_filters() -> list[tuple[str, str, str, int]]:
    """Return name, settings, source and number of patterns of each filter; a filter that needs settings shows no patterns."""
    rows = []
    for name, cls in available().items():
        settings = cls.settings()
        made = None if any(default is None for default in settings.values()) else cls()
        shown = ", ".join(key if default is None else f"{key}={default}" for key, default in settings.items())
        rows.append((name, shown, cls.source, made.patterns if made else 0))
    return rows
