"""Names of input files as users give them: one, several, with wildcards, or a dash for standard input."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from molgen.errors import InputError
from molgen.streams.source import is_stdin

__all__ = ["MANIFEST", "expand_paths", "is_prepared", "named_file"]

#: What makes a folder a prepared library; see :mod:`molgen.data.prepared`.
MANIFEST = "molgen-library.json"


def is_prepared(path: str | Path) -> bool:
    """Tell whether a path is the folder of a prepared library."""
    return (Path(path) / MANIFEST).is_file()


def expand_paths(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the files that are meant: each name as it is, each pattern (``*``, ``?``, ``[ab]``, ``**``) as its files, sorted.

    A name that a file has is no pattern. Whether other files exist is found out when they are opened.

    Raises
    ------
    InputError
        Nothing is named, a pattern fits no file, or standard input is named twice.

    Examples
    --------
    >>> expand_paths(["a.csv", "-"])
    [PosixPath('a.csv'), PosixPath('-')]
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise InputError("no file is named", expected="one or more files, or - for standard input")
    expanded = [path for each in given for path in _expand(each)]
    if sum(map(is_stdin, expanded)) > 1:
        raise InputError("standard input is named twice", remedy="name - once")
    return expanded


def named_file(text: str | Path) -> tuple[str, Path]:
    """Take ``NAME=FILE`` apart; the name is empty where there is none, and where a file has that very name."""
    name, equals, path = str(text).partition("=")
    return (name, Path(path)) if equals and path and not Path(text).exists() else ("", Path(text))


def _expand(path: str | Path) -> list[Path]:
    text = str(path)
    if not text:
        raise InputError("the name of a file is empty")
    if not glob.has_magic(text) or Path(text).exists():
        return [Path(path)]
    # Path.glob wants the folder apart from the pattern, and takes no absolute one.
    found = sorted(name for name in glob.iglob(text, recursive=True) if Path(name).is_file() or is_prepared(name))  # noqa: PTH207
    if not found:
        raise InputError("no file fits the pattern", where=text, remedy="check the folder, and list the files with ls")
    return [Path(name) for name in found]
