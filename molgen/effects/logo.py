"""Sequence logos: letters as high as they are important."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molgen.errors import InputError
from molgen.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from molgen.effects.scan import ScanResult

__all__ = ["draw_importance", "draw_logo"]

#: Colours of nucleic acids as sequencers have them, and of amino acids by their side chains.
_COLOURS = dict(zip("ACGTU", ("#109648", "#255c99", "#f7b32b", "#d62839", "#d62839"), strict=True))
_SIDE_CHAINS = {"#444444": "AVLIPMFWG", "#109648": "STYNQ", "#255c99": "KRH", "#d62839": "DE", "#f7b32b": "C"}
#: Letters of a row of a plot.
_A_LINE = 100


def draw_logo(axes: Axes, letters: str, heights: NDArray[np.floating[Any]], first: int = 1) -> None:
    """Draw letters one after the other, each with its height; below the line where that is negative.

    Parameters
    ----------
    axes
        Where to draw.
    letters, heights
        One a place.
    first
        Number of the first place.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    font = FontProperties(family="DejaVu Sans", weight="bold")
    nucleic = set(letters) <= set("ACGTUN")
    for at, (letter, height) in enumerate(zip(letters, heights, strict=True)):
        if not np.isfinite(height) or height == 0:
            continue
        outline = TextPath((0, 0), letter, size=1, prop=font)
        box = outline.get_extents()
        fit = Affine2D().translate(-box.x0, -box.y0).scale(0.9 / box.width, height / box.height)
        placed = fit.translate(first + at - 0.45, 0)
        axes.add_patch(PathPatch(placed.transform_path(outline), color=_colour(letter, nucleic=nucleic), linewidth=0))
    known = heights[np.isfinite(heights)]
    low, high = min(0.0, float(known.min(initial=0))), max(0.0, float(known.max(initial=0)))
    margin = 0.05 * (high - low or 1.0)
    axes.set_xlim(first - 0.5, first + len(letters) - 0.5)
    axes.set_ylim(low - margin, high + margin)
    axes.axhline(0, color="#888888", linewidth=0.5)


def draw_importance(path: Path, results: Sequence[ScanResult], positions: tuple[int, int] | None = None) -> None:
    """Write a picture of the importance of each letter of each sequence, a hundred letters a line, for each task.

    Parameters
    ----------
    path
        PNG, SVG or PDF.
    results
        What was found; sequences that could not be scored are left out.
    positions
        First and last place to draw.

    Raises
    ------
    InputError
        If there is nothing to draw.
    """
    from matplotlib.figure import Figure

    panels = []
    for result in results:
        if result.reason:
            continue
        first, last = positions or (1, len(result.sequence))
        for number, task in enumerate(result.tasks):
            for start in range(first - 1, last, _A_LINE):
                stop = min(start + _A_LINE, last)
                title = f"{result.id}: {task.name}" if start == first - 1 else ""
                panels.append((title, result.sequence[start:stop], result.importance[number, start:stop], start + 1))
    if not panels:
        raise InputError("nothing to draw: no sequence could be scored", where=str(path))
    figure = Figure(figsize=(14, 1.8 * len(panels)), layout="constrained")
    for axes, (title, letters, heights, first) in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        draw_logo(axes, letters, heights, first)
        axes.set_title(title, fontsize=9, loc="left")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format=path.suffix.lstrip(".").lower() or "png")


def _colour(letter: str, *, nucleic: bool) -> str:
    if nucleic:
        return _COLOURS.get(letter, "#888888")
    return next((colour for colour, group in _SIDE_CHAINS.items() if letter in group), "#888888")
