"""The contract of an expert: features of a batch in, predictions in task units out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molgen.data.tasks import Task
from molgen.errors import BundleError, ConfigError
from molgen.featurizers import Columns, Features, Featurizer, Morgan, from_spec
from molgen.featurizers.base import take_rows
from molgen.members import one_line
from molgen.packed import Repeated
from molgen.subjects.pair import PairBatch, Part

if TYPE_CHECKING:
    import torch

__all__ = [
    "Expert",
    "FeatureTable",
    "Numbers",
    "StoredValues",
    "compute_features",
    "read_vector_featurizers",
]

#: The values of each featurizer for the same rows.
FeatureTable = Mapping[Featurizer, Any]
#: The user's own numbers: column -> one a row.
Numbers = Mapping[str, ArrayLike]


@dataclass(frozen=True, slots=True)
class StoredValues:
    """Values that were computed before, for most rows of a batch.

    Attributes
    ----------
    values
        Featurizer -> its values, one row a row.
    missing
        Numbers of the rows that they do not speak of.
    """

    values: FeatureTable
    missing: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> StoredValues:
        """Return what is stored of some rows, in their order."""
        values = {featurizer: take_rows(each, rows) for featurizer, each in self.values.items()}
        return StoredValues(values, np.flatnonzero(np.isin(rows, self.missing)))

    def complete(self, featurizer: Featurizer, items: Sequence[Any]) -> Features:
        """Return the values of a featurizer, those of missing rows computed now."""
        values = self.values[featurizer]
        if not len(self.missing):
            return Features(values)
        fresh = featurizer.featurize([items[row] for row in self.missing])
        order = np.arange(len(items))
        order[self.missing] = len(items) + np.arange(len(self.missing))
        joined = featurizer._stack([values, fresh.values])
        return Features(take_rows(joined, order), {int(self.missing[at]): why for at, why in fresh.errors.items()})


class Expert(ABC):
    """One trained predictor of all tasks of a bundle.

    Attributes
    ----------
    name
        Its name in the bundle, the card and the tables that training prints.
    tasks
        What the columns of its predictions are.
    """

    kind: ClassVar[str]
    name: str
    tasks: list[Task]

    @property
    @abstractmethod
    def featurizers(self) -> list[Featurizer]:
        """The featurizers whose values :meth:`predict` needs."""

    @abstractmethod
    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units (values, or probabilities of the positive class or of each of several)."""

    def to(self, device: torch.device) -> None:  # noqa: B027
        """Compute on a device from now on, where the expert has something to gain from it."""

    @abstractmethod
    def to_members(self) -> dict[str, bytes]:
        """Return the expert as files: JSON, safetensors or LightGBM text by name."""

    @classmethod
    @abstractmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild an expert from :meth:`to_members`, checking every size and index first.

        Raises
        ------
        BundleError
            If a member is missing, damaged or of the wrong shape.
        """


def compute_features(
    featurizers: Iterable[Featurizer],
    items: Sequence[Any],
    numbers: Numbers | None = None,
    stored: StoredValues | None = None,
) -> tuple[dict[Featurizer, Any], dict[int, str]]:
    """Compute each distinct featurizer once.

    Parameters
    ----------
    featurizers
        Of molecules or of sequences, or of columns.
    items
        What each row is; ``None`` for one that is nothing.
    numbers
        What featurizers of columns read.
    stored
        What was computed before; items whose values are all there are not looked at.

    Returns
    -------
    values, errors
        Values by featurizer, one row an item; row number -> reason for each row that any of them refused.
    """
    values: dict[Featurizer, Any] = {}
    errors: dict[int, str] = {}
    for featurizer in featurizers:
        if featurizer in values:
            continue
        folded = None if stored is not None else _folded(featurizer, values)
        if folded is not None:
            values[featurizer] = folded
            continue
        if isinstance(featurizer, Columns):
            features = featurizer.featurize(np.column_stack([(numbers or {})[name] for name in featurizer.columns]).tolist())
        elif isinstance(items, PairBatch):
            features = _featurize_part(featurizer, items.parts[featurizer.reads])
        elif stored is not None and featurizer in stored.values:
            features = stored.complete(featurizer, items)
        else:
            features = featurizer.featurize(items)
        values[featurizer] = features.values
        for row, reason in features.errors.items():
            if items[row] is not None:
                errors.setdefault(row, reason)
    return values, errors


def _folded(featurizer: Featurizer, values: FeatureTable) -> Any:
    """Return a Morgan fingerprint from the counts of a wider one, if there are some; rows that were refused are so already."""
    if not isinstance(featurizer, Morgan):
        return None
    for other, found in values.items():
        if isinstance(other, Morgan):
            repeated = isinstance(found, Repeated)
            folded = featurizer.folded(other, found.values if repeated else found)
            if folded is not None:
                return Repeated(folded, found.index) if repeated else folded
    return None


def _featurize_part(featurizer: Featurizer, part: Part) -> Features:
    """Featurize one side of pairs, each different item once; a pair that is none has the first one's values, or nothing."""
    found = featurizer.featurize(part.items if len(part.items) else [None])
    index = np.maximum(part.of_row, 0)
    errors = {row: found.errors[at] for row, at in enumerate(part.of_row.tolist()) if at in found.errors}
    return Features(Repeated(found.values, index), errors)


def read_vector_featurizers(specs: Any, n_features: int, where: str) -> list[Featurizer]:
    """Rebuild featurizers of vectors from their specs, and check that they give as many columns as a model takes.

    Raises
    ------
    BundleError
        If a spec is unknown or no featurizer of vectors, or the columns do not add up to ``n_features``.
    """
    try:
        featurizers = [from_spec(spec) for spec in specs]
        # Of no rows: that looks at every argument, and costs nothing however many columns there are.
        n_columns = sum(int(featurizer.featurize([]).values.shape[1]) for featurizer in featurizers)
    except (AttributeError, ConfigError, IndexError, TypeError, ValueError) as error:
        raise BundleError("the inputs of an expert do not hold", where=where, got=one_line(error)[:200]) from None
    if n_columns != n_features:
        raise BundleError("the inputs do not fit the model", where=where, expected=f"{n_features} columns", got=str(n_columns))
    return featurizers
