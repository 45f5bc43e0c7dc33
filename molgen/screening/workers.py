"""Blocks through one process or several, results always in the order of the blocks."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from molgen.data.library import Block
from molgen.data.prepared.reader import PreparedBlock
from molgen.errors import MolgenError
from molgen.screening.duplicates import DuplicateMarker
from molgen.screening.score import ScoredBlock, ScorePlan, Scorer

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["score_blocks"]

#: Blocks under way a worker: enough to keep it busy, few enough that memory does not grow with the library.
_AHEAD = 3

# The scorer of a worker process, made once when the process starts.
_scorer: list[Scorer] = []


def score_blocks(
    blocks: Iterable[Block | PreparedBlock], bundle: Bundle | None, bundle_path: str | None, plan: ScorePlan, *, workers: int
) -> Iterator[ScoredBlock]:
    """Score blocks in order.

    Parameters
    ----------
    blocks
        The library's blocks, read as they are needed.
    bundle, bundle_path
        The predictor, and the file that workers load it from; ``None`` to filter only.
    plan
        What to make of each block.
    workers
        Processes; 1 stays in this one.

    Raises
    ------
    MolgenError
        If a worker process dies.
    """
    if workers > 1:
        scored: Iterable[ScoredBlock] = _score_in_pool(blocks, bundle_path, plan, workers)
    else:
        scored = map(Scorer(bundle, plan), blocks)
    yield from _without_duplicates(scored, plan) if plan.drop_duplicates else scored


def _without_duplicates(scored: Iterable[ScoredBlock], plan: ScorePlan) -> Iterator[ScoredBlock]:
    """Mark repetitions here, where the blocks come by in their order."""
    values = [*plan.schema.scores, *plan.schema.annotations]
    marker = DuplicateMarker([name for name in values if name in plan.schema.columns])
    for block in scored:
        batch, stage = marker.mark(block.batch, block.passed, block.keys)
        yield block._replace(batch=batch, stages=[*block.stages, stage])


def _score_in_pool(
    blocks: Iterable[Block | PreparedBlock], bundle_path: str | None, plan: ScorePlan, workers: int
) -> Iterator[ScoredBlock]:
    # Spawned, never forked: a forked child inherits the locks of torch's and LightGBM's threads.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(bundle_path, plan),
    )
    under_way: deque[Future[ScoredBlock]] = deque()
    try:
        for block in blocks:
            under_way.append(pool.submit(_score_here, block))
            if len(under_way) > _AHEAD * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool:
        raise MolgenError(
            "a worker process died, perhaps for lack of memory; try fewer --workers, or --workers 1 to see where"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(bundle_path: str | None, plan: ScorePlan) -> None:
    # Ctrl-C reaches the whole group of processes: the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bundle = None
    if bundle_path is not None:
        from molgen.bundle import Bundle  # a process that only filters does without torch

        bundle = Bundle.load(bundle_path)
    _scorer[:] = [Scorer(bundle, plan)]


def _score_here(block: Block | PreparedBlock) -> ScoredBlock:
    return _scorer[0](block)
