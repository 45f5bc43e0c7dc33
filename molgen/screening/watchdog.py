"""Rows that hang a process, fill its memory or end it: found by halving their block, and set aside with a status of their own.

When such rows are known, their block is scored again without them, in one piece. So what the other rows get depends on which rows
are set aside, and not on how they were found.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from molgen.data.library import AnyBlock, Block, load_block
from molgen.errors import ConfigError, MolgenError
from molgen.filters.pipeline import StageCount
from molgen.screening.process import Failure
from molgen.screening.score import ScoredBlock

__all__ = ["ROW_MEMORY", "ROW_TIMEOUT", "BlockWorker", "RowLimits", "Verdict", "Watchdog"]

#: Usual limits of a row, in seconds and MB: a row takes a millisecond, and a slow one of 300 atoms some hundred.
ROW_TIMEOUT, ROW_MEMORY = 30.0, 4000.0
#: What a block may take beyond the time of one bad row, in seconds a row; or so many times what rows took so far.
_EACH, _TIMES = 0.02, 10.0


class RowLimits(NamedTuple):
    """What one row may take: seconds, and MB of memory beyond what the process has anyway. Infinity is no limit."""

    seconds: float = ROW_TIMEOUT
    megabytes: float = ROW_MEMORY

    @classmethod
    def asked(cls, seconds: float | None, megabytes: float | None) -> RowLimits:
        """Return limits as a user gives them: ``None`` for the usual one, 0 for none.

        Raises
        ------
        ConfigError
            If one is negative or no number.
        """
        for name, value in (("row_timeout", seconds), ("row_memory", megabytes)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} cannot be {value:g}", expected="a number above 0, or 0 for no limit")
        return cls(
            ROW_TIMEOUT if seconds is None else seconds or math.inf,
            ROW_MEMORY if megabytes is None else megabytes or math.inf,
        )


class Verdict(NamedTuple):
    """What a row that is set aside gets."""

    status: str
    reason: str


class BlockWorker(Protocol):
    """What scores a block and can say that it came to nothing: :class:`~molgen.screening.process.Worker`, or one far away."""

    def score(self, block: AnyBlock, *, seconds: float, megabytes: float) -> ScoredBlock | Failure:
        """Score a block within limits of time and memory."""
        ...

    def kill(self) -> None:
        """End for good; who waits for an answer gets one soon."""
        ...

    def close(self) -> None:
        """End when nothing is to be done any more."""
        ...


class Watchdog:
    """Scores blocks by one worker process, whatever rows they have.

    Parameters
    ----------
    worker
        The process.
    limits
        What one row may take.
    known
        Text of a structure -> what became of it. Shared by all workers, so that each is suffered once.
    extras
        The library's further columns.
    """

    def __init__(self, worker: BlockWorker, limits: RowLimits, known: dict[str, Verdict], extras: Sequence[str] = ()) -> None:
        self._worker = worker
        self._limits = limits
        self._known = known
        self._extras = extras
        self._seconds, self._rows = 0.0, 0

    def __call__(self, job: AnyBlock) -> ScoredBlock:
        """Score a block; every row comes out, in order."""
        if not isinstance(job, Block) and not self._known:
            answer = self._try(job)
            if isinstance(answer, ScoredBlock):
                return answer
        block = load_block(job, self._extras)
        while True:
            masked, verdicts = self._set_aside(block)
            answer = self._try_twice(masked)
            if isinstance(answer, ScoredBlock):
                return _judged(answer, verdicts)
            if not self._find(masked, [at for at in range(len(block.rows)) if at not in masked.problems]):
                return self._in_pieces(block)

    def _find(self, block: Block, rows: Sequence[int]) -> bool:
        """Find one row of some that is at fault alone, by halves; there may be none, if only many together are too much."""
        while len(rows) > 1:
            half = rows[: len(rows) // 2]
            rows = half if isinstance(self._try(_part(block, half)), Failure) else rows[len(half) :]
        failure = self._try_twice(_part(block, rows)) if rows else None
        if isinstance(failure, Failure):
            self._known[block.texts[rows[0]]] = self._verdict(failure)
            return True
        return False

    def _in_pieces(self, block: Block) -> ScoredBlock:
        """Score a block that is too much as a whole, though none of its rows is."""
        masked, verdicts = self._set_aside(block)
        answer = self._try_twice(masked)
        if isinstance(answer, ScoredBlock):
            return _judged(answer, verdicts)
        n = len(block.rows)
        if n == 1:
            if verdicts or block.problems:
                raise MolgenError(f"a worker process fails even where there is nothing to score ({answer.value})")
            self._known[block.texts[0]] = self._verdict(answer)
            return self(block)
        return _joined([self._in_pieces(_part(block, half)) for half in (range(n // 2), range(n // 2, n))])

    def _try_twice(self, block: AnyBlock) -> ScoredBlock | Failure:
        """Score a block; if its process died, which may be no fault of the block, once more."""
        answer = self._try(block)
        return self._try(block) if answer is Failure.DIED else answer

    def _try(self, block: AnyBlock) -> ScoredBlock | Failure:
        """Score a block within the limits."""
        n, start = block.size, time.monotonic()
        usual = max(_EACH, _TIMES * self._seconds / max(1, self._rows))
        limits = {"seconds": self._limits.seconds + (n * usual if n > 1 else 0), "megabytes": self._limits.megabytes}
        answer = self._worker.score(block, **limits)
        if isinstance(answer, ScoredBlock):
            self._seconds, self._rows = self._seconds + time.monotonic() - start, self._rows + n
        return answer

    def _set_aside(self, block: Block) -> tuple[Block, dict[int, Verdict]]:
        """Return a block in which the structures that are known to be bad are not read, and what they get."""
        bad = [at for at, text in enumerate(block.texts) if text in self._known and at not in block.problems]
        verdicts = {at: self._known[block.texts[at]] for at in bad}
        return block._replace(problems=block.problems | {at: verdict.reason for at, verdict in verdicts.items()}), verdicts

    def _verdict(self, failure: Failure) -> Verdict:
        if failure is Failure.TIMEOUT:
            return Verdict("timeout", f"timeout: took longer than {self._limits.seconds:g} s")
        if failure is Failure.MEMORY:
            return Verdict("too_large", f"too large: needs more than {self._limits.megabytes:g} MB of memory")
        return Verdict("too_large", "the process died on this row")


def _part(block: Block, rows: Sequence[int]) -> Block:
    """Return some rows of a block, by index."""
    return block._replace(
        rows=[block.rows[at] for at in rows],
        ids=[block.ids[at] for at in rows],
        texts=[block.texts[at] for at in rows],
        problems={new: block.problems[at] for new, at in enumerate(rows) if at in block.problems},
        extras=[None if values is None else [values[at] for at in rows] for values in block.extras],
        prepared=None if block.prepared is None else block.prepared.take(rows),
    )


def _judged(block: ScoredBlock, verdicts: dict[int, Verdict]) -> ScoredBlock:
    """Give rows that were set aside their own status; the reason they have."""
    if not verdicts:
        return block
    at = block.batch.schema.names.index("status")
    statuses = block.batch.column(at).to_pylist()
    for row, verdict in verdicts.items():
        statuses[row] = verdict.status
    return block._replace(batch=block.batch.set_column(at, block.batch.schema.field(at), pa.array(statuses, pa.string())))


def _joined(pieces: Sequence[ScoredBlock]) -> ScoredBlock:
    """Put the pieces of a block together."""
    starts = np.cumsum([0, *(len(piece.batch) for piece in pieces)])[:-1]
    stages: dict[str, StageCount] = {}
    for stage in (each for piece in pieces for each in piece.stages):
        stages[stage.name] = stages[stage.name].plus(stage) if stage.name in stages else stage
    return ScoredBlock(
        pieces[0].number,
        pa.concat_batches([piece.batch for piece in pieces]),
        list(stages.values()),
        np.concatenate([piece.passed + start for piece, start in zip(pieces, starts, strict=True)]),
        np.concatenate([piece.keys for piece in pieces]),
    )
