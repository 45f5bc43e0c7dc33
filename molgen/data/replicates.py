"""Several measurements of one compound: made one, or refused, and what disagrees is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task

__all__ = ["Merge", "Rule", "find_leaks", "group_rows", "merge_replicates"]

Rule = Literal["aggregate", "keep", "first", "error"]


@dataclass(slots=True)
class Merge:
    """What became of rows that measure the same compounds.

    Attributes
    ----------
    rule
        How they were made one.
    rows
        The row that stands for each compound: its first.
    targets
        Labels, one row a compound.
    joined
        Row -> the row that it was merged into.
    dropped
        Row -> why its compound is left out: none of its labels could be settled.
    problems
        ``(row, task, reason)`` for each label that could not be settled, of compounds that have others.
    conflicts
        ``(row, task, reason)`` for each label whose measurements disagree, settled or not.
    """

    rule: Rule
    rows: NDArray[np.int64]
    targets: Targets
    joined: dict[int, int] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    conflicts: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def compounds(self) -> int:
        """Number of compounds that were measured more than once."""
        return len(set(self.joined.values()))

    @property
    def measurements(self) -> int:
        """Number of rows that measure them."""
        return self.compounds + len(self.joined)


def group_rows(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the rows of each distinct key, in order of appearance."""
    groups: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def merge_replicates(keys: Sequence[Hashable], tasks: Sequence[Task], targets: Targets, rule: Rule) -> Merge:
    """Make one row of all rows with the same key.

    Numbers are settled by their median, on the scale they are learnt on; a limit counts only where nothing was measured, and of
    several the tightest does. Classes are settled by majority; a tie is no label. Numbers conflict where they are further apart
    than the standard deviation of all labels of their task, or on the wrong side of a limit; classes where they differ.

    Parameters
    ----------
    keys
        What is the same for measurements of the same thing.
    tasks, targets
        Labels of all rows.
    rule
        ``"aggregate"``; ``"first"`` takes the first label instead; ``"keep"`` and ``"error"`` leave everything (the caller
        refuses what :attr:`Merge.joined` shows).

    Returns
    -------
    Merge
        Weights are the means over the rows of a compound.
    """
    groups = group_rows(keys)
    if rule == "keep" or len(groups) == len(keys):
        return Merge(rule, np.arange(len(keys)), targets)
    spreads = [float(np.nanstd(targets.values[:, at])) for at in range(len(tasks))]
    values, bounds, weights = targets.values.copy(), targets.bounds.copy(), targets.weights.copy()
    kept: list[int] = []
    merge = Merge(rule, np.zeros(0, np.int64), targets)
    for rows in groups:
        first = rows[0]
        reasons = []
        for at, task in enumerate(tasks) if len(rows) > 1 else ():
            labels = targets.take(rows).of_task(at)
            labels = labels.take(~np.isnan(labels.values))
            settled = _Settled() if not len(labels) else _settle(task, labels, spreads[at], rule)
            values[first, at], bounds[first, at] = settled.value, settled.bound
            if settled.conflict:
                merge.conflicts.append((first, task.name, settled.conflict))
                reasons += [(first, task.name, settled.conflict)] if np.isnan(settled.value) else []
        if np.isnan(values[first]).all():
            merge.dropped.update(dict.fromkeys(rows, f"measured {len(rows)} times: {'; '.join(why for _, _, why in reasons)}"))
            continue
        merge.problems += reasons
        weights[first] = targets.weights[rows].mean()
        merge.joined.update(dict.fromkeys(rows[1:], first))
        kept.append(first)
    merge.rows = np.array(kept, dtype=np.int64)
    merge.targets = Targets(values, bounds, weights).take(merge.rows)
    return merge


@dataclass(frozen=True, slots=True)
class _Settled:
    value: float = float("nan")
    bound: int = 0
    conflict: str = ""


def _settle(task: Task, labels: Targets, spread: float, rule: Rule) -> _Settled:
    settled = _settle_numbers(labels, spread) if task.is_regression else _settle_classes(labels.values)
    if rule == "first":
        return _Settled(float(labels.values[0]), int(labels.bounds[0]), settled.conflict)
    return settled


def _settle_numbers(labels: Targets, spread: float) -> _Settled:
    exact = labels.values[labels.bounds == 0]
    lower, upper = (labels.values[labels.bounds == side] for side in (1, -1))
    if not len(exact):
        if len(lower) and len(upper):
            return _Settled(conflict=f"limits on both sides, above {lower.max():.6g} and below {upper.min():.6g}")
        return _Settled(float(lower.max()), 1) if len(lower) else _Settled(float(upper.min()), -1)
    median = float(np.median(exact))
    if np.ptp(exact) > spread:
        return _Settled(median, 0, f"values from {exact.min():.6g} to {exact.max():.6g}")
    broken = [f"above {limit:.6g}" for limit in lower if median < limit] + [
        f"below {limit:.6g}" for limit in upper if median > limit
    ]
    return _Settled(median, 0, f"measured at {median:.6g}, and {broken[0]}" if broken else "")


def _settle_classes(classes: NDArray[np.float64]) -> _Settled:
    (common, count), *others = Counter(classes.tolist()).most_common()
    if not others:
        return _Settled(common)
    share = f"classes disagree, {' to '.join(str(n) for n in (count, *(n for _, n in others)))}"
    return _Settled(conflict=share) if others[0][1] == count else _Settled(common, 0, share)


def find_leaks(keys: Sequence[Hashable], split: Split) -> dict[int, str]:
    """Return each row of training or validation whose compound is held out too, and why it has to go.

    Held-out rows stay as they are: a test set that others use is no longer the same one with a row less.
    """
    held_out: dict[Hashable, str] = {}
    leaks = {}
    for part, rows in (("test", split.test), ("validation", split.valid), ("training", split.train)):
        for row in rows:
            if held_out.get(keys[row], part) != part:
                leaks[int(row)] = f"the same compound is in the {held_out[keys[row]]} part: left out of the {part} part"
        held_out |= {keys[row]: part for row in rows if keys[row] not in held_out}
    return leaks
