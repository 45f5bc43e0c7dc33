"""Models that come with the package: found by name, and read like any other bundle."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from pathlib import Path

__all__ = ["find_bundle", "list_bundles"]

_ENDING = ".molgen"


def list_bundles() -> dict[str, Path]:
    """Return name and file of each model that comes with the package."""
    folder = Path(str(files("molgen.datasets").joinpath("bundles")))
    return {path.name.removesuffix(_ENDING): path for path in sorted(folder.glob(f"*{_ENDING}"))}


def find_bundle(name: str | Path) -> Path:
    """Return the file of a model: the one of that path, or else the one that comes with the package under that name.

    Whether there is a file is found out when it is read.

    Examples
    --------
    >>> find_bundle("my/model.molgen").name
    'model.molgen'
    """
    path = Path(name)
    with suppress(OSError):  # no name that a file could have
        if path.is_file():
            return path
    return list_bundles().get(str(name), path)
