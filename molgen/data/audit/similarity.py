"""How close the compounds of a part are to the nearest one that was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.chem.fingerprints import morgan_csr, morgan_packed
from molgen.chem.parse import Mol
from molgen.chem.similarity import highest_tanimoto

__all__ = ["Nearness", "nearness"]

#: Training compounds compared with at a time: bounds the working set to some 100 MB.
_REFERENCES = 20_000
_SIZE = 2048


@dataclass(frozen=True, slots=True)
class Nearness:
    """Tanimoto similarity (Morgan bits, radius 2, 2,048) of each compound to the nearest training compound.

    Attributes
    ----------
    rows
        Compounds that were compared.
    quartiles
        First quartile, median, third quartile.
    near, same
        Shares with a similarity of 0.9 or more, and of 1.
    histogram
        Counts in ten steps of 0.1; the last includes 1.
    """

    rows: int
    quartiles: tuple[float, float, float]
    near: float
    same: float
    histogram: list[int]

    @property
    def median(self) -> float:
        """The median."""
        return self.quartiles[1]


def nearness(queries: Sequence[Mol], references: Sequence[Mol]) -> Nearness | None:
    """Compare compounds with training compounds; ``None`` if there are none of either."""
    if not queries or not references:
        return None
    bits = morgan_csr(queries, size=_SIZE)
    best = np.full(len(queries), -1.0, np.float32)
    for start in range(0, len(references), _REFERENCES):
        packed = morgan_packed(references[start : start + _REFERENCES], size=_SIZE)
        best = np.fmax(best, highest_tanimoto(bits, packed))
    # A compound without a bit is like nothing.
    best = np.where(np.diff(bits.indptr) > 0, best, 0.0).astype(np.float64)
    return _summary(best)


def _summary(best: NDArray[np.float64]) -> Nearness:
    low, median, high = (float(value) for value in np.quantile(best, [0.25, 0.5, 0.75]))
    counts = np.histogram(best, bins=10, range=(0, 1))[0]
    # 32-bit quotients: 0.9 may be a hair below itself.
    return Nearness(
        len(best), (low, median, high), float((best >= 0.9 - 1e-6).mean()), float((best >= 1 - 1e-6).mean()), counts.tolist()
    )
