"""What the settings of every run share: they come in layers, from a TOML file and flags, and unknown keys are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from molgen.errors import ConfigError

__all__ = ["RunConfig", "read_toml"]


class RunConfig(BaseModel):
    """Settings of a run: unknown keys are refused, and so are numbers that are none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def build(cls, *layers: dict[str, Any], where: str = "configuration") -> Self:
        """Merge settings, later layers over earlier ones, and check them.

        Raises
        ------
        ConfigError
            If a key is unknown or a value out of range; the message names the key.
        """
        merged: dict[str, Any] = {}
        for layer in layers:
            for key, value in layer.items():
                below = merged.get(key)
                merged[key] = {**below, **value} if isinstance(below, dict) and isinstance(value, dict) else value
        try:
            return cls(**cls._completed(merged))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                raise ConfigError(f"unknown setting {key!r}", where=where, expected=f"one of {cls._known(first['loc'])}") from None
            message = first["msg"].removeprefix("Value error, ")
            if not key:  # settings that do not go together
                raise ConfigError(message, where=where) from None
            raise ConfigError(f"{key}: {message.lower()}", where=where, got=repr(first["input"])[:80]) from None

    @classmethod
    def _completed(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings with what follows from them."""
        return settings

    @classmethod
    def _known(cls, location: tuple[int | str, ...]) -> str:
        """List the settings at the place of an unknown one."""
        model: Any = cls.model_fields[str(location[0])].annotation if len(location) > 1 else cls
        return ", ".join(model.model_fields)


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file of settings.

    Raises
    ------
    ConfigError
        If it is missing or no TOML.
    """
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError("the configuration cannot be read", where=str(path), got=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("not TOML", where=str(path), got=str(error)) from None
