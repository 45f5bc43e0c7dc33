"""Constructors of featurizers, written from the fields of a class, and the checks of what is passed to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import field
from inspect import signature
from typing import Any, TypeVar, cast, dataclass_transform

import numpy as np

from molgen.errors import ConfigError

__all__ = ["MAX_COLUMNS", "MAX_RADIUS", "check_parameters", "choice", "integer", "parameters"]

C = TypeVar("C", bound=type)

#: Most columns of a fingerprint: not far beyond RDKit's 32-bit sizes overflow, and it waits, aborts or divides by zero.
MAX_COLUMNS = 2**20
#: Most bonds from a central atom: RDKit walks on to the last, long after the molecule has ended.
MAX_RADIUS = 100
#: What every constructor ends with.
_LAST = ("output", "errors", "n_jobs")


def integer(*, default: int | None, low: int, high: int | None = None, optional: bool = False, kw_only: bool = False) -> Any:
    """Declare a parameter that is an integer from ``low`` to ``high``, or ``None`` if it is optional."""
    return field(default=default, metadata={"range": (low, high), "optional": optional}, kw_only=kw_only)


def choice(*, default: str, options: Sequence[str], kw_only: bool = False) -> Any:
    """Declare a parameter that is one of several words."""
    return field(default=default, metadata={"options": tuple(options)}, kw_only=kw_only)


@dataclass_transform(eq_default=False, field_specifiers=(field, integer, choice))
def parameters(cls: C) -> C:
    """Write the constructor of a featurizer from its fields, those of its bases included.

    Fields become arguments in their order, keyword-only ones after the others, and last what all featurizers share. The
    constructor does nothing but store them, as scikit-learn wants it; :func:`check_parameters` looks at them when they are used.
    """
    made: Any = dataclasses.dataclass(eq=False, repr=False)(cls)
    constructor: Any = made.__init__
    found = signature(constructor)
    ordered = sorted(found.parameters.values(), key=lambda each: _LAST.index(each.name) + 1 if each.name in _LAST else 0)
    constructor.__signature__ = found.replace(parameters=ordered)
    return cast(C, made)


def check_parameters(featurizer: Any) -> None:
    """Compare the fields of a featurizer with what they were declared to be.

    Raises
    ------
    ConfigError
        If an integer is out of its range, a switch is neither True nor False, a word is none of the options, or a name no text.
    """
    for each in dataclasses.fields(featurizer):
        value = getattr(featurizer, each.name)
        expected = None
        if value is None and each.metadata.get("optional"):
            continue
        if "range" in each.metadata:
            low, high = each.metadata["range"]
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if not whole or value < low or (high is not None and value > high):
                expected = f"an integer >= {low}" if high is None else f"an integer from {low} to {high}"
        elif "options" in each.metadata and value not in each.metadata["options"]:
            expected = f"one of {', '.join(each.metadata['options'])}"
        elif isinstance(each.default, bool) and not isinstance(value, (bool, np.bool_)):
            expected = "True or False"
        elif isinstance(each.default, str) and not isinstance(value, str):
            expected = "a name"
        if expected:
            raise ConfigError(f"unusable {each.name}", where=type(featurizer).__name__, expected=expected, got=repr(value)[:80])
