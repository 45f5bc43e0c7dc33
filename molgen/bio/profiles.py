"""What was measured of a sample, such as the genes of a cell line: numbers by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Profile"]


class Profile(str):
    """The name of a sample, which carries what was measured of it.

    It is text, so that it can stand in a cell of a table, and be written where the sample's name is wanted. Two are the same that
    have the same name and the same numbers.

    Parameters
    ----------
    sample
        The name.
    names
        What was measured, each once: ``"expression:TP53"``.
    values
        A number each, NaN where it is missing.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]

    def __new__(cls, sample: str, names: Sequence[str], values: Any) -> Self:
        """Make one; ``values`` has as many numbers as there are names."""
        made = super().__new__(cls, sample)
        made.names = tuple(names)
        made.values = np.asarray(values, dtype=np.float32)
        if made.values.shape != (len(made.names),):
            raise ValueError(f"{len(made.names)} names and numbers of shape {made.values.shape}")
        return made

    @classmethod
    def of(cls, numbers: Mapping[str, Any]) -> Self:
        """Make one of numbers by name; it is called by a digest of them.

        Raises
        ------
        ValueError, TypeError
            If something is no number.
        """
        values = np.array([float(value) for value in numbers.values()], dtype=np.float32)
        digest = hashlib.sha256("\n".join(map(str, numbers)).encode() + values.tobytes()).hexdigest()
        return cls(digest[:12], tuple(map(str, numbers)), values)

    def ordered(self, names: tuple[str, ...]) -> Self:
        """Return the same sample with these numbers alone, in this order; NaN for one that was not measured."""
        if names == self.names:
            return self
        # What is not there is at -1: the NaN at the end.
        return type(self)(str(self), names, np.append(self.values, np.float32("nan"))[_places(self.names, names)])

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Profile) or not super().__eq__(other) or self.names != other.names:
            return False
        return bool(np.array_equal(self.values, other.values, equal_nan=True))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return super().__hash__()

    def __reduce__(self) -> Any:
        return type(self), (str(self), self.names, self.values)


@lru_cache(maxsize=16)
def _places(there: tuple[str, ...], wanted: tuple[str, ...]) -> NDArray[np.int64]:
    """Return where each wanted name is, -1 where it is not."""
    known = {name: at for at, name in enumerate(there)}
    return np.array([known.get(name, -1) for name in wanted], dtype=np.int64)
