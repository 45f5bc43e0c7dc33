"""Rows of different lengths, packed end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from molgen.errors import InputError

__all__ = ["PACKED_KINDS", "ConformerBatch", "PackedRows", "Repeated", "TokenBatch", "expanded"]


@dataclass(slots=True, eq=False)
class PackedRows:
    """Base of batches whose rows own stretches of arrays; a subclass names each array and the bounds of its stretches."""

    #: Array -> its bounds, int64 ``[n_rows + 1]``: row ``i`` owns ``array[bounds[i]:bounds[i + 1]]``.
    bounds: ClassVar[dict[str, str]]

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.bounds.values())))) - 1

    def select(self, rows: ArrayLike) -> Any:
        """Return the given rows, in the given order.

        Parameters
        ----------
        rows
            Row numbers, which may repeat and may be negative, or a mask.
        """
        wanted = np.asarray(rows)
        chosen = np.arange(len(self))[wanted if len(wanted) else np.zeros(0, np.int64)]
        taken: dict[str, NDArray[Any]] = {}
        for name, bounds in self.bounds.items():
            ptr = getattr(self, bounds)
            counts = ptr[chosen + 1] - ptr[chosen]
            ends = np.cumsum(counts)
            places = np.repeat(ptr[chosen] - (ends - counts), counts) + np.arange(counts.sum())
            taken |= {name: getattr(self, name)[places], bounds: _bounds(counts)}
        return type(self)(**taken)

    @classmethod
    def concatenate(cls, parts: Sequence[Any]) -> Any:
        """Join batches end to end."""
        joined: dict[str, NDArray[Any]] = {}
        for name, bounds in cls.bounds.items():
            joined[name] = np.concatenate([getattr(part, name) for part in parts])
            joined[bounds] = _bounds(np.concatenate([np.diff(getattr(part, bounds)) for part in parts]))
        return cls(**joined)

    @classmethod
    def members(cls) -> tuple[str, ...]:
        """Return the names of the arrays and their bounds."""
        return tuple(each.name for each in fields(cls))


@dataclass(slots=True, eq=False)
class TokenBatch(PackedRows):
    """Numbers of tokens; a row that failed has none.

    Attributes
    ----------
    tokens
        int32 ``[n_tokens]``.
    token_ptr
        int64 ``[n_rows + 1]``.
    """

    bounds: ClassVar[dict[str, str]] = {"tokens": "token_ptr"}

    tokens: NDArray[np.int32]
    token_ptr: NDArray[np.int64]

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        row = range(len(self))[row]
        return self.tokens[self.token_ptr[row] : self.token_ptr[row + 1]]

    def padded(self, length: int | None = None, fill: int = 0) -> NDArray[np.int32]:
        """Return int32 ``[n_rows, length]``, short rows filled up at their end; the longest row sets the length by default.

        Raises
        ------
        InputError
            If a row is longer.
        """
        counts = np.diff(self.token_ptr)
        longest = int(counts.max(initial=0))
        length = longest if length is None else length
        if longest > length:
            raise InputError("a row is longer than its place", expected=f"at most {length} tokens", got=str(longest))
        dense = np.full((len(self), length), fill, dtype=np.int32)
        dense[np.arange(length) < counts[:, None]] = self.tokens
        return dense


@dataclass(slots=True, eq=False)
class ConformerBatch(PackedRows):
    """Atoms in space; a molecule that failed has none.

    Attributes
    ----------
    elements
        uint8 ``[n_atoms]``, atomic numbers, hydrogens after the others.
    atom_ptr
        int64 ``[n_mols + 1]``.
    positions
        float32 ``[n_positions, 3]`` in angstrom: molecule by molecule, in it conformer by conformer, in it atom by atom.
    position_ptr
        int64 ``[n_mols + 1]``.
    energies
        float32 ``[n_conformers]`` in kcal/mol, of the force field; NaN where there was none.
    energy_ptr
        int64 ``[n_mols + 1]``: conformers of each molecule.
    """

    bounds: ClassVar[dict[str, str]] = {"elements": "atom_ptr", "positions": "position_ptr", "energies": "energy_ptr"}

    elements: NDArray[np.uint8]
    atom_ptr: NDArray[np.int64]
    positions: NDArray[np.float32]
    position_ptr: NDArray[np.int64]
    energies: NDArray[np.float32]
    energy_ptr: NDArray[np.int64]

    def __getitem__(self, row: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        """Return elements ``[n]``, positions ``[conformers, n, 3]`` and energies ``[conformers]`` of one molecule."""
        row = range(len(self))[row]
        elements = self.elements[self.atom_ptr[row] : self.atom_ptr[row + 1]]
        energies = self.energies[self.energy_ptr[row] : self.energy_ptr[row + 1]]
        positions = self.positions[self.position_ptr[row] : self.position_ptr[row + 1]]
        return elements, positions.reshape(len(energies), len(elements), 3), energies


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """Values of rows of which many are the same: those of each different one, and which of them each row has.

    Attributes
    ----------
    values
        An array, a CSR matrix or packed rows.
    index
        int64 ``[n_rows]``, rows of ``values``.
    """

    values: Any
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    def select(self, rows: ArrayLike) -> Repeated:
        """Return the given rows, in the given order."""
        return Repeated(self.values, self.index[np.asarray(rows)])

    def used(self) -> tuple[Any, NDArray[np.int64]]:
        """Return the values that rows have, each once, and which of them each row has."""
        used, index = np.unique(self.index, return_inverse=True)
        return _taken(self.values, used), index

    def expand(self) -> Any:
        """Return the values row by row."""
        return _taken(self.values, self.index)


def expanded(values: Any) -> Any:
    """Return values row by row, whether they are repeated or not."""
    return values.expand() if isinstance(values, Repeated) else values


def _taken(values: Any, rows: NDArray[np.int64]) -> Any:
    return values.select(rows) if hasattr(values, "select") else values[rows]


#: The kinds of packed rows that a file of features can hold.
PACKED_KINDS: tuple[type[PackedRows], ...] = (TokenBatch, ConformerBatch)


def _bounds(counts: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
