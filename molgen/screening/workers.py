"""Blocks through one process or several, results always in the order of the blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

from molgen.data.library import AnyBlock
from molgen.screening.process import Worker
from molgen.screening.score import ScoredBlock, ScorePlan, Scorer
from molgen.screening.watchdog import RowLimits, Verdict, Watchdog

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["score_blocks"]

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
        Processes; 1 stays in this one, unless there are limits.
    limits
        What one row may take; ``None`` for the usual limits where there are several processes.

    Raises
    ------
    MolgenError
        If scoring raises one, or a worker process cannot start.
    """
    if workers > 1 or limits is not None:
        yield from _score_in_pool(blocks, bundle_path, plan, workers, limits or RowLimits())
    else:
        yield from map(Scorer(bundle, plan), blocks)


def _score_in_pool(
    blocks: Iterable[AnyBlock], bundle_path: str | None, plan: ScorePlan, workers: int, limits: RowLimits
) -> Generator[ScoredBlock]:
    # A thread for each process sends it a block and waits: what to do with a bad row reads from top to bottom there.
    processes = [Worker(bundle_path, plan) for _ in range(workers)]
    known: dict[str, Verdict] = {}
    free: SimpleQueue[Watchdog] = SimpleQueue()
    for process in processes:
        free.put(Watchdog(process, limits, known, plan.extras))

    def score(block: AnyBlock) -> ScoredBlock:
        watchdog = free.get()
        try:
            return watchdog(block)
        finally:
            free.put(watchdog)

    threads = ThreadPoolExecutor(workers)
    under_way: deque[Future[ScoredBlock]] = deque()
    whole = False
    try:
        for block in blocks:
            under_way.append(threads.submit(score, block))
            if len(under_way) > _AHEAD * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
        whole = True
    finally:
        if not whole:
            for process in processes:
                process.kill()
        threads.shutdown(wait=True, cancel_futures=True)
        for process in processes:
            process.close()
