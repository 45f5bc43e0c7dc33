"""Blocks through the nodes of a Ray cluster, results always in the order of the blocks.

An actor asks for one CPU of some node. The block is scored by a process of its own beside the actor
(:class:`~molgen.screening.process.Worker`), as it would be on one machine: so the same limits hold, and the same bytes come out.
An actor that is lost with its node is replaced on another, and its block sent anew. Ray's own restarts are not used: they wait for
room on a node and hold the block meanwhile, while another actor could have scored it.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import signal
import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from molgen.data.library import AnyBlock, Block, load_block
from molgen.data.prepared.manifest import read_manifest
from molgen.errors import ConfigError, InputError, MolgenError
from molgen.extras import import_extra
from molgen.screening.process import Failure, Worker, as_ours
from molgen.screening.score import MakeScorer, ScoredBlock, ScorePlan
from molgen.screening.watchdog import RowLimits
from molgen.screening.workers import score_watched

__all__ = ["ENGINES", "NodeWorker", "check_engine", "score_on_ray"]

ENGINES = ("processes", "ray")

#: How many actors are lost over one block before the block is taken to be the cause.
_LIVES = 3
#: How many actors in a row fail to start before the run is given up.
_STARTS = 5
#: Seconds that a cluster has to answer.
_ANSWER = 10.0
#: Seconds to wait for a first actor: a cluster may have to start a node for it.
_PATIENCE = 600.0
_HOST_AND_PORT = re.compile(r"(?:ray://)?([^/]+):(\d+)").fullmatch


def check_engine(name: str, address: str | None) -> None:
    """Refuse an engine that blocks cannot be scored by.

    Raises
    ------
    ConfigError
        If there is none of that name, or an address is given to one that has none.
    MissingExtraError
        If it needs a package that is not installed.
    """
    if name not in ENGINES:
        raise ConfigError("no such engine", where="engine", expected=f"one of {', '.join(ENGINES)}", got=repr(name))
    if name == "ray":
        import_extra("ray", "scale")
    elif address is not None:
        raise ConfigError("an address is of the engine ray alone", where="ray_address", got=address, remedy="add --engine ray")


def score_on_ray(
    blocks: Iterable[AnyBlock],
    bundle_path: str | None,
    plan: ScorePlan,
    *,
    workers: int,
    limits: RowLimits | None = None,
    address: str | None = None,
) -> Generator[ScoredBlock]:
    """Score blocks in order, on a cluster.

    Parameters
    ----------
    blocks
        The library's blocks. Those of a prepared library are read on the node if it sees the same files, else here.
    bundle_path
        The predictor's file, which only this machine needs to have; ``None`` to filter only.
    plan
        What to make of each block.
    workers
        Actors, of one CPU each; those that find no room wait for some, and the others do the work.
    limits
        What one row may take; ``None`` for the usual limits.
    address
        Of the cluster; by default the one that this process is connected to, the one that ``RAY_ADDRESS`` names, one that runs on
        this machine, or else a new one of this machine alone.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    ConfigError
        If the process is connected to a cluster already, and an address is given.
    MolgenError
        If scoring raises one, no cluster answers, or no actor starts.
    """
    ray = import_extra("ray", "scale")

    bundle = None if bundle_path is None else Path(bundle_path).read_bytes()
    with _connected(address):
        try:
            actors = _Actors(bundle, plan, workers)
        except ray.exceptions.RayError as error:
            raise MolgenError(f"the Ray cluster failed: {as_ours(error)}") from None
        yield from score_watched(blocks, [actors] * workers, limits or RowLimits(), plan.extras)


class NodeWorker:
    """What an actor is on its node: a process that scores blocks, and may be given up.

    Errors are answers here, for what Ray makes of an exception does not reach the user as one line.

    Parameters
    ----------
    bundle
        Bytes of the bundle; ``None`` to filter only.
    plan
        What to make of each block.
    """

    def __init__(self, bundle: bytes | None, plan: ScorePlan) -> None:
        self._worker = Worker(MakeScorer(bundle, plan))

    def start(self) -> MolgenError | None:
        """Be ready to score."""
        try:
            self._worker.start()
        except Exception as error:
            return as_ours(error)
        return None

    def score(
        self, block: AnyBlock, seconds: float, megabytes: float, library: str | None
    ) -> ScoredBlock | Failure | MolgenError | None:
        """Score a block.

        Parameters
        ----------
        block
            The rows, or where they are.
        seconds, megabytes
            Limits; see :meth:`~molgen.screening.process.Worker.score`.
        library
            SHA-256 of the manifest of the prepared library that the block is of.

        Returns
        -------
        ScoredBlock, Failure, MolgenError or None
            ``None`` if the files are not those of that library here.
        """
        try:
            if not isinstance(block, Block) and _library_here(str(Path(block.path).parent)) != library:
                return None
            return self._worker.score(block, seconds=seconds, megabytes=megabytes)
        except Exception as error:
            return as_ours(error)


class _Actors:
    """The actors of a run: whichever is ready scores the next block, and those that are lost are replaced.

    Its methods are called by one thread for each block under way.
    """

    def __init__(self, bundle: bytes | None, plan: ScorePlan, workers: int) -> None:
        import ray

        self._make = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(NodeWorker).remote
        # In the object store they travel to each node once.
        self._given = ray.put(bundle), ray.put(plan)
        self._extras = plan.extras
        self._lock = threading.Lock()
        self._alive: set[Any] = set()
        self._blind: set[Any] = set()  # those that do not see the files
        self._ready: SimpleQueue[tuple[Any, BaseException | None] | None] = SimpleQueue()
        self._some_started = self._closed = False
        self._failed = 0
        for _ in range(workers):
            self._start()

    def score(self, block: AnyBlock, *, seconds: float, megabytes: float) -> ScoredBlock | Failure:
        """Score a block on whichever node has time, and anew if the node is lost.

        Raises
        ------
        MolgenError
            If scoring raised one, or there are no actors.
        """
        import ray

        try:
            for _ in range(_LIVES):
                actor = self._take()
                answer = self._ask(actor, block, seconds, megabytes)
                if answer is None:
                    self._replace(actor)
                    continue
                self._ready.put((actor, None))
                if isinstance(answer, MolgenError):
                    raise answer
                return answer
        except ray.exceptions.RayError as error:
            raise MolgenError(f"the Ray cluster failed: {as_ours(error)}") from None
        return Failure.DIED

    def kill(self) -> None:
        """End all actors."""
        import ray

        with self._lock:
            self._closed = True
            while self._alive:
                ray.kill(self._alive.pop())
        self._ready.put(None)

    close = kill

    def _start(self) -> None:
        with self._lock:
            if self._closed:
                return
            actor = self._make(*self._given)
            self._alive.add(actor)

        def ready(started: Future[MolgenError | None]) -> None:
            self._ready.put((actor, started.exception() or started.result()))

        actor.start.remote().future().add_done_callback(ready)

    def _replace(self, actor: Any) -> None:
        import ray

        with self._lock:
            self._alive.discard(actor)
            self._blind.discard(actor)
        ray.kill(actor)  # it may be cut off, and not dead
        self._start()

    def _take(self) -> Any:
        """Return an actor that has nothing to do."""
        while True:
            try:
                found = self._ready.get(timeout=_PATIENCE)
            except Empty:
                if self._some_started:  # they are at work
                    continue
                raise MolgenError(f"no node of the Ray cluster had a CPU to spare within {_PATIENCE:g} s") from None
            if found is None:
                self._ready.put(None)  # for the other threads
                raise MolgenError("the workers were told to stop")
            actor, problem = found
            if problem is None:
                self._some_started, self._failed = True, 0
                return actor
            self._failed += 1
            if self._failed >= _STARTS:
                raise MolgenError(f"no worker starts on the Ray cluster: {as_ours(problem)}")
            self._replace(actor)

    def _ask(self, actor: Any, block: AnyBlock, seconds: float, megabytes: float) -> ScoredBlock | Failure | MolgenError | None:
        """Have an actor score a block; ``None`` if the actor is lost."""
        import ray

        library = None
        if not isinstance(block, Block):
            block = block._replace(path=str(Path(block.path).resolve()))
            library = _library_here(str(Path(block.path).parent))
        try:
            while True:
                if actor in self._blind:
                    block = load_block(block, self._extras)
                # The actor keeps the limits; if it does not answer at all, its node is as good as lost.
                answer = ray.get(
                    actor.score.remote(block, seconds, megabytes, library),
                    timeout=2 * seconds + 60 if math.isfinite(seconds) else None,
                )
                if answer is not None:
                    return answer  # type: ignore[no-any-return]
                self._blind.add(actor)
        except ray.exceptions.RayTaskError as error:
            return as_ours(error)
        except ray.exceptions.RayError:
            return None


@lru_cache(maxsize=64)
def _library_here(folder: str) -> str | None:
    """Return what tells the prepared library in a folder from any other, or ``None`` if there is none."""
    try:
        return read_manifest(folder).sha256()
    except InputError:
        return None


@contextlib.contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Be connected to a cluster."""
    import ray

    if ray.is_initialized():
        if address is not None:
            raise ConfigError("this process is connected to a Ray cluster already", where="ray_address", got=address)
        yield
        return
    _refuse_deaf(address or os.environ.get("RAY_ADDRESS", ""))
    # Ray takes SIGTERM for itself, where it means that the run is to stop in good order.
    before = signal.getsignal(signal.SIGTERM)
    try:
        try:
            ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray raises anything, plain Exception among it
            raise MolgenError(f"{address or 'Ray'}: no cluster can be used: {as_ours(error)}") from None
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
        yield
    finally:
        ray.shutdown()


def _refuse_deaf(address: str) -> None:
    """Refuse a cluster that does not answer, for which Ray itself would wait for minutes."""
    found = _HOST_AND_PORT(address)
    if found:
        try:
            socket.create_connection((found[1].strip("[]"), int(found[2])), _ANSWER).close()
        except (OSError, OverflowError, UnicodeError) as error:
            raise MolgenError(f"{address}: no Ray cluster answers: {as_ours(error)}") from None
