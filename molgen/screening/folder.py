"""The folder in which a screen keeps its results while it runs: after a kill the same command goes on from there.

It holds a manifest, which is written first, a file for each part that is done, and in the end a record of how long the library
was. Each is renamed into place whole, so whatever is there can be relied on.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from molgen.errors import InputError
from molgen.files import remove_unfinished, write_failed, write_whole
from molgen.screening.manifest import Manifest, Shard, read_manifest, refuse_other_run

__all__ = ["End", "PartsFolder", "parts_folder"]

_MANIFEST, _END, _LOCK, _FINISHING = "manifest.json", "end.json", "lock", "finishing"
_PART = re.compile(r"part-(\d{6,})\.arrow")
_TEMPORARY = re.compile(r"\..+\.part")
#: What a file system without locks answers.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class End(NamedTuple):
    """What is known when a library has been read to its end.

    Attributes
    ----------
    blocks, rows
        How many it has.
    notes
        What was unusual about it.
    """

    blocks: int
    rows: int
    notes: list[str]


def parts_folder(output: Path, shard: str | None) -> Path:
    """Return the folder that belongs to an output, or to its shard, such as ``"3/8"``.

    Raises
    ------
    ConfigError
        If that is no shard.
    """
    turn = None if shard is None else Shard.parse(shard)
    ending = "parts" if turn is None else f"shard-{turn.number}-of-{turn.of}"
    return output.with_name(f"{output.name}.{ending}")


class PartsFolder:
    """A folder of parts that nobody else is writing to.

    Attributes
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    @contextlib.contextmanager
    def locked(cls, path: Path) -> Iterator[PartsFolder]:
        """Make the folder if it is not there, and keep other processes out of it.

        Raises
        ------
        InputError
            If another process is in it, it cannot be made, or it holds something else.
        """
        try:
            path.mkdir(exist_ok=True)
            lock = _lock(path)
        except OSError as failure:
            raise InputError("the folder for results cannot be made", where=str(path), got=failure.strerror) from None
        try:
            folder = cls(path)
            folder._refuse_other_content()
            yield folder
        finally:
            os.close(lock)

    def open_run(self, manifest: Manifest, *, restart: bool = False) -> None:
        """Begin a run, or go on with the one that is there.

        Raises
        ------
        ConfigError
            If it is another one; the message names what differs.
        InputError
            If the folder cannot be written.
        """
        if restart:
            self._clear()
        if (self.path / _MANIFEST).exists():
            before = read_manifest(self.path / _MANIFEST)
            if before.run.get("library") is None and manifest.run["library"] is None:
                self._clear()  # what came through a pipe cannot be read again
            else:
                refuse_other_run(before, manifest, self.path, "repeat that command, or add --restart to throw its results away")
        if not (self.path / _MANIFEST).exists():
            write_whole(self.path / _MANIFEST, manifest.to_bytes())

    @property
    def manifest(self) -> Manifest:
        """The record of what is in it."""
        return read_manifest(self.path / _MANIFEST)

    def part(self, number: int) -> Path:
        """Return the file of a part (0-based)."""
        return self.path / f"part-{number:06}.arrow"

    def done(self) -> set[int]:
        """Return the parts that are there."""
        return {int(found[1]) for each in self.path.glob("part-*") if (found := _PART.fullmatch(each.name))}

    @property
    def end(self) -> End | None:
        """How long the library was, if it has been read to its end."""
        try:
            content = json.loads((self.path / _END).read_bytes())
            return End(content["blocks"], content["rows"], content["notes"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError("damaged", where=str(self.path / _END), remedy="add --restart to begin again") from None

    def write_end(self, end: End) -> None:
        """Note that the library has been read to its end."""
        write_whole(self.path / _END, json.dumps(end._asdict()).encode())

    @property
    def finishing(self) -> bool:
        """Whether outputs may be there that this run has put into place itself."""
        return (self.path / _FINISHING).exists()

    def finish(self, output: Path) -> None:
        """Note that outputs are going to be put into place, and remove what a killed process has left of the table."""
        remove_unfinished(output)
        write_whole(self.path / _FINISHING, b"")

    def remove(self) -> None:
        """Remove the folder; the lock goes last."""
        with contextlib.suppress(OSError, InputError):  # nothing is lost if it stays
            self._clear()
            (self.path / _LOCK).unlink(missing_ok=True)
            self.path.rmdir()

    def _clear(self) -> None:
        """Throw away what is in it, the manifest last: until then the folder is known for what it is."""
        last = (_FINISHING, _MANIFEST)
        try:
            for each in sorted(self.path.iterdir(), key=lambda path: last.index(path.name) if path.name in last else -1):
                if each.name != _LOCK:
                    each.unlink()
        except OSError as failure:
            raise write_failed(self.path, failure) from None

    def _refuse_other_content(self) -> None:
        for each in list(self.path.iterdir()):
            if _TEMPORARY.fullmatch(each.name):
                each.unlink(missing_ok=True)  # of a process that was killed
            elif each.name not in (_MANIFEST, _END, _LOCK, _FINISHING) and not _PART.fullmatch(each.name):
                raise InputError("the folder holds something else than results of a screen", where=str(each), remedy="move it away")


def _lock(folder: Path) -> int:
    """Lock a folder; the kernel lets go when the process ends, however it ends."""
    path = folder / _LOCK
    while True:
        folder.mkdir(exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            if failure.errno in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(handle)
                remedy = "wait for it, or name another output"
                raise InputError("another process is writing this output", where=str(folder), remedy=remedy) from None
            if failure.errno not in _NO_LOCKS:
                os.close(handle)
                raise
        # A run that ends removes the file: a lock on one that has no name any more keeps nobody out.
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
        os.close(handle)
