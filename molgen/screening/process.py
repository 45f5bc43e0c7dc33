"""One spawned process that works on blocks, and can be given up when it takes too long, too much memory, or ends."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from enum import Enum
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from molgen.data.library import AnyBlock
from molgen.errors import MolgenError
from molgen.screening.score import ScoredBlock

__all__ = ["Failure", "MakeWork", "Worker", "as_ours"]

#: Makes what is done with a block: once in each process, which is where models are loaded.
MakeWork = Callable[[], Callable[[AnyBlock], ScoredBlock]]

#: Seconds between two looks at a process's memory.
_LOOK = 0.2
_LINGER = 10.0


class Failure(Enum):
    """Why a process gave no answer."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    DIED = "died"


class Worker:
    """A process that works on one block at a time; a new one takes its place when it was given up.

    Parameters
    ----------
    make
        Makes, in the process, what it does with a block; it can be sent there.
    """

    def __init__(self, make: MakeWork) -> None:
        self._make = make
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._resting = 0
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Start the process if there is none, and wait until it can work.

        Raises
        ------
        MolgenError
            If it cannot.
        """
        self._running()

    def score(self, block: AnyBlock, *, seconds: float = math.inf, megabytes: float = math.inf) -> ScoredBlock | Failure:
        """Score a block.

        Parameters
        ----------
        block
            The rows.
        seconds
            Time that it may take.
        megabytes
            Memory that the process may take beyond what it had before its first block; not watched where there is no ``/proc``.

        Raises
        ------
        MolgenError
            If scoring raised one, or the process cannot start.
        """
        pipe = self._running()
        with contextlib.suppress(OSError):  # it died between two blocks: found out below
            pipe.send((block, seconds))
        deadline = time.monotonic() + seconds
        while not pipe.poll(_LOOK):
            if self._memory() - self._resting > 1e6 * megabytes:
                return self._give_up(Failure.MEMORY)
            if time.monotonic() > deadline:
                return self._give_up(Failure.TIMEOUT)
        return self._answer(pipe)

    def kill(self) -> None:
        """End the process for good; who waits for its answer is told that it died."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Let the process end, which has nothing to do any more."""
        with self._lock:
            self._closed = True
        if self._pipe is not None and self._process is not None:
            self._pipe.close()
            self._process.join(_LINGER)
            self._process.kill()
            self._process.join()

    def _running(self) -> Connection:
        with self._lock:
            if self._closed:
                raise MolgenError("the workers were told to stop")
            if self._pipe is not None:
                return self._pipe
            # Spawned, never forked: a forked child inherits the locks of torch's and LightGBM's threads.
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._make), daemon=True)
            self._process.start()
            theirs.close()
        try:
            started = self._pipe.recv()
        except (EOFError, OSError):
            self._give_up(Failure.DIED)
            remedy = "try fewer --workers, or --workers 1 to see where"
            raise MolgenError(f"a worker process died as it started, perhaps for lack of memory; {remedy}") from None
        if isinstance(started, MolgenError):
            raise started
        self._resting = self._memory()
        return self._pipe

    def _answer(self, pipe: Connection) -> ScoredBlock | Failure:
        try:
            answer = pipe.recv()
        except (EOFError, OSError):
            return self._give_up(Failure.DIED)
        if isinstance(answer, MolgenError):
            raise answer
        if isinstance(answer, Failure):
            return self._give_up(answer)
        assert isinstance(answer, ScoredBlock)
        return answer

    def _give_up(self, failure: Failure) -> Failure:
        with self._lock:
            assert self._process is not None
            assert self._pipe is not None
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = self._pipe = None
        return failure

    def _memory(self) -> int:
        """Return the bytes that the process holds in memory; 0 where that cannot be told."""
        if self._process is None:
            return 0
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _serve(pipe: Connection, make: MakeWork) -> None:
    """Be the process: work on what comes through the pipe, until it is closed."""
    # Ctrl-C reaches the whole group of processes: the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError), Path(os.devnull).open("w") as nowhere:
        try:
            work = make()
        except Exception as error:
            pipe.send(as_ours(error))
            return
        pipe.send(None)
        while True:
            block, seconds = pipe.recv()
            if math.isfinite(seconds):
                # If the first process was killed, nobody ends this one when a row hangs it; this timer needs no Python.
                faulthandler.dump_traceback_later(2 * seconds + 60, exit=True, file=nowhere)
            answer: ScoredBlock | Failure | MolgenError
            try:
                answer = work(block)
            except MemoryError:
                answer = Failure.MEMORY
            except Exception as error:
                answer = as_ours(error)
            faulthandler.cancel_dump_traceback_later()
            pipe.send(answer)


def as_ours(error: BaseException) -> MolgenError:
    """Return an error that can be sent: those of others may not survive the way."""
    return error if isinstance(error, MolgenError) else MolgenError(" ".join(f"{type(error).__name__}: {error}".split())[:500])
