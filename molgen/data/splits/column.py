"""Parts as the table itself has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from molgen.data.splits.base import Fractions, Split, SplitRows, Splitter, register
from molgen.errors import ConfigError, InputError

__all__ = ["ColumnSplit", "cells_of"]

_PARTS = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "test": "test"
}  # fmt: skip


@register
@dataclass(frozen=True)
class ColumnSplit(Splitter):
    """The split column says ``train``, ``valid`` or ``test``; rows with an empty cell are left out.

    Fractions and seed are not used.
    """

    name: ClassVar[str] = "column"
    needs_column: ClassVar[bool] = True

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:  # noqa: ARG002 - the column decides
        """Read the column.

        Raises
        ------
        InputError
            If a cell holds another word, or no row is in training.
        """
        parts: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
        for row, cell in enumerate(cells_of(rows, self.name)):
            word = cell.strip().lower()
            if not word:
                continue
            if word not in _PARTS:
                raise InputError(
                    "unknown part in the split column",
                    where=rows.where(row),
                    expected="train, valid or test",
                    got=repr(cell),
                )
            parts[_PARTS[word]].append(row)
        if not parts["train"]:
            raise InputError("the split column puts no row in training", where=rows.column)
        return Split.of(parts["train"], parts["valid"], parts["test"])


def cells_of(rows: SplitRows, name: str) -> Sequence[str]:
    """Return the split column.

    Raises
    ------
    ConfigError
        If none was named.
    """
    if rows.cells is None:
        raise ConfigError(f"split {name!r} needs a column", remedy="name it with --split-column COLUMN")
    return rows.cells
