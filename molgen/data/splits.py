"""How rows are divided into training, validation and test parts; one function a splitter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.chem.scaffold import murcko_scaffolds
from molgen.errors import InputError

__all__ = ["SPLITTERS", "Split", "column_split", "random_split", "scaffold_split"]

Rows = Sequence[int] | NDArray[np.int64]
Fractions = tuple[float, float, float]
DEFAULT_FRACTIONS: Fractions = (0.8, 0.1, 0.1)

_NAMES = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "test": "test"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the three parts; a row in none of them is left out."""

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


def random_split(mols: Sequence[Mol], *, fractions: Fractions = DEFAULT_FRACTIONS, seed: int = 0) -> Split:
    """Shuffle the rows and cut them at the fractions."""
    order = np.random.default_rng(seed).permutation(len(mols))
    first, second = _cuts(len(mols), fractions)
    return Split.of(np.sort(order[:first]), np.sort(order[first:second]), np.sort(order[second:]))


def scaffold_split(mols: Sequence[Mol], *, fractions: Fractions = DEFAULT_FRACTIONS, seed: int = 0) -> Split:  # noqa: ARG001
    """Keep each Bemis-Murcko scaffold (with chirality) in one part, the most common scaffolds in training.

    Groups are sorted by (size, first row) descending and filled greedily into training, validation and test. Deterministic:
    the seed is not used. Source: the splitter of pretrain-gnns (Hu et al., ICLR 2020) and PaddleHelix, under which MoleculeNet
    results are most often published.
    """
    groups: dict[str, list[int]] = {}
    for row, scaffold in enumerate(murcko_scaffolds(mols)):
        groups.setdefault(scaffold, []).append(row)
    train_cut, valid_cut = fractions[0] * len(mols), (fractions[0] + fractions[1]) * len(mols)
    train: list[int] = []
    valid: list[int] = []
    test: list[int] = []
    for rows in sorted(groups.values(), key=lambda rows: (len(rows), rows[0]), reverse=True):
        if len(train) + len(rows) <= train_cut:
            train += rows
        elif len(train) + len(valid) + len(rows) <= valid_cut:
            valid += rows
        else:
            test += rows
    return Split.of(train, valid, test)


def column_split(values: Sequence[str], *, where: str = "split column") -> Split:
    """Read the parts from a column of ``train``, ``valid`` and ``test``; rows with an empty cell are left out.

    Raises
    ------
    InputError
        If a cell holds another word, or a part that training needs is empty.
    """
    parts: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
    for row, value in enumerate(values):
        word = value.strip().lower()
        if not word:
            continue
        if word not in _NAMES:
            raise InputError(
                "unknown part in the split column",
                where=f"{where}, row {row + 1}",
                expected="train, valid or test",
                got=repr(value),
            )
        parts[_NAMES[word]].append(row)
    if not parts["train"]:
        raise InputError("the split column puts no row in training", where=where)
    return Split.of(parts["train"], parts["valid"], parts["test"])


#: Splitters that look at the molecules alone, by the name that configuration uses.
SPLITTERS: dict[str, Callable[..., Split]] = {"random": random_split, "scaffold": scaffold_split}


def _cuts(n: int, fractions: Fractions) -> tuple[int, int]:
    return round(fractions[0] * n), round((fractions[0] + fractions[1]) * n)
