"""What a splitter is: rows in, three parts out, and folds where it has a way to make them."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.data.splits.fill import balance_folds, fill_shuffled
from molgen.errors import ConfigError
from molgen.subjects.pair import Pair

__all__ = [
    "DEFAULT_FRACTIONS",
    "Fractions",
    "GroupSplitter",
    "Split",
    "SplitRows",
    "Splitter",
    "available",
    "get_splitter",
    "register",
]

Rows = Sequence[int] | NDArray[np.int64]
Fractions = tuple[float, float, float]
DEFAULT_FRACTIONS: Fractions = (0.8, 0.1, 0.1)


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the three parts; a row in none of them is left out.

    Attributes
    ----------
    train, valid, test
        Numbers of rows, ``[n]``.
    """

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]

    @classmethod
    def of(cls, train: Rows, valid: Rows, test: Rows) -> Split:
        """Make a split from any sequences of row numbers."""
        return cls(*(np.asarray(part, dtype=np.int64) for part in (train, valid, test)))

    def sizes(self) -> dict[str, int]:
        """Return the number of rows in each part."""
        return {"train": len(self.train), "valid": len(self.valid), "test": len(self.test)}

    def parts(self, n: int) -> list[str]:
        """Return the part of each of ``n`` rows: ``train``, ``valid``, ``test``, or an empty text for none."""
        words = [""] * n
        for name in ("train", "valid", "test"):
            for row in getattr(self, name):
                words[row] = name
        return words


@dataclass(frozen=True, slots=True)
class SplitRows:
    """What a splitter may look at.

    Attributes
    ----------
    items
        What each row is: its parent molecule, or its letters; ``None`` is for splitters that do not look at them.
    targets
        Labels ``[n, tasks]``, NaN where there is none; ``None`` if they are not known.
    cells
        Text of the split column, a row each; ``None`` if no column was named.
    column
        File and column, for messages.
    names
        How a message names each row; ``row 1`` and so on without it.
    contigs
        The contig of each row, where rows are stretches of a genome.
    """

    items: Sequence[Any]
    targets: NDArray[np.float64] | None = None
    cells: Sequence[str] | None = None
    column: str = "split column"
    names: Sequence[str] | None = None
    contigs: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: NDArray[np.int64]) -> SplitRows:
        """Return some rows alone."""
        chosen = rows.tolist()

        def some(values: Sequence[Any] | None) -> list[Any] | None:
            return None if values is None else [values[row] for row in chosen]

        return replace(
            self,
            items=[self.items[row] for row in chosen],
            targets=None if self.targets is None else self.targets[rows],
            cells=some(self.cells),
            names=some(self.names) or [f"row {row + 1}" for row in chosen],
            contigs=some(self.contigs),
        )

    def molecules(self) -> list[Mol]:
        """Return the molecules, of pairs their one side.

        Raises
        ------
        ConfigError
            If rows are no molecules, or one has none: leave such rows out before.
        """
        items = [item.molecule if isinstance(item, Pair) else item for item in self.items]
        if any(isinstance(item, str) for item in items):
            remedy = "use cluster, chromosome, random, or a column"
            raise ConfigError("sequences cannot be split by molecular structure", remedy=remedy)
        found = [mol for mol in items if mol is not None]
        if len(found) != len(self):
            row = next(row for row, mol in enumerate(items) if mol is None)
            raise ConfigError("a row without a molecule cannot be split by structure", got=f"None in row {row + 1}")
        return found

    def sequences(self) -> list[str]:
        """Return the sequences, of pairs their other side; those of samples are :class:`~molgen.bio.profiles.Profile`.

        Raises
        ------
        ConfigError
            If rows are no sequences.
        """
        items = [item.partner if isinstance(item, Pair) else item for item in self.items]
        if not all(isinstance(item, str) for item in items):
            raise ConfigError("molecules cannot be split by sequence", remedy="use scaffold or butina")
        return items

    def where(self, row: int) -> str:
        """Name a cell of the split column."""
        return f"{self.column}, {self.names[row] if self.names is not None else f'row {row + 1}'}"


