"""Counts as bars of text and colour."""

from __future__ import annotations

from collections.abc import Sequence

from molgen.reporting.html import Html, tag
from molgen.reporting.words import share

__all__ = ["bar", "bars", "kinds_of"]

#: Of kinds there can be hundreds, so many are shown.
_MAX_KINDS = 8


def bar(label: str, n: int, total: int, kind: str) -> Html:
    """Return a labelled bar; ``kind`` is ``all``, ``ok``, ``lost``, or ``kind`` for one that explains the bar above."""
    drawn = tag("i", style=f"width:{100 * n / max(total, 1):.2f}%") if n else None
    return tag(
        "p", tag("span", label), tag("u", drawn, aria_hidden="true"), tag("b", f"{n:,}"), tag("em", share(n, total)), class_=kind
    )


def kinds_of(counts: Sequence[tuple[str, int]], total: int) -> list[Html]:
    """Return small bars of the commonest kinds, and one for all others."""
    drawn = [bar(kind, n, total, "kind") for kind, n in counts[:_MAX_KINDS]]
    if rest := counts[_MAX_KINDS:]:
        drawn.append(bar(f"{len(rest)} more kinds", sum(n for _, n in rest), total, "kind"))
    return drawn


def bars(*drawn: Html) -> Html:
    """Return bars below one another."""
    return tag("div", *drawn, class_="bars")
