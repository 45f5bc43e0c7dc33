"""Formats of compound tables: a module each, with a subclass of :class:`~molgen.data.tables.Table` in it.

A new format is a new module here: it is found by being there, and used for the files that it recognizes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from molgen.data.tables import Table

__all__ = ["known_formats"]


@cache
def known_formats() -> tuple[type[Table], ...]:
    """Return the table classes of all formats, in the order in which they are asked whether a file is theirs."""
    from molgen.data.tables import Table

    found: list[type[Table]] = []
    for info in pkgutil.iter_modules(__path__, f"{__name__}."):
        module = importlib.import_module(info.name)
        found += [
            each
            for each in vars(module).values()
            if inspect.isclass(each) and issubclass(each, Table) and each.__module__ == info.name and not inspect.isabstract(each)
        ]
    return tuple(sorted(found, key=lambda each: (each.rank, each.__name__)))
