"""Blocks through one process or several, results always in the order of the blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

from molgen.data.library import AnyBlock
from molgen.screening.process import MakeWork, Worker
from molgen.screening.score import MakeScorer, ScoredBlock, ScorePlan, Scorer
from molgen.screening.watchdog import BlockWorker, RowLimits, Verdict, Watchdog

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["score_blocks", "score_watched", "work_blocks"]

#: Blocks under way a worker: enough to keep it busy, few enough that memory does not grow with the library.
_AHEAD = 3


def score_blocks(
    blocks: Iterable[AnyBlock],
    bundle: Bundle | None,
    bundle_path: str | None,
    plan: ScorePlan,
    *,
    workers: int,
    limits: RowLimits | None = None,
) -> Generator[ScoredBlock]:
    """Score blocks in order, as :func:`work_blocks` does any work on them.

    The predictor is ``bundle``, and workers load it from ``bundle_path``; without one blocks are only filtered.
    """

    def here() -> Scorer:
        return Scorer(bundle, plan)

    return work_blocks(blocks, here, MakeScorer(bundle_path, plan), plan.extras, workers=workers, limits=limits)


def work_blocks(
    blocks: Iterable[AnyBlock],
    here: MakeWork,
    there: MakeWork,
    extras: Sequence[str],
    *,
    workers: int,
    limits: RowLimits | None = None,
) -> Generator[ScoredBlock]:
    """Work on blocks in order.

    Parameters
    ----------
    blocks
        The library's blocks, read as they are needed.
    here, there
        Make what is done with each block: in this process, and in another, which it is sent to.
    extras
        The library's further columns.
    workers
        Processes; 1 stays in this one, unless there are limits.
    limits
        What one row may take; ``None`` for the usual limits where there are several processes.

    Raises
    ------
    MolgenError
        If the work raises one, or a worker process cannot start.
    """
    if workers > 1 or limits is not None:
        yield from score_watched(blocks, [Worker(there) for _ in range(workers)], limits or RowLimits(), extras)
    else:
        yield from map(here(), blocks)


def score_watched(
    blocks: Iterable[AnyBlock], workers: Sequence[BlockWorker], limits: RowLimits, extras: Sequence[str]
) -> Generator[ScoredBlock]:
    """Score blocks in order, by workers that may fail on some rows; the workers are ended when the last block is out.

    Parameters
    ----------
    blocks
        The library's blocks, read as they are needed.
    workers
        As many blocks are scored at a time.
    limits
        What one row may take.
    extras
        The library's further columns.

    Raises
    ------
    MolgenError
        If a worker raises one.
    """
    # A thread for each worker sends it a block and waits: what to do with a bad row reads from top to bottom there.
    known: dict[str, Verdict] = {}
    free: SimpleQueue[Watchdog] = SimpleQueue()
    for worker in workers:
        free.put(Watchdog(worker, limits, known, extras))

    def score(block: AnyBlock) -> ScoredBlock:
        watchdog = free.get()
        try:
            return watchdog(block)
        finally:
            free.put(watchdog)

    threads = ThreadPoolExecutor(len(workers))
    under_way: deque[Future[ScoredBlock]] = deque()
    whole = False
    try:
        for block in blocks:
            under_way.append(threads.submit(score, block))
            if len(under_way) > _AHEAD * len(workers):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
        whole = True
    finally:
        if not whole:
            for worker in workers:
                worker.kill()
        threads.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()
