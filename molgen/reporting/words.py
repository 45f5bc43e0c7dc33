"""Numbers, names and records in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molgen.data.tasks import Task

__all__ = ["DASH", "dig", "figure", "file_name", "label_words", "listed", "of_task", "plural", "share", "signed", "unit"]

MINUS, DASH = "\u2212", "\u2013"


def dig(record: Any, *keys: str) -> Any:
    """Look up what may not be there: a record comes from a file."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def file_name(path: Any) -> str:
    """Return the last part of a path: a report tells no folders."""
    return Path(str(path)).name


def listed(names: Sequence[str], limit: int) -> str:
    """Join the first names, and say how many more there are."""
    more = len(names) - limit
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:limit])} and {more} more"


def plural(n: int, word: str) -> str:
    """Return a number and its noun."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def share(n: float, total: float) -> str:
    """Return a share in percent, with as many digits as can be believed."""
    percent = 100 * n / total if total else 0.0
    return f"{percent:.0f} %" if percent >= 10 or not percent else f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def unit(task: Task) -> str:
    """Return what a task's numbers are: a unit, or a probability of what."""
    if task.is_regression or task.unit:
        return task.unit
    return f"probability of {task.positive}" if task.positive not in ("", "1") else "probability"


def of_task(task: Task, value: float | None) -> str:
    """Write a value with as many decimals as its task's spread makes worth reading, so that values align."""
    if value is None or math.isnan(value):
        return "not known"
    places = 2 - math.floor(math.log10(task.scale)) if task.is_regression else 3
    return signed(f"{value:z,.{max(places, 0)}f}" if places <= 6 and abs(value) < 1e9 else f"{value:.3g}")


def label_words(task: Task, label: float) -> str:
    """Write a label: a value, or the word of its class."""
    if task.is_regression:
        return of_task(task, label)
    if task.kind == "multiclass":
        return task.classes[int(label)] if 0 <= label < len(task.classes) else "not known"
    positive = task.positive if task.positive not in ("", "1") else "positive"
    return positive if label == 1 else f"not {positive}"


def signed(text: str) -> str:
    """Write minus signs as such."""
    return text.replace("-", MINUS)


def figure(value: Any) -> str:
    """Write any value of a record."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(figure, value)) or DASH
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, float):
        return signed(f"{value:.3f}" if abs(value) >= 0.001 or not value else f"{value:.1e}")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
