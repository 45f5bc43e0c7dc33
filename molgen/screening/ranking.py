"""The best rows of a stream, in the task's direction."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.data.tasks import Task

__all__ = ["TopHits", "ranking_keys"]


class TopHits:
    """Keeps the ``size`` best scored rows seen so far; among equals the earlier row wins.

    Parameters
    ----------
    task
        Whose column and direction rank the rows.
    size
        Rows to keep.
    schema
        Of the batches.
    """

    def __init__(self, task: Task, size: int, schema: pa.Schema) -> None:
        self.task = task
        self.size = size
        self._best = schema.empty_table()

    def add(self, batch: pa.RecordBatch) -> None:
        """Consider a batch; rows without a score are no hits."""
        keys = self._keys(batch.column(self.task.name))
        scored = np.flatnonzero(~np.isnan(keys))
        if len(self._best) == self.size:
            worst = self._keys(self._best.column(self.task.name))[-1]
            scored = scored[keys[scored] < worst]
        if not len(scored):
            return
        # A stable order keeps the earlier row among equals: the best so far come first.
        candidates = pa.concat_tables([self._best, pa.Table.from_batches([batch.take(scored)])])
        order = np.argsort(self._keys(candidates.column(self.task.name)), kind="stable")[: self.size]
        self._best = candidates.take(order).combine_chunks()

    def table(self) -> pa.Table:
        """Return the hits, best first, with their ``rank`` as first column."""
        ranks = pa.array(np.arange(1, len(self._best) + 1))
        return self._best.add_column(0, "rank", ranks)

    def _keys(self, column: pa.ChunkedArray | pa.Array) -> NDArray[np.float64]:
        return ranking_keys(self.task, column)


def ranking_keys(task: Task, column: pa.ChunkedArray | pa.Array) -> NDArray[np.float64]:
    """Return what sorts a task's values best first; NaN for a row that has none."""
    values = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return np.negative(values) if task.direction == "high" else np.asarray(values)
