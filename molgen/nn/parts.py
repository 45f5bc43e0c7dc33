"""Parts that are chosen by name: one file a part, and the file's name is the part's name.

A part is there when its file is: nothing else lists it. Names are looked up among the files of one package, so a name from a
stranger's bundle can import nothing else.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from typing import Any, TypeVar

from molgen.errors import ConfigError

__all__ = ["MESSAGE_PASSING", "POOLING", "SEQUENCE", "find_part", "part_names"]

#: The packages whose files are parts.
MESSAGE_PASSING = "molgen.nn.message_passing"
POOLING = "molgen.nn.pooling"
SEQUENCE = "molgen.nn.sequence"

T = TypeVar("T")


def part_names(package: str) -> list[str]:
    """Return the names of the parts in a package, without importing any of them."""
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return sorted(module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_"))


def find_part(package: str, name: Any, base: type[T]) -> type[T]:
    """Return the class that a part's file defines.

    Parameters
    ----------
    package
        ``MESSAGE_PASSING``, ``POOLING`` or ``SEQUENCE``.
    name
        The part's name; anything that is not one is refused.
    base
        What the class derives from.

    Raises
    ------
    ConfigError
        If there is no such part, or its file defines no class, or several.
    """
    what = package.rpartition(".")[2].replace("_", " ")
    known = part_names(package)
    if not isinstance(name, str) or name not in known:
        raise ConfigError(f"unknown {what}", expected=f"one of {', '.join(known)}", got=repr(name)[:80])
    module = importlib.import_module(f"{package}.{name}")
    found: list[type[T]] = [each for each in vars(module).values() if _is_defined(each, base, module.__name__)]
    if len(found) != 1:
        raise ConfigError(
            f"the {what} {name!r} cannot be used",
            where=str(module.__file__),
            expected=f"one class that derives from {base.__name__}",
            got=", ".join(each.__name__ for each in found) or "none",
        )
    return found[0]


def _is_defined(value: Any, base: type, module: str) -> bool:
    public = isinstance(value, type) and issubclass(value, base) and not value.__name__.startswith("_")
    return public and value.__module__ == module
