"""The same compound more than once: in two parts of a split, or with labels that disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from molgen.data.audit.profile import Profile
from molgen.data.tasks import Task

__all__ = ["Conflicts", "Overlap", "find_conflicts", "find_overlaps", "overlapping_rows"]

#: Examples kept of each kind of finding.
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Overlap:
    """Compounds of one part that are in another.

    Attributes
    ----------
    part, seen_in
        The part that is looked at, and the one that its compounds are looked for in.
    rows
        Rows of ``part`` with a molecule.
    same_structure, same_skeleton
        How many of them have a row in ``seen_in`` with the same canonical SMILES, or the same first block of the InChIKey.
    examples
        Pairs of row numbers, in ``part`` and in ``seen_in``.
    """

    part: str
    seen_in: str
    rows: int
    same_structure: int
    same_skeleton: int
    examples: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Labels of one task for structures that occur more than once.

    Attributes
    ----------
    task
        The label column.
    structures, rows
        Structures with more than one label, and the rows they are in.
    differing
        Structures whose labels are not all the same.
    median_spread, max_spread
        Of highest minus lowest label over those that differ, in the label's unit; regression only.
    noise
        Standard deviation within structures, pooled over all ``structures``: no model can be expected to be more exact
        (regression). For classes, the share of ``rows`` that contradict the majority of their structure.
    examples
        The structures that differ most: SMILES, labels and row numbers.
    """

    task: str
    structures: int
    rows: int
    differing: int
    median_spread: float | None
    max_spread: float | None
    noise: float | None
    examples: list[tuple[str, list[float], list[int]]] = field(default_factory=list)


def find_overlaps(profile: Profile, parts: Mapping[str, NDArray[np.int64]]) -> list[Overlap]:
    """Look for the compounds of each part in every part before it, in the order of ``parts``.

    Parameters
    ----------
    profile
        What is known of each row.
    parts
        Name -> its rows.
    """
    names = list(parts)
    return [_overlap(profile, parts, names[at], before) for at in range(1, len(names)) for before in names[:at]]


def overlapping_rows(profile: Profile, first: NDArray[np.int64], second: NDArray[np.int64]) -> list[int]:
    """Return the rows of ``first`` whose skeleton is in ``second``.

    Parameters
    ----------
    profile
        What is known of each row.
    first, second
        Numbers of rows.
    """
    known = {profile.skeleton[row] for row in second} - {None}
    return [int(row) for row in first if profile.skeleton[row] in known]


def find_conflicts(profile: Profile, tasks: Sequence[Task], labels: NDArray[np.float64]) -> list[Conflicts]:
    """Compare the labels of rows with the same canonical SMILES, task by task.

    Parameters
    ----------
    profile
        What is known of each row.
    tasks
        What the labels are of.
    labels
        ``[rows, tasks]``, NaN where there is none.
    """
    return [_conflicts(profile, task, labels[:, at]) for at, task in enumerate(tasks)]


def _overlap(profile: Profile, parts: Mapping[str, NDArray[np.int64]], part: str, seen_in: str) -> Overlap:
    structures = {profile.structure[row] for row in parts[seen_in]} - {None}
    skeletons: dict[str, int] = {}
    for row in parts[seen_in].tolist():
        block = profile.skeleton[row]
        if block is not None:
            skeletons.setdefault(block, row)
    rows = [row for row in parts[part].tolist() if profile.structure[row] is not None]
    pairs = [(row, skeletons[block]) for row in rows if (block := profile.skeleton[row]) in skeletons and block is not None]
    same_structure = sum(profile.structure[row] in structures for row in rows)
    return Overlap(part, seen_in, len(rows), same_structure, len(pairs), pairs[:EXAMPLES])


def _conflicts(profile: Profile, task: Task, labels: NDArray[np.float64]) -> Conflicts:
    rows_of: dict[str, list[int]] = {}
    for row in np.flatnonzero(~np.isnan(labels)).tolist():
        structure = profile.structure[row]
        if structure is not None:
            rows_of.setdefault(structure, []).append(row)
    repeated = {structure: rows for structure, rows in rows_of.items() if len(rows) > 1}
    n_rows = sum(map(len, repeated.values()))
    spreads = {structure: float(np.ptp(labels[rows])) for structure, rows in repeated.items()}
    differing = sorted((structure for structure, spread in spreads.items() if spread > 0), key=lambda each: -spreads[each])
    widths = [spreads[structure] for structure in differing] if task.is_regression else []
    return Conflicts(
        task.name,
        len(repeated),
        n_rows,
        len(differing),
        float(np.median(widths)) if widths else None,
        max(widths) if widths else None,
        _noise([labels[rows] for rows in repeated.values()], task) if repeated else None,
        [(each, labels[repeated[each]].tolist(), repeated[each]) for each in differing[:EXAMPLES]],
    )


def _noise(groups: list[NDArray[np.float64]], task: Task) -> float:
    if task.is_regression:
        squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
        return float(np.sqrt(squares / sum(len(group) - 1 for group in groups)))
    against = sum(len(group) - int(np.unique(group, return_counts=True)[1].max()) for group in groups)
    return against / sum(map(len, groups))
