"""Files to write: checked before any work is done, and there whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from molgen.errors import InputError

__all__ = ["check_outputs", "check_target", "remove_unfinished", "replacing", "write_failed", "write_whole"]


#: Endings of formats that nothing here is written in: what would be in such a file is not what its name says.
_NEVER = frozenset((".xlsx", ".xls", ".ods", ".bz2", ".xz", ".zip", ".7z", ".feather", ".arrow"))


def check_outputs(outputs: Sequence[str | Path | None], inputs: Sequence[str | Path | None], *, overwrite: bool) -> list[Path]:
    """Check all outputs of a command as :func:`check_target` does, and that none of them is an input or another output.

    Raises
    ------
    InputError
        If an output cannot be written, or two of the names are one file.
    """
    targets = [check_target(path, overwrite=overwrite) for path in outputs if path is not None]
    seen = {Path(path).resolve(): "read" for path in inputs if path is not None}
    for target in targets:
        resolved = target.resolve()
        if resolved in seen:
            raise InputError(f"the file is {seen[resolved]} by the same command", where=str(target), remedy="name another output")
        seen[resolved] = "written"
    return targets


def check_target(path: str | Path, *, overwrite: bool) -> Path:
    """Stop before any work is done if an output could not be written in the end.

    Raises
    ------
    InputError
        If the folder is missing or not writable, the file is there and not to be replaced, or its name is that of standard output
        or of a format that nothing is written in.
    """
    if not str(path):
        raise InputError("the name of an output is empty")
    if str(path) == "-":
        raise InputError("nothing is written to standard output", got="-", remedy="name a file; one of that name is ./-")
    path = Path(path)
    if path.suffix.lower() in _NEVER:
        raise InputError(
            f"no {path.suffix} file can be written", where=str(path), remedy="name a .csv or .parquet file, or .csv.gz"
        )
    if not path.parent.is_dir():
        raise InputError("the folder does not exist", where=str(path.parent), remedy="make it first")
    if path.is_dir():
        raise InputError("a folder stands where the output should go", where=str(path))
    if path.exists() and not path.is_file():
        raise InputError("no ordinary file: it cannot be replaced by a whole one", where=str(path), remedy="name a file")
    if path.exists() and not overwrite:
        raise InputError("the file exists already", where=str(path), remedy="add --overwrite to replace it")
    if not os.access(path.parent, os.W_OK):
        raise InputError("no permission to write here", where=str(path.parent))
    return path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``, for a file or a folder; rename it to ``path`` at the end, remove it after an error."""
    # A link stays a link: the file that it names is replaced.
    path = Path(path).resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        _remove(temporary)


def remove_unfinished(path: str | Path) -> None:
    """Remove what processes that were killed left of ``path``; only where no other process can be writing it."""
    path = Path(path).resolve()
    for each in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        _remove(each)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_failed(path: Path, failure: OSError) -> InputError:
    """Return the error for a disk that is full, or refuses for another reason."""
    reason = os.strerror(failure.errno) if failure.errno else " ".join(str(failure).split())
    return InputError(f"cannot be written: {reason}", where=str(path), remedy="free some space, or name another folder")


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file that is there whole or not at all, whatever happens to the machine.

    Raises
    ------
    InputError
        If the disk is full, or refuses for another reason.
    """
    with replacing(path) as temporary:
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as failure:
            raise write_failed(path, failure) from None
