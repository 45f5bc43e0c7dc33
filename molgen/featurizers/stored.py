"""What a file of features holds, whatever its kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from molgen.errors import InputError
from molgen.featurizers.base import Features, Featurizer

__all__ = [
    "FORMAT",
    "FeatureBlock",
    "StoredFeatures",
    "assemble",
    "check_format",
    "row_columns",
    "write_spec",
]

#: Raised when older versions cannot read what is written; every format up to this one stays readable.
FORMAT = 1


class FeatureBlock(NamedTuple):
    """Consecutive rows on their way to a file.

    Attributes
    ----------
    rows
        The values of each of :func:`row_columns`, in order; a row that has no reason has an empty text.
    values
        The features of the same rows.
    """

    rows: tuple[Sequence[Any], ...]
    values: Any


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """What a file of features holds.

    Attributes
    ----------
    featurizer
        What made the features; it makes the same of other rows.
    features
        Values as the featurizer gave them, and the reason for each row that failed.
    rows
        The values of each of :func:`row_columns` by name.
    """

    featurizer: Featurizer
    features: Features
    rows: dict[str, list[Any]]


def row_columns(featurizer: Featurizer) -> tuple[str, ...]:
    """Name what stands beside the features of each row: a number, and texts."""
    return ("row", "source", "id", featurizer.reads, "status", "reason")


def write_spec(featurizer: Featurizer) -> str:
    """Return the identity of a featurizer as JSON text."""
    return json.dumps(featurizer.spec(), sort_keys=True)


def check_format(found: int, path: Path) -> None:
    """Raise InputError unless this version can read a format."""
    if not 1 <= found <= FORMAT:
        raise InputError(
            "features of another format",
            where=str(path),
            expected=f"format 1 to {FORMAT}",
            got=str(found),
            remedy="use the molgen version that wrote it, or a newer one",
        )


def assemble(featurizer: Featurizer, values: Any, rows: dict[str, list[Any]]) -> StoredFeatures:
    """Put together what a file holds; ValueError if its parts are of different lengths."""
    n = values.shape[0] if hasattr(values, "shape") else len(values)
    if {n} != {len(column) for column in rows.values()}:
        raise ValueError("the features and the rows do not fit together")
    reasons = {row: reason for row, reason in enumerate(rows["reason"]) if reason}
    return StoredFeatures(featurizer, Features(values, reasons), rows)
