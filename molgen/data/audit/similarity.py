"""How close the compounds of a part are to the nearest one that was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.chem.similarity import highest_tanimoto

__all__ = ["Nearness", "nearness"]

#: Training compounds compared with at a time: bounds the working set to some 100 MB.
_REFERENCES = 20_000
_QUERIES = 5_000


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


def nearness(queries: NDArray[np.uint8], references: NDArray[np.uint8]) -> Nearness | None:
    """Compare fingerprints with those of training compounds.

    Parameters
    ----------
    queries, references
        Packed bits ``[n, bytes]``; the references are those of training compounds.

    Returns
    -------
    Nearness or None
        ``None`` if there are none of either.
    """
    from scipy.sparse import csr_matrix

    if not len(queries) or not len(references):
        return None
    best = np.zeros(len(queries))
    for start in range(0, len(queries), _QUERIES):
        bits = csr_matrix(np.unpackbits(queries[start : start + _QUERIES], axis=1))
        for other in range(0, len(references), _REFERENCES):
            found = highest_tanimoto(bits, references[other : other + _REFERENCES])
            # A compound without a bit is like nothing, and stays at 0.
            best[start : start + _QUERIES] = np.fmax(best[start : start + _QUERIES], found)
    return _summary(best)


def _summary(best: NDArray[np.float64]) -> Nearness:
    low, median, high = (float(value) for value in np.quantile(best, [0.25, 0.5, 0.75]))
    counts = np.histogram(best, bins=10, range=(0, 1))[0]
    # 32-bit quotients: 0.9 may be a hair below itself.
    near, same = (float((best >= limit - 1e-6).mean()) for limit in (0.9, 1.0))
    return Nearness(len(best), (low, median, high), near, same, counts.tolist())
