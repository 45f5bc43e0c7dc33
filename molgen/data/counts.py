"""What was counted at each place of sequences: the labels of a model of tracks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["COUNTS_UNIT", "Counts", "strand_names", "swapped_strands"]

#: The unit of the number of all counts of a row, as it is learnt.
COUNTS_UNIT = "ln(1 + counts)"


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts at each place.

    Attributes
    ----------
    strands
        Track -> on how many strands it was counted: 1 where strands were not told apart, else 2.
    values
        float32 ``[rows, strands of all tracks, length]``; the strand that is read comes first, and places are in the order of its
        letters.
    """

    strands: Mapping[str, int]
    values: NDArray[np.float32]

    def take(self, rows: Any) -> Self:
        """Select rows."""
        return replace(self, values=self.values[rows])

    def of_tracks(self) -> dict[str, NDArray[np.float32]]:
        """Return the counts of each track, ``[rows, strands, length]``."""
        ends = np.cumsum(list(self.strands.values()))[:-1]
        return dict(zip(self.strands, np.split(self.values, ends, axis=1), strict=True))


def swapped_strands(strands: Mapping[str, int]) -> list[int]:
    """Return which strand of tracks is read where each is when the letters are the reverse complement: minus where plus was."""
    starts = np.cumsum([0, *strands.values()]).tolist()
    return [start + at for start, n in zip(starts, strands.values(), strict=False) for at in reversed(range(n))]


def strand_names(strands: Mapping[str, int]) -> list[str]:
    """Return what each strand of tracks is called: as the track is, and of two ``<track>_plus`` and ``<track>_minus``."""
    return [each for name, n in strands.items() for each in ([name] if n == 1 else [f"{name}_plus", f"{name}_minus"])]
