"""What a screen came to: counts by status and reason, and a sample of each score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.filters.pipeline import StageCount

if TYPE_CHECKING:
    from molgen.screening.cascade import Recall

__all__ = ["Sample", "Summary"]

_SAMPLE = 50_000
#: Kinds of reason that are told apart; those that turn up after so many are counted together.
_KINDS = 100
#: Stages of the funnel that are no filters.
_NO_FILTERS = ("read", "annotate", "predict")


class Sample:
    """An even sample of a stream of numbers in bounded memory: every k-th value, with k doubled when there are too many."""

    def __init__(self, limit: int = _SAMPLE) -> None:
        self._limit = limit
        self._stride = 1
        self._seen = 0
        self._kept: list[NDArray[np.float64]] = []

    def add(self, values: NDArray[np.float64]) -> None:
        """Add values in the order of the stream."""
        first = -self._seen % self._stride
        self._kept.append(values[first :: self._stride])
        self._seen += len(values)
        while sum(map(len, self._kept)) > self._limit:
            self._stride *= 2
            self._kept = [np.concatenate(self._kept)[::2]]

    def values(self) -> NDArray[np.float64]:
        """Return the sample without what is missing."""
        joined = np.concatenate(self._kept) if self._kept else np.zeros(0)
        return joined[~np.isnan(joined)]


@dataclass(slots=True)
class Summary:
    """Counts and samples over all rows.

    Attributes
    ----------
    rows
        Rows read.
    statuses
        Rows by status.
    reasons
        Rows by status and kind of reason (its words before the first colon).
    notes
        Rows by kind of note.
    scores
        A sample of each numeric column.
    funnel
        Rows and CPU time of each stage, in order: ``read``, each filter, ``duplicates``, ``annotate``, ``predict``.
    recall
        What a cascade keeps, if there was one.
    """

    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    scores: dict[str, Sample] = field(default_factory=dict)
    funnel: dict[str, StageCount] = field(default_factory=dict)
    recall: Recall | None = None

    def add(self, batch: pa.RecordBatch, stages: Iterable[StageCount] = ()) -> None:
        """Count a batch, and what its stages did."""
        for stage in stages:
            before = self.funnel.get(stage.name, StageCount(stage.name, 0, 0, 0.0))
            self.funnel[stage.name] = before.plus(stage)
        self.rows += len(batch)
        statuses, reasons = batch.column("status").to_pylist(), batch.column("reason").to_pylist()
        self.statuses.update(statuses)
        for status, reason in zip(statuses, reasons, strict=True):
            if reason:
                _count(self.reasons, (status, _kind(reason)), (status, "other reasons"))
        for notes in batch.column("notes").drop_null().to_pylist():
            for kind in {_kind(note) for note in notes.split("; ")}:
                _count(self.notes, kind, "other notes")
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if pa.types.is_floating(column.type):
                self.scores.setdefault(name, Sample()).add(column.to_numpy(zero_copy_only=False))

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain data: ``rows, statuses, reasons, notes_on_rows, funnel``, and ``cascade`` if there was one."""
        counts: dict[str, Any] = {
            "rows": self.rows,
            "statuses": dict(self.statuses),
            "reasons": [{"status": status, "reason": reason, "rows": n} for (status, reason), n in self.reasons.most_common()],
            "notes_on_rows": dict(self.notes.most_common()),
            "funnel": [
                {"stage": each.name, "rows": each.rows, "rejected": each.rejected, "seconds": each.seconds}
                for each in self.funnel.values()
            ],
        }
        return counts | ({"cascade": self.recall.to_json()} if self.recall else {})

    @property
    def seconds_saved(self) -> float:
        """CPU time that predicting the filtered rows would have taken, at the price of a row without what any batch costs."""
        predicted = self.funnel.get("predict")
        filtered = sum(stage.rejected for name, stage in self.funnel.items() if name not in _NO_FILTERS)
        if not predicted or not predicted.rows:
            return 0.0
        return filtered * max(0.0, predicted.seconds - predicted.fixed) / predicted.rows

    @property
    def seconds_filtering(self) -> float:
        """CPU time that the filters took."""
        return sum(stage.seconds for name, stage in self.funnel.items() if name not in _NO_FILTERS)


K = TypeVar("K")


def _count(counter: Counter[K], key: K, other: K) -> None:
    counter[key if key in counter or len(counter) < _KINDS else other] += 1


def _kind(reason: str) -> str:
    return reason.split(":", 1)[0].split(" (line ", 1)[0]
