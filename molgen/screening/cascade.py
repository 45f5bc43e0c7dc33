"""A fast model on every row, the full one on the best of them, and how much of what the full one would have chosen that keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr

from molgen.data.library import BLOCK_ROWS, Block
from molgen.data.tasks import Task
from molgen.screening.ranking import TopHits, ranking_keys
from molgen.screening.schema import OutputSchema
from molgen.screening.score import ScoredBlock

__all__ = ["RESCORED", "Cascade", "Kept", "Recall"]

#: What the names of the full model's columns begin with.
RESCORED = "rescored_"
#: Rows that both models score, to compare them.
SAMPLE_ROWS = 1000
#: The full model's best shares of which it is told how many the fast one lets through.
_SHARES = (0.01, 0.05, 0.1)
#: Fewer rows than this say nothing of a share.
_FEWEST = 5


class Kept(NamedTuple):
    """How many of the full model's best rows the cascade keeps, on the sample.

    Attributes
    ----------
    share
        The best rows are this share of the library.
    rows, kept
        Rows of the sample that belong to them, and those that the fast model lets through.
    low, high
        95 % interval of ``kept / rows`` (Wilson's).
    """

    share: float
    rows: int
    kept: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Recall:
    """What a sample of the library says of a cascade.

    Attributes
    ----------
    rescored
        Rows that the full model scored for their rank.
    sample
        Rows that both models scored for comparison.
    correlation
        Spearman's, between the two models' scores; NaN where there is none.
    kept
        One entry a share.
    """

    rescored: int
    sample: int
    correlation: float
    kept: list[Kept]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        correlation = self.correlation if np.isfinite(self.correlation) else None
        kept = [each._asdict() for each in self.kept]
        return {"rescored": self.rescored, "sample": self.sample, "correlation": correlation, "kept": kept}


class _Sampler:
    """Every k-th scored row of a stream, with k doubled when there are too many."""

    def __init__(self, limit: int, schema: pa.Schema) -> None:
        self._limit, self._stride, self._seen = limit, 1, 0
        self._rows = schema.empty_table()

    def add(self, batch: pa.RecordBatch) -> None:
        first = -self._seen % self._stride
        taken = np.arange(first, len(batch), self._stride)
        self._seen += len(batch)
        self._rows = pa.concat_tables([self._rows, pa.Table.from_batches([batch.take(taken)])])
        while len(self._rows) > 2 * self._limit:
            self._stride *= 2
            self._rows = self._rows.take(np.arange(0, len(self._rows), 2))

    def table(self) -> pa.Table:
        return self._rows.combine_chunks()


class Cascade:
    """The second step of a screen.

    Parameters
    ----------
    task
        What ranks rows in the end, by its name in the full model.
    rows
        How many of the best rows the full model scores.
    schema
        The full model's columns.
    score
        Scores blocks by the full model.
    about
        The column that rows are read from.
    """

    def __init__(
        self,
        task: Task,
        rows: int,
        schema: OutputSchema,
        score: Callable[[Iterable[Block]], Iterable[ScoredBlock]],
        about: str = "smiles",
    ) -> None:
        self._task = task
        self._rows = rows
        self._columns = [name for name in schema.scores if name != "domain"]
        self._fields = [schema.arrow.field(name).with_name(f"{RESCORED}{name}") for name in self._columns]
        self._score = score
        self._about = about
        self._values: dict[tuple[str, int], int] = {}
        self._rescored = pa.schema(self._fields).empty_table()
        self.recall: Recall | None = None

    @property
    def task(self) -> Task:
        """What ranks the rows that the full model scored."""
        return Task(f"{RESCORED}{self._task.name}", self._task.kind, self._task.unit, self._task.direction, self._task.positive)

    @property
    def fields(self) -> list[pa.Field]:
        """The columns that :meth:`fill` adds."""
        return self._fields

    def choose(self, batches: Iterable[pa.RecordBatch], first: Task, schema: pa.Schema) -> None:
        """Go through all rows, score the best by the full model, and compare both models on a sample.

        Parameters
        ----------
        batches
            All rows, with what the fast model says of them.
        first
            What ranks the rows by the fast model.
        schema
            Of the batches.
        """
        best, sampler = TopHits(first, self._rows, schema), _Sampler(SAMPLE_ROWS, schema)
        for batch in batches:
            best.add(batch)
            scored = np.flatnonzero(np.isfinite(ranking_keys(first, batch.column(first.name))))
            sampler.add(batch.take(scored))
        chosen, sample = best.table(), sampler.table()
        self._rescored = self._rescore(chosen)
        places = zip(chosen.column("source").to_pylist(), chosen.column("row").to_pylist(), strict=True)
        self._values = {place: at for at, place in enumerate(places)}
        self.recall = self._compare(sample, first, chosen)

    def fill(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with the full model's columns, empty for rows that it did not score."""
        places = zip(batch.column("source").to_pylist(), batch.column("row").to_pylist(), strict=True)
        at = pa.array([self._values.get(place) for place in places], pa.int64())
        for field in self._fields:
            batch = batch.append_column(field, self._rescored.column(field.name).combine_chunks().take(at))
        return batch

    def _rescore(self, rows: pa.Table) -> pa.Table:
        batches = [block.batch.select(self._columns) for block in self._score(_blocks(rows, self._about))]
        arrays = [pa.concat_arrays([each.column(name) for each in batches]) if batches else [] for name in self._columns]
        return pa.table(arrays, schema=pa.schema(self._fields))

    def _compare(self, sample: pa.Table, first: Task, chosen: pa.Table) -> Recall:
        fast = ranking_keys(first, sample.column(first.name))
        full = ranking_keys(self.task, self._rescore(sample).column(self.task.name))
        known = np.isfinite(full)
        fast, full = fast[known], full[known]
        # The keys of the best come first: what is as good as the last of them was let through.
        let_through = len(chosen) < self._rows or fast <= ranking_keys(first, chosen.column(first.name))[-1]
        passed = np.broadcast_to(let_through, fast.shape)
        varied = len(fast) > 2 and np.ptp(fast) > 0 and np.ptp(full) > 0
        correlation = float(spearmanr(fast, full).statistic) if varied else float("nan")
        kept = []
        order = np.argsort(full, kind="stable")
        for share in _SHARES:
            top = order[: round(share * len(full))]
            if len(top) >= _FEWEST:
                n = int(passed[top].sum())
                kept.append(Kept(share, len(top), n, *_wilson(n, len(top))))
        return Recall(len(chosen), len(full), correlation, kept)


def _blocks(rows: pa.Table, about: str) -> Iterator[Block]:
    """Return rows that were scored before as blocks to be scored again."""
    for number, start in enumerate(range(0, len(rows), BLOCK_ROWS)):
        part = rows.slice(start, BLOCK_ROWS)
        texts = part.column(about).to_pylist()
        yield Block(number, "", list(range(1, len(part) + 1)), [""] * len(part), texts, {}, [])


def _wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    p, square = successes / n, z * z
    centre = (p + square / (2 * n)) / (1 + square / n)
    half = z * float(np.sqrt(p * (1 - p) / n + square / (4 * n * n))) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)
