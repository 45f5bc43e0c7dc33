"""How early scores that a table already holds find the actives; no model is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from molgen.data.columns import find_column
from molgen.data.joined import open_tables
from molgen.data.labels import check_labels, parse_labels
from molgen.data.numbers import read_columns
from molgen.plain import plain
from molgen.training.enrichment import Enrichment, enrichment

__all__ = ["ScoreEvaluation", "evaluate_scores"]


@dataclass(frozen=True, slots=True)
class ScoreEvaluation:
    """What a column of scores is worth.

    Attributes
    ----------
    enrichment
        Measure -> value and confidence interval; see :func:`~molgen.training.enrichment.enrichment`.
    rows, actives
        Rows with a label and a score, and the actives among them.
    left_out
        Reason -> rows that have not both.
    positive
        What the label column calls an active.
    notes
        What was unusual about the file.
    """

    enrichment: dict[str, Enrichment]
    rows: int
    actives: int
    left_out: Counter[str]
    positive: str
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data: ``enrichment, compounds, actives, left_out, notes``."""
        found = {name: each._asdict() for name, each in self.enrichment.items()}
        described: dict[str, Any] = plain({"enrichment": found, "compounds": self.rows, "actives": self.actives})
        return {**described, "left_out": dict(self.left_out), "notes": self.notes}


def evaluate_scores(
    data: str | Path | Sequence[str | Path], label: str, score: str, *, lowest_first: bool = False, seed: int = 0
) -> ScoreEvaluation:
    """Measure how early the ranking by a column of scores finds the actives.

    Parameters
    ----------
    data
        CSV, TSV, SMI, SD or Parquet file, plain or packed, or several with the same columns.
    label
        Column that says which compounds are active.
    score
        Column of numbers.
    lowest_first
        Whether the lowest score is the best, as a docking program's is.
    seed
        Of the bootstrap samples.

    Raises
    ------
    InputError
        If a column is missing, or the label is not of two classes.

    Examples
    --------
    >>> molgen.evaluate_scores("docked.csv", "active", "dock", lowest_first=True).enrichment["ef1"]  # doctest: +SKIP
    """
    table = open_tables(data)
    columns = [
        find_column(table.columns, name, flag=flag, where=table.name) for name, flag in ((label, "--label"), (score, "--score"))
    ]
    at = [table.columns.index(name) for name in columns]
    rows = [("", "") if row.problem else (row.values[at[0]], row.values[at[1]]) for row in table.rows()]
    where = f"{table.name}, column {columns[0]!r}"
    labels = check_labels(parse_labels([each for each, _ in rows], "binary", where=where), where)
    numbers, problems = read_columns({columns[1]: [each for _, each in rows]})
    scores = -numbers[columns[1]] if lowest_first else numbers[columns[1]]
    known = ~(np.isnan(labels.values) | np.isnan(scores))
    reasons = (
        "no label" if np.isnan(labels.values[row]) else problems[row].split(":", 1)[0] for row in np.flatnonzero(~known).tolist()
    )
    found, notes = enrichment(labels.values, scores, seed=seed), [*table.notes, *labels.notes]
    actives = int(labels.values[known].sum())
    return ScoreEvaluation(found, int(known.sum()), actives, Counter(reasons), labels.positive or "1", notes)
