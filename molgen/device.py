"""Where a network is trained and in what precision, and what keeps a GPU's numbers the same from run to run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from molgen.errors import ConfigError

__all__ = ["choose_device", "choose_precision", "deterministic"]


def choose_device(name: str) -> torch.device:
    """Return the device that a configuration names; ``"auto"`` takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (AssertionError, RuntimeError) as error:
        expected = f"auto, cpu{', cuda, cuda:0 ...' if torch.cuda.is_available() else '; there is no GPU here'}"
        raise ConfigError("device: cannot be used", expected=expected, got=repr(name)) from error
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the type that matrix products are computed in.

    Parameters
    ----------
    name
        ``"fp32"``, ``"bf16"``, ``"fp16"``, or ``"auto"``: float32 on a CPU; on a GPU bfloat16 where it has it, else float16.
    device
        Where the network is.

    Raises
    ------
    ConfigError
        If the device cannot train in that precision.
    """
    on_gpu = device.type == "cuda"
    if name == "auto":
        if not on_gpu:
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if name == "fp16" and not on_gpu:
        # Losses have to be scaled up for float16, and only a GPU's are.
        raise ConfigError("precision: fp16 needs a GPU", expected="auto, fp32 or bf16", got=f"device {device}")
    if name == "bf16" and device.type not in ("cpu", "cuda"):
        raise ConfigError("precision: cannot be used", expected="auto or fp32", got=f"bf16 on device {device}")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[name]


@contextlib.contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Have a GPU add in the same order every time within a block; a CPU with one thread does so anyway.

    An operation that has no such form warns and is used all the same.
    """
    if device.type != "cuda":
        yield
        return
    # Read when the first matrix product of the process makes cuBLAS' workspace.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    was, only_warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=only_warned)
        torch.backends.cudnn.benchmark = benchmark
