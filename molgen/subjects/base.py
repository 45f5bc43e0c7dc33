"""What the rows of a table are about, and all that training and screening have to know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from molgen.rows import ReadRows

__all__ = ["Subject"]


@dataclass(frozen=True, slots=True)
class Subject(ABC):
    """What rows are about. A subclass is a frozen dataclass whose fields are plain data: how the texts of rows are read.

    Attributes
    ----------
    kind
        What files call it.
    noun
        What messages call one row.
    columns
        The columns of tables that hold its texts, and which featurizers read it (:attr:`~molgen.featurizers.Featurizer.reads`).
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Read the texts of rows; no row raises."""

    @abstractmethod
    def keys(self, items: Sequence[Any]) -> list[str | None]:
        """Return the text by which each item is known to be the same as another; ``None`` for ``None``."""

    @property
    def about(self) -> str:
        """What libraries and outputs call rows of this kind: the column, or that rows are pairs."""
        return self.column if len(self.columns) == 1 else self.kind

    @property
    def column(self) -> str:
        """The first of its columns."""
        return self.columns[0]

    @property
    @abstractmethod
    def example(self) -> Any:
        """An ordinary row."""

    @property
    @abstractmethod
    def limit(self) -> str:
        """What makes a row ``too_large``, in words."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, str]:
        """How rows are read, for reports: what is settled -> how, in words."""

    def batch(self, items: Sequence[Any]) -> Sequence[Any]:
        """Return items in the form in which several featurizers share what is worked out of them."""
        return items

    def select(self, batch: Sequence[Any], rows: list[int]) -> Sequence[Any]:
        """Return some items of a batch, with what is worked out of them already."""
        return [batch[row] for row in rows]

    def release(self, batch: Sequence[Any]) -> None:  # noqa: B027 - most hold nothing
        """Let go of what featurizers of a batch share."""

    def side(self, items: Sequence[Any], column: str) -> list[Any]:  # noqa: ARG002 - for pairs
        """Return what featurizers that read a column look at of items."""
        return list(items)

    def named(self, texts: Sequence[Any]) -> dict[str, list[Any]]:
        """Return the texts of rows by column."""
        return {self.column: list(texts)}

    def to_json(self) -> dict[str, Any]:
        """Return its kind and settings as plain data."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """Rebuild it from what :meth:`to_json` gave, but for the kind."""
        return cls(**settings)
