"""A window on any property: ``MolWt<=500``, ``1<=TPSA<=120``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from molgen.chem.parse import Mol
from molgen.chem.properties import check_property, compute_properties, property_cost
from molgen.errors import ConfigError
from molgen.filters.base import Filter, register
from molgen.filters.rules import show_number

__all__ = ["Window"]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_WINDOW = re.compile(rf"(?:({_NUMBER})(<=?|>=?))?([A-Za-z_]\w*)(?:(<=?|>=?|==?)({_NUMBER}))?").fullmatch
_MIRRORED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}


class _Range(NamedTuple):
    """A property's allowed range; an end is itself allowed unless it is open."""

    name: str
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)

    def bounded(self, sign: str, bound: float) -> _Range:
        """Narrow the range by ``value sign bound``."""
        if sign in ("=", "=="):
            return self._replace(low=bound, high=bound)
        if sign.startswith("<"):
            return self._replace(high=bound, high_open=sign == "<")
        return self._replace(low=bound, low_open=sign == ">")


@register
@dataclass(frozen=True)
class Window(Filter):
    """Rejects molecules with a property outside a range; as an annotation, it gives the property.

    Parameters
    ----------
    expression
        ``PROPERTY<=NUMBER``, ``NUMBER<=PROPERTY<=NUMBER`` and the like, with ``<``, ``<=``, ``>``, ``>=`` or ``=``. Properties are
        RDKit's 2D descriptors by their names, ``qed``, ``sa_score`` and ``NumAtoms``.

    Raises
    ------
    ConfigError
        If the expression cannot be read, names no property, or nothing can be in the range.
    """

    name = "window"
    source = "any of RDKit's 217 descriptors"
    column_type = "number"

    expression: str

    def __post_init__(self) -> None:
        found = self._range
        if found.low > found.high or (found.low == found.high and (found.low_open or found.high_open)):
            raise ConfigError("nothing can be in this range", where=f"window {self.expression!r}")

    @property
    def cost(self) -> float:
        """That of the property."""
        return property_cost(self._range.name)

    @property
    def title(self) -> str:
        """The window itself."""
        return f"window {self.expression}"

    @property
    def column(self) -> str:
        """The property."""
        return self._range.name

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Say where a value is, if not in the window."""
        allowed = self._range
        reasons: list[str | None] = []
        for mol, value in zip(mols, self._values(mols), strict=True):
            if mol is None or allowed.holds(value):
                reasons.append(None)
            elif math.isnan(value):
                reasons.append(f"{allowed.name} has no value")
            else:
                reasons.append(f"{allowed.name} {show_number(value)} outside {self._words()}")
        return reasons

    def annotate(self, mols: Sequence[Mol | None]) -> list[float | None]:
        """Return the property."""
        return [None if math.isnan(value) else value for value in self._values(mols)]

    def _values(self, mols: Sequence[Mol | None]) -> list[float]:
        values: list[float] = compute_properties(mols, [self._range.name])[:, 0].tolist()
        return values

    @property
    def _range(self) -> _Range:
        match = _WINDOW(re.sub(r"\s+", "", str(self.expression)))
        if not match or (match[1] is None and match[4] is None):
            raise ConfigError(
                "not a window", where=f"window {self.expression!r}", expected="such as 'MolWt<=500' or '1<=TPSA<=120', in quotes"
            )
        check_property(match[3])
        found = _Range(match[3])
        if match[1] is not None:
            found = found.bounded(_MIRRORED[match[2]], float(match[1]))
        if match[4] is not None:
            if match[1] is not None and (match[4] in ("=", "==") or match[4][0] != match[2][0]):
                where = f"window {self.expression!r}"
                raise ConfigError("two ends that are not a range", where=where, expected="LOW<=PROPERTY<=HIGH")
            found = found.bounded(match[4], float(match[5]))
        return found

    def _words(self) -> str:
        found = self._range
        if math.isinf(found.low):
            return f"{'<' if found.high_open else '<='} {found.high:g}"
        if math.isinf(found.high):
            return f"{'>' if found.low_open else '>='} {found.low:g}"
        open_ends = " (ends not included)" if found.low_open and found.high_open else ""
        return f"{found.low:g} to {found.high:g}{open_ends}"
