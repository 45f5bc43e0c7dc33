"""How many examples the properties are tried on, all together."""

from __future__ import annotations

import importlib
from math import prod
from pathlib import Path
from typing import Any

#: Examples a run: enough that what a reader of files meets once in a thousand is met here.
LEAST = 10_000


def count_examples(test: Any) -> int:
    """Return the examples of a test over all its parameters; 0 if it is no property."""
    settings = getattr(test, "_hypothesis_internal_use_settings", None)
    if settings is None or not hasattr(test, "hypothesis"):
        return 0
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return int(settings.max_examples * prod(len(mark.args[1]) for mark in marks))


def test_properties_are_tried_on_enough_examples():
    counts = {
        path.stem: sum(map(count_examples, vars(importlib.import_module(f"tests.properties.{path.stem}")).values()))
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
    }
    print(counts, sum(counts.values()))
    assert sum(counts.values()) >= LEAST
    assert [name for name, count in counts.items() if not count] == ["test_count"]
