"""How like compounds that are known already: a patent's, a competitor's, or those that were bought before."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molgen.chem.fingerprints import morgan_csr, morgan_packed
from molgen.chem.parse import Mol
from molgen.chem.similarity import nearest_tanimoto
from molgen.chem.standardize import read_compounds
from molgen.data.library import open_library
from molgen.data.paths import MANIFEST, is_prepared
from molgen.errors import ConfigError
from molgen.filters.base import Filter, register
from molgen.streams.source import is_stdin

__all__ = ["Novelty"]

_RADIUS, _SIZE = 2, 2048
#: Microseconds to compare a molecule with a known one, and to make its fingerprint.
_PAIR, _FINGERPRINT = 0.025, 65.0


@register
@dataclass(frozen=True)
class Novelty(Filter):
    """Rejects molecules too like a known compound; as an annotation, it gives the similarity to the nearest known one.

    Parameters
    ----------
    known
        A file of compounds, as a library is read.
    max
        Highest Tanimoto similarity (Morgan fingerprint, radius 2, 2,048 bits) that passes, below 1.

    Raises
    ------
    ConfigError, InputError
        If the file cannot be read, or holds no molecule.
    """

    name = "novelty"
    source = "the user's known compounds"
    column_type = "number"

    known: str
    max: float = 0.7

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.known, str) or not self.known or is_stdin(self.known):
            raise ConfigError(f"the setting 'known' cannot be {self.known!r:.80}", where="filter novelty", expected="a file")
        if not 0 <= self.max < 1:
            raise ConfigError(f"the setting 'max' cannot be {self.max!r}", where="filter novelty", expected="from 0, below 1")
        _references(self.known)

    @property
    def cost(self) -> float:
        """That of a fingerprint, and of the comparison with each known compound."""
        return _FINGERPRINT + _PAIR * len(_references(self.known)[0])

    @property
    def files(self) -> tuple[str, ...]:
        """The file of known compounds."""
        return (str(Path(self.known) / MANIFEST) if is_prepared(self.known) else self.known,)

    @property
    def column(self) -> str:
        """``nearest_known``."""
        return "nearest_known"

    def check(self, mols: Sequence[Mol | None]) -> list[str | None]:
        """Say which known compound is too near."""
        similarity, row = self._nearest(mols)
        names = _references(self.known)[1]
        return [
            f"{names[at]} is {value:.2f} similar" if value > self.max else None
            for value, at in zip(similarity.tolist(), row.tolist(), strict=True)
        ]

    def annotate(self, mols: Sequence[Mol | None]) -> list[float | None]:
        """Return the highest similarity to a known compound."""
        similarity, _ = self._nearest(mols)
        return [float(value) if np.isfinite(value) else None for value in similarity]

    def _nearest(self, mols: Sequence[Mol | None]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return nearest_tanimoto(morgan_csr(mols, radius=_RADIUS, size=_SIZE), _references(self.known)[0])


def _references(path: str) -> tuple[NDArray[np.uint8], list[str]]:
    """Return fingerprints and names of the known compounds; a file that has changed is read anew."""
    about = Path(path).stat() if Path(path).is_file() else None
    return _read(path, (about.st_mtime_ns, about.st_size) if about else None)


@functools.lru_cache(maxsize=4)
def _read(path: str, _: tuple[int, int] | None) -> tuple[NDArray[np.uint8], list[str]]:
    fingerprints, names = [], []
    for block in open_library(path).blocks():
        compounds = read_compounds(["" if at in block.problems else text for at, text in enumerate(block.texts)])
        read = [at for at, mol in enumerate(compounds.items) if mol is not None]
        fingerprints.append(morgan_packed([compounds.items[at] for at in read], radius=_RADIUS, size=_SIZE))
        names += [block.ids[at] or f"row {block.rows[at]}" for at in read]
    if not names:
        raise ConfigError("no molecule in the file of known compounds", where=path)
    return np.concatenate(fingerprints), names
