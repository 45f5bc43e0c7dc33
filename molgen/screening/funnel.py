"""The stages of a screen as a funnel: what came to each, what it rejected, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol

from molgen.reporting.html import Html, tag
from molgen.reporting.words import DASH, share

__all__ = ["Stage", "funnel"]

#: What stages that are no filters do.
_STAGES = {"read": "read and standardised", "duplicates": "duplicates dropped", "annotate": "annotated", "predict": "scored"}


class Stage(Protocol):
    """What a stage did: rows that came to it, those that did not get past it, and its CPU time in seconds."""

    @property
    def name(self) -> str: ...  # noqa: D102 - said above

    @property
    def rows(self) -> int: ...  # noqa: D102

    @property
    def rejected(self) -> int: ...  # noqa: D102

    @property
    def seconds(self) -> float: ...  # noqa: D102


def funnel(stages: Iterable[Stage]) -> Html | None:
    """Tabulate stages in their order, with a bar for the rows that are left after each; nothing without stages."""
    there = list(stages)
    if not there:
        return None
    most, seconds = max(stage.rows for stage in there), sum(stage.seconds for stage in there)
    heads = ("rows in", "rejected", "rows left", "", "CPU time", "share", "a row")
    head = tag("thead", tag("tr", tag("td", ""), *(tag("th", each, scope="col") if each else tag("td", "") for each in heads)))
    body = tag("tbody", *(_row(stage, most, seconds) for stage in there))
    caption = f"Stages in the order in which they ran: {_time(seconds)} of CPU time in all"
    if any(before.rows - before.rejected < after.rows for before, after in pairwise(there)):
        caption += "; a repetition of a row of another block is found after it went on"
    return tag("div", tag("table", tag("caption", caption), head, body), class_="wide funnel")


def _row(stage: Stage, most: int, seconds: float) -> Html:
    left = stage.rows - stage.rejected
    bar = tag("i", style=f"width:{100 * left / max(most, 1):.2f}%") if left else None
    each = f"{1e6 * stage.seconds / stage.rows:,.0f} \u00b5s" if stage.rows else DASH
    words = (f"{stage.rows:,}", f"{stage.rejected:,}", f"{left:,}")
    cells = [tag("td", word) for word in words] + [tag("td", tag("u", bar, aria_hidden="true"))]
    cells += [tag("td", word) for word in (_time(stage.seconds), share(stage.seconds, seconds), each)]
    return tag("tr", tag("th", _STAGES.get(stage.name, stage.name), scope="row"), *cells)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
