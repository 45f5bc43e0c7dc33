"""The filters that there are: found in this folder, and made from text or JSON."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

from molgen.errors import ConfigError
from molgen.filters.base import Filter, make, registered

__all__ = ["available", "from_spec", "from_text", "resolve"]


def available() -> dict[str, type[Filter]]:
    """Return all filters by name."""
    _discover()
    return registered()


@functools.cache
def _discover() -> None:
    import molgen.filters

    for module in pkgutil.iter_modules(molgen.filters.__path__):
        importlib.import_module(f"molgen.filters.{module.name}")


def from_spec(spec: dict[str, Any]) -> Filter:
    """Rebuild a filter from its spec.

    Raises
    ------
    ConfigError
        If the filter or a setting is unknown.
    """
    if not isinstance(spec, dict) or not isinstance(spec.get("type"), str):
        raise ConfigError("not a filter spec", expected='{"type": name, ...}', got=repr(spec)[:80])
    _discover()
    return make(spec["type"], {key: value for key, value in spec.items() if key != "type"})


def from_text(text: str) -> Filter:
    """Make a filter from what a user writes: ``pains``, ``qed:min=0.6``, ``lipinski:violations=0``.

    Raises
    ------
    ConfigError
        If there is no such filter or setting, or a value is not of its type.
    """
    name, _, rest = text.strip().partition(":")
    cls = available().get(name)
    settings = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise ConfigError("a setting without a value", where=f"filter {text!r}", expected="name:setting=value,...", got=pair)
        settings[key] = _typed(cls, key, value, text) if cls else value
    return make(name, settings)


def resolve(filters: Iterable[str | Filter]) -> list[Filter]:
    """Make filters from names, and let filters that are made already pass.

    Raises
    ------
    ConfigError
        If one is unknown, or neither.
    """
    if isinstance(filters, str):
        filters = [filters]
    made = []
    for each in filters:
        if not isinstance(each, str | Filter):
            raise ConfigError("not a filter", expected="a name such as 'pains' or 'qed:min=0.6', or a Filter", got=repr(each)[:80])
        made.append(from_text(each) if isinstance(each, str) else each)
    return made


def _typed(cls: type[Filter], key: str, value: str, text: str) -> Any:
    """Read a value as the type of the setting's default."""
    default = cls.settings().get(key)
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if value.lower() in words:
            return words[value.lower()]
    elif isinstance(default, int | float):
        try:
            return type(default)(value)
        except ValueError:
            pass
    else:
        return value
    kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(default)]
    raise ConfigError(f"the setting {key!r} cannot be {value!r}", where=f"filter {text!r}", expected=kind)
