"""Rows on their way from text to a model: what each became, and why some became nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ReadRows"]


@dataclass(slots=True)
class ReadRows:
    """A batch of rows on their way to a model.

    Attributes
    ----------
    items
        What each row is: its parent molecule, or its letters; ``None`` where ``statuses`` is not ``"ok"``.
    statuses
        ``"ok"``, ``"invalid"`` or ``"too_large"``, one a row.
    reasons
        Row number (0-based) -> why the row is not ``ok``.
    notes
        Row number -> what was done to a row that is.
    """

    items: list[Any]
    statuses: list[str]
    reasons: dict[int, str] = field(default_factory=dict)
    notes: dict[int, list[str]] = field(default_factory=dict)

    def refuse(self, status: str, reasons: Mapping[int, str]) -> None:
        """Take rows out that cannot be scored, or are not to be."""
        for row, reason in reasons.items():
            self.statuses[row], self.reasons[row], self.items[row] = status, reason, None

    def columns(self) -> dict[str, list[str]]:
        """Return ``status, reason, notes`` as columns of a table, empty where there is nothing to say."""
        rows = range(len(self.statuses))
        notes = ["; ".join(self.notes.get(row, [])) for row in rows]
        return {"status": self.statuses, "reason": [self.reasons.get(row, "") for row in rows], "notes": notes}
