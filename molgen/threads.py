"""How many threads torch may use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["one_torch_thread"]


@contextlib.contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch to one thread of the CPU within a block, or within a function that this decorates.

    Batches of small molecules gain little from a second thread, and lose a factor of several where another process wants
    the core: the threads wait for each other in every operation.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
