"""Small plots as inline SVG whose colours come from the page, so that one drawing serves light, dark and paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.reporting.html import Html, tag
from molgen.reporting.words import signed

__all__ = ["Axis", "Plot", "figure", "robust_limits", "sample_rows", "ticks"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 22, 24, 38
#: Pixels of a name above its base line.
_NAME_HEIGHT = 9
#: Of the circle around a point.
_RADIUS = 5
#: Points of a cloud beyond which an even sample is drawn: more cannot be told apart, and cost 8 bytes each.
MAX_POINTS = 1500

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Axis:
    """From which value to which, and what they are.

    Attributes
    ----------
    low, high
        Its ends, ``low < high``.
    label
        What is shown, with the unit.
    percent
        Whether values are shares, to be written in percent.
    """

    low: float
    high: float
    label: str
    percent: bool = False

    def tick(self, value: float) -> str:
        """Write a value beside the axis."""
        return f"{100 * value:.3g} %" if self.percent else signed(f"{value:.6g}")


@dataclass(slots=True)
class Plot:
    """A plot that is drawn layer by layer, in the page's colours: ``blue``, ``orange``, ``grey``.

    Attributes
    ----------
    x, y
        Its axes; what lies beyond them is drawn at their ends.
    width, height
        Size in pixels of a page of ordinary width; it scales with the page.
    """

    x: Axis
    y: Axis
    width: int = 360
    height: int = 270
    _layers: list[Html] = field(default_factory=list)
    _marks: list[tuple[float, float, str]] = field(default_factory=list)

    def points(self, x: Floats, y: Floats, colour: str, *, kind: str = "points") -> None:
        """Draw a cloud of points, or ``"dots"``, which are larger."""
        # A line of no length with round ends is a point: a path holds them all for a few bytes each.
        at = "".join(f"M{a} {b}h0" for a, b in self._places(x, y))
        self._layers.append(tag("path", d=at, class_=f"{kind} {colour}"))

    def line(self, x: Floats, y: Floats, colour: str) -> None:
        """Draw a line through points."""
        if len(x):
            self._layers.append(tag("path", d="M" + "L".join(f"{a} {b}" for a, b in self._places(x, y)), class_=colour))

    def steps(self, edges: Floats, heights: Floats, colour: str) -> None:
        """Draw the outline of a histogram."""
        x = np.repeat(edges, 2)
        self.line(x, np.concatenate([[0.0], np.repeat(heights, 2), [0.0]]), colour)

    def bars(self, edges: Floats, heights: Floats, colour: str) -> None:
        """Draw a histogram."""
        base = self._y(np.zeros(1))[0]
        at = ""
        for left, right, top in zip(self._x(edges[:-1]), self._x(edges[1:]), self._y(heights), strict=True):
            # What is there is seen, however little it is.
            high = max(base - top, 0.7)
            if top < base:
                at += f"M{_n(left + 0.3)} {_n(base)}v-{_n(high)}h{_n(max(right - left - 0.6, 0.4))}v{_n(high)}z"
        self._layers.append(tag("path", d=at, class_=f"bars-{colour}"))

    def band(self, low: float, high: float) -> None:
        """Mark a range of x."""
        left, right = self._x(np.array([low, high]))
        wide = max(right - left, 2.0)
        left = min(left, self.width - _RIGHT - wide)
        inner = self.height - _TOP - _BOTTOM
        self._layers.append(tag("rect", x=_n(left), y=_TOP, width=_n(wide), height=inner, class_="band"))

    def mark(self, x: float, y: float, name: str) -> None:
        """Circle a point and name it, on a side where no other circle or name is."""
        a, b = float(self._x(np.array([x]))[0]), float(self._y(np.array([y]))[0])
        self._marks.append((a, b, name))

    def _named(self) -> list[Html]:
        """Draw the circles, then names around them: a name can give way to a circle, but not the other way about."""
        taken = [_Box(a - _RADIUS, b - _RADIUS, a + _RADIUS, b + _RADIUS) for a, b, _ in self._marks]
        circles = [tag("circle", cx=_n(a), cy=_n(b), r=_RADIUS, class_="mark") for a, b, _ in self._marks]
        names = []
        for a, b, name in self._marks:
            wide = 4 + 4 * len(name)
            places = [(a + 7, b - 5), (a - 6 - wide, b - 5), (a + 7, b + 13), (a - 6 - wide, b + 13)]
            boxes = [_Box(left, base - _NAME_HEIGHT, left + wide, base) for left, base in places]
            inside = [box for box in boxes if box.right < self.width and box.top > 0]
            box = next((box for box in inside if not any(map(box.meets, taken))), inside[0])
            taken.append(box)
            names.append(tag("text", name, class_="name", x=_n(box.left), y=_n(box.bottom)))
        return [*circles, *names]

    def svg(self, described: str) -> Html:
        """Return the element; ``described`` is what it shows, for those who cannot see it."""
        return tag(
            "svg",
            *self._frame(),
            *self._layers,
            *self._named(),
            viewBox=f"0 0 {self.width} {self.height}",
            role="img",
            aria_label=described,
            class_="plot",
        )

    def _frame(self) -> list[Html]:
        right, bottom = self.width - _RIGHT, self.height - _BOTTOM
        across, up = ticks(self.x.low, self.x.high), ticks(self.y.low, self.y.high, 5)
        at_x, at_y = self._x(np.array(across)), self._y(np.array(up))
        guides = "".join(f"M{_n(x)} {_TOP}V{bottom}" for x in at_x) + "".join(f"M{_LEFT} {_n(y)}H{right}" for y in at_y)
        return [
            tag("path", d=guides, class_="guide"),
            tag("path", d=f"M{_LEFT} {_TOP}V{bottom}H{right}", class_="frame"),
            *(tag("text", self.x.tick(v), x=_n(x), y=bottom + 15, text_anchor="middle") for v, x in zip(across, at_x, strict=True)),
            *(tag("text", self.y.tick(v), x=_LEFT - 6, y=_n(y + 3.5), text_anchor="end") for v, y in zip(up, at_y, strict=True)),
            tag("text", _short(self.x.label), x=right, y=self.height - 6, text_anchor="end"),
            tag("text", _short(self.y.label), x=4, y=12),
        ]

    def _places(self, x: Floats, y: Floats) -> list[tuple[str, str]]:
        return [(_n(a), _n(b)) for a, b in zip(self._x(x), self._y(y), strict=True)]

    def _x(self, values: Floats) -> Floats:
        return _LEFT + _shares(values, self.x) * (self.width - _LEFT - _RIGHT)

    def _y(self, values: Floats) -> Floats:
        return self.height - _BOTTOM - _shares(values, self.y) * (self.height - _TOP - _BOTTOM)


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


def figure(title: str, plot: Html, *, subtitle: str = "", key: Sequence[tuple[str, str]] = (), facts: str = "") -> Html:
    """Return a plot with its heading, a key (colour, meaning) and a line of facts."""
    rows = [tag("li", tag("i", class_=colour), meaning) for colour, meaning in key]
    return tag(
        "figure",
        tag("figcaption", tag("h3", title), tag("span", subtitle)),
        plot,
        tag("ul", *rows, class_="key") if rows else None,
        tag("p", facts, class_="soft") if facts else None,
    )


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Choose round values of an axis."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda factor: abs(factor * power - rough))
    return [at * step for at in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def robust_limits(values: Floats) -> tuple[float, float]:
    """Choose the ends of an axis: a few wild values must not squeeze the others together."""
    first, last = np.quantile(values, [0.005, 0.995])
    spare = (last - first) or abs(first) or 1.0
    low, high = max(values.min(), first - spare), min(values.max(), last + spare)
    return (float(low), float(high)) if high > low else (float(low - spare / 2), float(high + spare / 2))


def sample_rows(n: int, limit: int = MAX_POINTS) -> NDArray[np.int64]:
    """Return the row numbers of an even sample."""
    return np.arange(n) if n <= limit else np.linspace(0, n - 1, limit).astype(np.int64)


def _shares(values: Floats, axis: Axis) -> Floats:
    out: Floats = np.clip((np.asarray(values, dtype=np.float64) - axis.low) / (axis.high - axis.low), 0, 1)
    return out


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _short(label: str) -> str:
    return label if len(label) <= 52 else f"{label[:51]}\u2026"
