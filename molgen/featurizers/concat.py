"""Several featurizers side by side over one parse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molgen.errors import ConfigError
from molgen.featurizers.base import Features, Featurizer, from_spec, register
from molgen.featurizers.molecule import MoleculeFeaturizer

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Concat"]


@register
class Concat(MoleculeFeaturizer):
    """The columns of several featurizers of molecules, each molecule parsed once.

    Parameters
    ----------
    parts
        The featurizers, in the order of their columns. Their own ``errors`` and ``n_jobs`` are not used.
    errors, n_jobs
        See :class:`~molgen.featurizers.base.Featurizer`.

    Notes
    -----
    The values are a float array if all parts are dense, and a CSR matrix of floats if one is sparse; float64 if a part
    is. A row that fails in one part fails as a whole, and the reason names the part.
    """

    def __init__(self, parts: Sequence[Featurizer], *, errors: str = "raise", n_jobs: int = 1) -> None:
        self.parts = parts
        self.errors = errors
        self.n_jobs = n_jobs

    def _featurize(self, items: list[Any]) -> Features:
        names = self._names()
        blocks = [part._featurize(items) for part in self.parts]
        reasons: dict[int, str] = {}
        for name, block in zip(names, blocks, strict=True):
            for row, reason in block.errors.items():
                reasons.setdefault(row, f"{name}: {reason}")
        failed = sorted({row for row, item in enumerate(items) if item is None} | set(reasons))
        return Features(_beside([block.values for block in blocks], failed), reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns ``<part>__<column>``; parts are named by their class, numbered if there are several."""
        columns = [
            f"{name}__{column}"
            for name, part in zip(self._names(), self.parts, strict=True)
            for column in part.get_feature_names_out()
        ]
        return np.array(columns, dtype=object)

    def spec(self) -> dict[str, Any]:
        """Return the identity as JSON data; the specs of the parts are nested in it."""
        return {"type": type(self).__name__, "parts": [part.spec() for part in self.parts]}

    @classmethod
    def _from_arguments(cls, arguments: dict[str, Any]) -> Self:
        parts = arguments.get("parts")
        if not isinstance(parts, (list, tuple)):
            raise ConfigError("Concat needs its parts", expected="a list of featurizer specs", got=repr(parts)[:80])
        return cls(**{**arguments, "parts": [from_spec(part) for part in parts]})

    @classmethod
    def examples(cls) -> list[Self]:
        """Return dense, sparse and mixed parts."""
        bits: dict[str, Any]
        weights: dict[str, Any]
        bits, weights = {"type": "Morgan", "size": 64}, {"type": "Descriptors", "names": ["MolWt", "TPSA"]}
        mixtures = ([bits], [bits, weights], [{**bits, "output": "dense"}, weights], [bits, {**bits, "radius": 3}])
        return [cls([from_spec(part) for part in parts]) for parts in mixtures]

    def _names(self) -> list[str]:
        """Check the parts and name them."""
        if not isinstance(self.parts, (list, tuple)) or not self.parts:
            raise ConfigError("Concat needs its parts", expected="a list of featurizers", got=repr(self.parts)[:80])
        for part in self.parts:
            if not isinstance(part, MoleculeFeaturizer):
                raise ConfigError("unusable part", where="Concat", expected="a featurizer of molecules", got=repr(part))
        names = [type(part).__name__.lower() for part in self.parts]
        repeated, seen = Counter(names), Counter[str]()
        for position, name in enumerate(names):
            if repeated[name] > 1:
                seen[name] += 1
                names[position] = f"{name}{seen[name]}"
        return names


def _beside(blocks: list[Any], failed: list[int]) -> Any:
    """Join blocks of columns as floats, and blank the rows that failed."""
    for block in blocks:
        if getattr(block, "ndim", None) != 2:
            raise ConfigError("a part has no columns", where="Concat", got=type(block).__name__)
    dtype = np.result_type(np.float32, *(block.dtype for block in blocks if block.dtype.kind == "f"))
    if all(isinstance(block, np.ndarray) for block in blocks):
        dense = np.hstack(blocks).astype(dtype, copy=False)
        dense[failed] = np.nan
        return dense
    from scipy.sparse import csr_matrix, hstack

    joined = hstack([csr_matrix(block, dtype=dtype) for block in blocks], format="csr")
    if not failed:
        return joined
    # Multiplying by zero would keep NaN, and a stored zero is not an empty row.
    counts = np.diff(joined.indptr)
    emptied = np.isin(np.arange(len(counts)), failed)
    kept = ~np.repeat(emptied, counts)
    indptr = np.concatenate([[0], np.cumsum(np.where(emptied, 0, counts))])
    return csr_matrix((joined.data[kept], joined.indices[kept], indptr), shape=joined.shape)
