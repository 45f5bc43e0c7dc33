"""The user's own numbers as a featurizer: columns of the table beside the structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molgen.errors import ConfigError
from molgen.featurizers.base import Features, Featurizer, register

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Columns"]


@register
class Columns(Featurizer):
    """Numbers that come with each compound: a pH, a dose, a descriptor from elsewhere.

    What models are given beside the structure goes through the same contract as what is computed from it: a row in which a number
    is missing fails, and the reason names the column. Each row is a sequence of numbers, one a column.

    Parameters
    ----------
    columns
        Names of the columns, each once.
    errors, n_jobs
        See :class:`~molgen.featurizers.base.Featurizer`.
    """

    def __init__(self, columns: Sequence[str], *, errors: str = "raise", n_jobs: int = 1) -> None:
        self.columns = columns
        self.errors = errors
        self.n_jobs = n_jobs

    def _read(self, rows: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
        self._check()
        items: list[NDArray[np.float64] | None] = []
        reasons = {}
        for at, row in enumerate(rows):
            try:
                numbers = np.array(row, dtype=np.float64)
            except (TypeError, ValueError):
                numbers = np.zeros(0)
            if numbers.shape != (len(self.columns),):
                items.append(None)
                reasons[at] = f"expected {len(self.columns)} numbers"
                continue
            missing = np.flatnonzero(~np.isfinite(numbers))
            items.append(None if len(missing) else numbers)
            if len(missing):
                reasons[at] = f"no number in column {self.columns[missing[0]]!r}"
        return items, reasons

    def _featurize(self, items: list[Any]) -> Features:
        values = np.full((len(items), len(self.columns)), np.nan)
        for at, item in enumerate(items):
            if item is not None:
                values[at] = item
        return Features(values)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Return the names of the columns."""
        self._check()
        return np.array(self.columns, dtype=object)

    def spec(self) -> dict[str, Any]:
        """Return the identity as JSON data."""
        own = list(self.columns) if isinstance(self.columns, tuple) else self.columns
        return {"type": type(self).__name__, "columns": own}

    @classmethod
    def examples(cls) -> list[Self]:
        """Return one of a column, and one of two."""
        return [cls(["pH"]), cls(["pH", "dose"])]

    def _check(self) -> None:
        usable = isinstance(self.columns, (list, tuple)) and all(isinstance(name, str) and name for name in self.columns)
        if not usable or not self.columns or len(set(self.columns)) < len(self.columns):
            raise ConfigError(
                "unusable columns", where="Columns", expected="a list of different names", got=repr(self.columns)[:80]
            )
