"""Rows with the same value in a column together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits.base import GroupSplitter, SplitRows, register
from molgen.data.splits.column import cells_of
from molgen.data.splits.fill import number_groups
from molgen.errors import InputError

__all__ = ["GroupSplit"]


@register
@dataclass(frozen=True)
class GroupSplit(GroupSplitter):
    """Rows with the same text in the split column (a series, an assay, a source) in one part, the groups by the seed.

    Outer blanks do not count, case does. Rows with an empty cell are left out: nobody knows which group they belong to.
    """

    name: ClassVar[str] = "group"
    needs_column: ClassVar[bool] = True

    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Number the values.

        Raises
        ------
        InputError
            If all cells are the same, or empty: there is nothing to divide.
        """
        numbers = number_groups(cell.strip() or None for cell in cells_of(rows, self.name))
        if len(rows) and numbers.max(initial=-1) < 1:
            raise InputError("fewer than two groups", where=rows.column, remedy="name a column with several values")
        return numbers
