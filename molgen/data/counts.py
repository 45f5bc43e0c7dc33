"""What was counted at each place of sequences: the labels of a model of tracks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from molgen.errors import ConfigError

__all__ = ["COUNTS_UNIT", "Counts", "check_tracks", "place_names", "strand_names", "swapped_strands"]

#: Tracks are called as files can be, wherever they come from.
_NAME = re.compile(r"[^\W_][\w+.-]{0,99}").fullmatch
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

    def named(self, names: Iterable[str]) -> Counts:
        """Select tracks, in the order of the names."""
        parts = self.of_tracks()
        strands = {name: self.strands[name] for name in names}
        return Counts(strands, np.concatenate([parts[name] for name in strands], axis=1))

    def of_tracks(self) -> dict[str, NDArray[np.float32]]:
        """Return the counts of each track, ``[rows, strands, length]``."""
        ends = np.cumsum(list(self.strands.values()))[:-1]
        return dict(zip(self.strands, np.split(self.values, ends, axis=1), strict=True))


def swapped_strands(strands: Mapping[str, int]) -> list[int]:
    """Return which strand of tracks is read where each is when the letters are the reverse complement: minus where plus was."""
    ends = np.cumsum(list(strands.values()), dtype=int).tolist()
    return [end - 1 - at for end, n in zip(ends, strands.values(), strict=True) for at in range(n)]


def place_names(strands: Mapping[str, int]) -> list[str]:
    """Return the columns that hold what each letter has on each strand of tracks."""
    return [f"{name}_places" for name in strand_names(strands)]


def check_tracks(strands: Any) -> None:
    """Refuse what are no tracks: columns and files are called as they are.

    Raises
    ------
    ConfigError
        If it is no mapping of names to 1 or 2 strands, or a name is none that files have, or two columns would have one.
    """
    if not isinstance(strands, Mapping) or not all(type(n) is int and n in (1, 2) for n in strands.values()):
        raise ConfigError("a track has one strand or two", got=repr(strands)[:80])
    for name in strands:
        if not isinstance(name, str) or not _NAME(name):
            raise ConfigError("a track cannot be called so", expected="letters, digits, -, _, + and .", got=repr(name)[:80])
    columns, files = ["contig", "start", "stop", "strand", *strands, *place_names(strands)], strand_names(strands)
    for names in (columns, files):
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f"two columns, or files, would be called {twice[0]!r}", where="--track", remedy="rename a track")


def strand_names(strands: Mapping[str, int]) -> list[str]:
    """Return what each strand of tracks is called: as the track is, and of two ``<track>_plus`` and ``<track>_minus``."""
    return [each for name, n in strands.items() for each in ([name] if n == 1 else [f"{name}_plus", f"{name}_minus"])]
