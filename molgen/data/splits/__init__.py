"""How rows are divided into training, validation and test parts: one file a splitter, known by being there."""

from molgen.data.splits.base import (
    DEFAULT_FRACTIONS,
    Fractions,
    GroupSplitter,
    Split,
    SplitRows,
    Splitter,
    available,
    get_splitter,
    register,
)
from molgen.data.splits.folds import divide_rows, make_folds, make_split

__all__ = [
    "DEFAULT_FRACTIONS",
    "Fractions",
    "GroupSplitter",
    "Split",
    "SplitRows",
    "Splitter",
    "available",
    "divide_rows",
    "get_splitter",
    "make_folds",
    "make_split",
    "register",
]
