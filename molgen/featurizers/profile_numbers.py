"""Numbers of samples, such as the expression of genes, as a featurizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.bio.profiles import Profile
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, Featurizer, register

if TYPE_CHECKING:
    from typing import Self

__all__ = ["ProfileNumbers"]


@register
class ProfileNumbers(Featurizer):
    """What was measured of samples: a column for each name, float32, NaN where a number is missing.

    Rows are :class:`~molgen.bio.profiles.Profile`, or numbers by name. A row that has none of the names fails.

    Parameters
    ----------
    names
        What is read, each once: ``["expression:TP53", "mutation:TP53"]``.
    errors, n_jobs
        See :class:`~molgen.featurizers.base.Featurizer`.

    Examples
    --------
    >>> ProfileNumbers(["TP53", "KRAS"]).transform([{"KRAS": 2.5, "TP53": -1.0}]).tolist()
    [[-1.0, 2.5]]
    """

    reads: ClassVar[str] = "profile"

    def __init__(self, names: Sequence[str], *, errors: str = "raise", n_jobs: int = 1) -> None:
        self.names = names
        self.errors = errors
        self.n_jobs = n_jobs

    def _read(self, rows: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
        self._check()
        names = tuple(self.names)
        items: list[Profile | None] = []
        reasons = {}
        for at, row in enumerate(rows):
            try:
                item = (Profile.of(row) if isinstance(row, Mapping) else row).ordered(names)
            except (AttributeError, TypeError, ValueError):
                items.append(None)
                reasons[at] = f"not numbers by name: {type(row).__name__}"
                continue
            known = np.isfinite(item.values).any()
            items.append(item if known else None)
            if not known:
                reasons[at] = f"none of the {len(names):,} numbers, such as {names[0]!r}"
        return items, reasons

    def _featurize(self, items: list[Any]) -> Features:
        values = np.full((len(items), len(self.names)), np.nan, dtype=np.float32)
        for at, item in enumerate(items):
            if item is not None:
                values[at] = item.values
        return Features(values)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Return the names."""
        self._check()
        return np.array(self.names, dtype=object)

    def spec(self) -> dict[str, Any]:
        """Return the identity as JSON data."""
        return {"type": type(self).__name__, "names": list(self.names) if isinstance(self.names, tuple) else self.names}

    @classmethod
    def examples(cls) -> list[Self]:
        """Return one of two names."""
        return [cls(["expression:TP53", "mutation:KRAS"])]

    def _check(self) -> None:
        usable = isinstance(self.names, (list, tuple)) and all(isinstance(name, str) and name for name in self.names)
        if not usable or not self.names or len(set(self.names)) < len(self.names):
            got = repr(self.names)[:80]
            raise ConfigError("unusable names", where="ProfileNumbers", expected="a list of different names", got=got)
