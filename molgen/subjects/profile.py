"""Rows that are samples, such as cell lines, of which numbers were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from molgen.bio.profiles import Profile
from molgen.errors import ConfigError
from molgen.rows import ReadRows
from molgen.subjects.base import Subject

__all__ = ["ProfileSubject"]

#: Share of the numbers that may be missing.
_MISSING = 0.1
_MOST_NAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class ProfileSubject(Subject):
    """Samples by their numbers.

    Attributes
    ----------
    names
        What is read of each, in order.
    """

    kind: ClassVar[str] = "profile"
    noun: ClassVar[str] = "sample"
    columns: ClassVar[tuple[str, ...]] = ("profile",)

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        names = self.names if isinstance(self.names, list | tuple) else ()
        usable = all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names)
        if not usable or not 1 <= len(names) <= _MOST_NAMES:
            raise ConfigError("a profile has different names", got=repr(self.names)[:80])
        object.__setattr__(self, "names", tuple(names))

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Read profiles, or numbers by name.

        A sample that lacks more than a tenth of the numbers is invalid; where fewer are missing, that is noted.
        """
        read = ReadRows([None] * len(rows), ["ok"] * len(rows))
        reasons: dict[int, str] = {}
        for at, row in enumerate(rows):
            try:
                found = Profile.of(row) if isinstance(row, Mapping) else row
            except (TypeError, ValueError) as error:
                reasons[at] = f"not numbers by name: {error}"[:200]
                continue
            if not isinstance(found, Profile):
                reasons[at] = f"no profile of {found!r}"[:200] if isinstance(found, str) else f"no profile: {type(row).__name__}"
                continue
            item = found.ordered(self.names)
            missing = np.flatnonzero(~np.isfinite(item.values))
            told = f"numbers are missing: {len(missing):,} of {len(self.names):,}"
            if len(missing) > _MISSING * len(self.names):
                reasons[at] = f"{told}, such as {self.names[missing[0]]!r}"
                continue
            read.items[at] = item
            if len(missing):
                read.notes[at] = [told]
        read.refuse("invalid", reasons)
        return read

    def keys(self, items: Sequence[Any]) -> list[str | None]:
        """Return the samples' names."""
        return [None if item is None else str(item) for item in items]

    @property
    def example(self) -> Profile:
        """Zeros."""
        return Profile("example", self.names, np.zeros(len(self.names)))

    @property
    def limit(self) -> str:
        """Nothing: none is too large."""
        return ""

    @property
    def facts(self) -> dict[str, str]:
        """What is read."""
        return {"Profiles": f"{len(self.names):,} numbers of each sample"}
