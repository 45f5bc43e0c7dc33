"""What an audit found."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from molgen.data.audit.duplicates import Conflicts, Overlap
from molgen.data.audit.similarity import Nearness

__all__ = ["AuditReport", "HeldOut", "Where"]

#: File and line of a row.
Where = tuple[str, int]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Rows that training must not see.

    Attributes
    ----------
    keys
        File of the keys.
    endpoint
        Whose keys they are.
    listed
        How many keys are on the list.
    rows
        Where the rows are whose key is on it.
    checked
        How many rows were looked at: all with a molecule, but those of the part ``test``.
    """

    keys: str
    endpoint: str | None
    listed: int
    rows: list[Where]
    checked: int


@dataclass(slots=True)
class AuditReport:
    """What an audit found.

    Attributes
    ----------
    files
        The files that were read.
    rows, unreadable
        Rows, and those without a molecule: nothing is said of them.
    parts
        Part -> rows with a molecule.
    repeats
        Rows whose skeleton an earlier row has.
    overlaps
        Compounds of one part that are in another. Examples are of the form (row, row), numbered over all files.
    conflicts
        Labels that disagree, by task.
    nearness
        Part -> similarity to the nearest training compound.
    held_out
        Rows that training must not see; ``None`` if no keys were given.
    baselines
        Part -> predictor that knows no chemistry -> task -> measure -> value.
    where
        File and line of each row.
    leaking
        Rows that must go from training: held out, or in another part too.
    """

    files: list[str]
    rows: int
    unreadable: int
    parts: dict[str, int]
    repeats: int
    overlaps: list[Overlap] = field(default_factory=list)
    conflicts: list[Conflicts] = field(default_factory=list)
    nearness: dict[str, Nearness] = field(default_factory=dict)
    held_out: HeldOut | None = None
    baselines: dict[str, dict[str, dict[str, dict[str, float]]]] = field(default_factory=dict)
    where: list[Where] = field(default_factory=list, repr=False)
    leaking: list[int] = field(default_factory=list, repr=False)

    @property
    def leaks(self) -> bool:
        """Whether a compound is in two parts, or a held-out one in training."""
        return any(overlap.same_skeleton for overlap in self.overlaps) or bool(self.held_out and self.held_out.rows)

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, dictionaries and numbers; rows by file and line, and ``None`` where a measure does not exist."""
        found = asdict(self)
        for name in ("where", "leaking"):
            del found[name]
        for overlap in found["overlaps"]:
            overlap["examples"] = [[self.where[row] for row in pair] for pair in overlap["examples"]]
        for conflict in found["conflicts"]:
            conflict["examples"] = [
                {"structure": structure, "labels": labels, "rows": [self.where[row] for row in rows]}
                for structure, labels, rows in conflict["examples"]
            ]
        return {**_plain(found), "leaks": self.leaks}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
