"""Packages that only a part of molgen needs."""

from __future__ import annotations

import importlib
from typing import Any

from molgen.errors import MissingExtraError

__all__ = ["import_extra"]


def import_extra(package: str, extra: str) -> Any:
    """Import a package that may be absent.

    Raises
    ------
    MissingExtraError
        If it cannot be imported; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtraError(package, extra) from None
