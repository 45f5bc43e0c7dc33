"""The contract of every filter: a batch of molecules in, and for each that does not pass the reason in words."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeVar

from molgen.chem.parse import Mol
from molgen.errors import ConfigError

__all__ = ["ColumnType", "Filter", "make", "register", "registered"]

#: What a filter's column holds: words, whole numbers, or numbers.
ColumnType = Literal["text", "count", "number"]


class Filter(ABC):
    """Base of all filters: a frozen dataclass whose fields, all of them plain JSON data, are its settings.

    A subclass names itself and its source, declares its cost and implements :meth:`check`. It is pure: what it says of a molecule
    depends on nothing but the molecule and its settings.

    Attributes
    ----------
    name
        What it is called on the command line, and what a reason begins with.
    source
        Where its rule was published.
    column_type
        What :meth:`annotate` gives.
    """

    name: ClassVar[str]
    source: ClassVar[str] = ""
    column_type: ClassVar[ColumnType] = "text"

    def __post_init__(self) -> None:
        """Refuse a number that is none: comparisons with it would say nothing, or fail molecule by molecule."""
        for key, usual in self.settings().items():
            value = getattr(self, key)
            if isinstance(usual, int) and not isinstance(usual, bool):
                sound, expected = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number >= 0"
            elif isinstance(usual, float):
                sound, expected = (
                    isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
                    "a number",
                )
            else:
                continue
            if not sound:
                raise ConfigError(f"the setting {key!r} cannot be {value!r:.80}", where=f"filter {self.name}", expected=expected)

    @property
    def cost(self) -> float:
        """About how many microseconds of CPU time it takes a molecule: cheap filters go first. A subclass may just set a number."""
        return 1000.0

    @property
    def files(self) -> tuple[str, ...]:
        """Files whose content its answers depend on."""
        return ()

    @property
    def patterns(self) -> int:
        """How many patterns it looks for."""
        return 0

    @classmethod
    def settings(cls) -> dict[str, Any]:
        """Return the usual value of each setting, ``None`` where there is none."""
        fields = dataclasses.fields(cls)  # type: ignore[arg-type] # every subclass is a dataclass
        return {field.name: None if field.default is dataclasses.MISSING else field.default for field in fields}

    @property
    def title(self) -> str:
        """Its name, with the settings that are not the usual ones."""
        now = {key: getattr(self, key) for key in self.settings()}
        changed = [f"{key}={now[key]}" for key, usual in self.settings().items() if now[key] != usual]
        return f"{self.name}:{','.join(changed)}" if changed else self.name

    @property
    def column(self) -> str:
        """The name of its column as an annotation."""
        return self.name.replace("-", "_")

    @abstractmethod
    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Tell why molecules do not pass.

        Parameters
        ----------
        mols
            Sanitised molecules; ``None`` passes.

        Returns
        -------
        list of str or None
            One reason a molecule, in order, without the filter's name; ``None`` for a molecule that passes.
        """

    def annotate(self, mols: Sequence[Mol | None]) -> list[Any]:
        """Return the value of each molecule's column, ``None`` for ``None``: without more, the reason or an empty text."""
        return [None if mol is None else reason or "" for mol, reason in zip(mols, self.check(mols), strict=True)]

    def spec(self) -> dict[str, Any]:
        """Return the filter as plain JSON data: ``{"type": name, setting: value, ...}``."""
        settings: dict[str, Any] = dataclasses.asdict(self)  # type: ignore[call-overload] # every subclass is a dataclass
        return {"type": self.name} | settings

    def __reduce__(self) -> tuple[Any, ...]:
        # By its spec, so that filters go to worker processes whichever way their classes were made.
        return _from_pickle, (self.spec(),)


F = TypeVar("F", bound=type[Filter])
_REGISTRY: dict[str, type[Filter]] = {}


def register(cls: F) -> F:
    """Make a filter known by its name.

    Raises
    ------
    ConfigError
        If the name is taken, or the class is no dataclass.
    """
    if cls.name in _REGISTRY:
        raise ConfigError(f"a filter named {cls.name!r} is registered already")
    if not dataclasses.is_dataclass(cls):
        raise ConfigError(f"the filter {cls.name!r} is no dataclass", remedy="put @dataclass(frozen=True) between @register and it")
    _REGISTRY[cls.name] = cls
    return cls


def registered() -> dict[str, type[Filter]]:
    """Return what was registered so far, by name."""
    return dict(sorted(_REGISTRY.items()))


def make(name: str, settings: dict[str, Any]) -> Filter:
    """Make a registered filter from its settings.

    Raises
    ------
    ConfigError
        If there is no such filter or setting, or one that is needed is missing.
    """
    cls = _REGISTRY.get(name)
    if cls is None:
        raise ConfigError(f"no filter {name!r}", expected=f"one of {', '.join(registered())}")
    usual = cls.settings()
    for key in settings:
        if key not in usual:
            expected = f"one of {', '.join(usual)}" if usual else "none"
            raise ConfigError(f"the filter {name} has no setting {key!r}", expected=expected)
    for key, default in usual.items():
        if default is None and key not in settings:
            raise ConfigError(f"the filter {name} needs its setting {key!r}")
    return cls(**settings)


def _from_pickle(spec: dict[str, Any]) -> Filter:
    from molgen.filters.registry import from_spec

    return from_spec(spec)