@dataclass(frozen=True)
class Splitter(ABC):
    """Base of all splitters. A subclass is a frozen dataclass whose fields are its options, each with a default.

    Attributes
    ----------
    name
        What configuration calls it.
    needs_column
        Whether it reads the split column.
    forward
        Whether folds come in an order, and training may only see folds before the tested one.
    """

    name: ClassVar[str]
    needs_column: ClassVar[bool] = False
    forward: ClassVar[bool] = False

    @abstractmethod
    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:
        """Divide the rows into training, validation and test parts."""

    @property
    def has_folds(self) -> bool:
        """Whether it divides rows into parts of which none comes before another."""
        return type(self).folds is not Splitter.folds and not self.forward

    def folds(self, rows: SplitRows, k: int, seed: int) -> list[NDArray[np.int64]]:  # noqa: ARG002 - for subclasses
        """Divide the rows into ``k`` parts of about the same size.

        Raises
        ------
        ConfigError
            If this splitter has no folds.
        """
        raise ConfigError(f"split {self.name!r} has no folds", remedy="use group with a column of fold numbers, or random")

    @classmethod
    def about(cls) -> str:
        """Return the first line of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0].replace("``", "")

    @classmethod
    def options(cls) -> dict[str, Any]:
        """Return the options and their defaults."""
        return {each.name: each.default for each in fields(cls) if each.default is not MISSING}


@dataclass(frozen=True)
class GroupSplitter(Splitter):
    """Base of the splitters that keep groups of rows together.

    A subclass says which group each row is in. By default groups are filled into the parts in an order that the seed decides,
    large ones into training, and folds are made as even as the groups allow.
    """

    @abstractmethod
    def groups(self, rows: SplitRows) -> NDArray[np.int64]:
        """Return the number of each row's group, ``[n]``; -1 leaves a row out."""

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:
        """Divide the groups; see :func:`~molgen.data.splits.fill.fill_shuffled`."""
        return Split.of(*fill_shuffled(self.groups(rows), fractions, seed))

    def folds(self, rows: SplitRows, k: int, seed: int) -> list[NDArray[np.int64]]:
        """Divide the groups; see :func:`~molgen.data.splits.fill.balance_folds`."""
        return balance_folds(self.groups(rows), k, seed)


_REGISTRY: dict[str, type[Splitter]] = {}
_Kind = TypeVar("_Kind", bound=type[Splitter])


def register(kind: _Kind) -> _Kind:
    """Make a splitter known by its ``name``, as a class decorator.

    Raises
    ------
    ConfigError
        If another one has that name, or an option has no default.
    """
    known = _REGISTRY.get(kind.name)
    if known is not None and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise ConfigError(f"two splitters are named {kind.name!r}", got=f"{known.__module__} and {kind.__module__}")
    _REGISTRY[kind.name] = kind
    return kind


def available() -> dict[str, type[Splitter]]:
    """Return all splitters by name: those of the files in this package, and whatever else registered itself."""
    import molgen.data.splits as package

    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(_REGISTRY.items()))


def get_splitter(name: str, **options: Any) -> Splitter:
    """Make a splitter from its name and options.

    Parameters
    ----------
    name
        One of :func:`available`.
    options
        Fields of the splitter; the others have their defaults.

    Raises
    ------
    ConfigError
        If the name or an option is unknown, or an option is of the wrong type.
    """
    known = available()
    if name not in known:
        raise ConfigError(f"unknown split {name!r}", expected=f"one of {', '.join(known)}")
    kind = known[name]
    defaults = kind.options()
    for option, value in options.items():
        if option not in defaults:
            expected = f"one of {', '.join(defaults)}" if defaults else "none"
            raise ConfigError(f"split {name!r} has no option {option!r}", expected=expected)
        _check_type(name, option, value, defaults[option])
    return kind(**options)


def _check_type(name: str, option: str, value: Any, default: Any) -> None:
    """An option has the type of its default; an integer will do for a float."""
    allowed = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, allowed) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise ConfigError(
            f"option {option!r} of split {name!r} is of the wrong type",
            expected=f"{type(default).__name__}, such as {default!r}",
            got=repr(value),
        )
