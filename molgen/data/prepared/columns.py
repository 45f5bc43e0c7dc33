"""Features as columns of bytes: what is ragged keeps its lengths, and a thousand rows are read without a loop over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from molgen.chem.graph import ATOM_FIELD_SIZES, ATOM_FIELDS, BOND_FIELD_SIZES, BOND_FIELDS, GraphBatch
from molgen.errors import ConfigError

__all__ = ["Layout"]

Kind = Literal["graph", "sparse", "dense"]

#: Column suffix -> type of its numbers, how many make one place, for what is ragged.
_PARTS: dict[str, tuple[str, ...]] = {
    "graph": ("atoms", "bonds", "bond_fields"),
    "sparse": ("indices", "values"),
    "dense": ("values",),
}
#: Atoms are numbered within their molecule, of which there are at most a few hundred.
_ATOM_NUMBER = np.dtype("<u2")
_COLUMN_NUMBER = np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the values of one featurizer are written.

    Attributes
    ----------
    kind
        ``"graph"``, ``"sparse"`` or ``"dense"``.
    width
        Columns of a vector; 0 for graphs.
    dtype
        Type of its numbers, as NumPy writes it (``"<f8"``); empty for graphs.
    """

    kind: Kind
    width: int = 0
    dtype: str = ""

    @classmethod
    def of(cls, values: Any) -> Self:
        """Return the layout of a featurizer's values.

        Raises
        ------
        ConfigError
            If there is none for values of this kind.
        """
        if isinstance(values, GraphBatch):
            return cls("graph")
        if issparse(values) or (isinstance(values, np.ndarray) and values.ndim == 2):
            return cls("sparse" if issparse(values) else "dense", int(values.shape[1]), values.dtype.newbyteorder("<").str)
        raise ConfigError("these features do not fit into a prepared library", got=type(values).__name__)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"kind": self.kind} | ({} if self.kind == "graph" else {"width": self.width, "dtype": self.dtype})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it; ValueError if it cannot be."""
        if data.get("kind") == "graph":
            return cls("graph")
        kind, width, dtype = data.get("kind"), data.get("width"), data.get("dtype")
        if kind not in ("sparse", "dense") or type(width) is not int or not 0 <= width <= 1 << 24 or not isinstance(dtype, str):
            raise ValueError(f"unknown layout {data!r}"[:200])
        if np.dtype(dtype).kind not in "uif":
            raise ValueError(f"no numbers of type {dtype!r}")
        return cls(kind, width, dtype)

    def fields(self, prefix: str) -> list[tuple[str, pa.DataType]]:
        """Return name and type of each column."""
        wide = pa.binary(self.width * np.dtype(self.dtype).itemsize) if self.kind == "dense" and self.width else pa.binary()
        return [(f"{prefix}.{part}", wide) for part in _PARTS[self.kind]]

    def pack(self, values: Any) -> list[pa.Array]:
        """Return the columns, one row a row of ``values``."""
        if self.kind == "graph":
            return _pack_graphs(values)
        if self.kind == "sparse":
            matrix = values.tocsr()
            lengths = np.diff(matrix.indptr)
            return [
                _ragged(matrix.indices.astype(_COLUMN_NUMBER), lengths),
                _ragged(matrix.data.astype(self.dtype), lengths),
            ]
        whole = np.ascontiguousarray(values, dtype=self.dtype)
        ((_, kind),) = self.fields("")
        return [pa.Array.from_buffers(kind, len(whole), [None, pa.py_buffer(whole.tobytes())])]

    def unpack(self, columns: Callable[[str], pa.Array]) -> Any:
        """Return values from columns that are got by the names of their parts; ValueError if they do not hold."""
        if self.kind == "graph":
            return _unpack_graphs(columns)
        dtype = np.dtype(self.dtype)
        if self.kind == "dense":
            column = columns("values")
            raw = np.frombuffer(column.buffers()[1] or b"", np.uint8, len(column) * self.width * dtype.itemsize, _start(column))
            return raw.view(dtype).reshape(len(column), self.width)
        indices, bounds = _flat(columns("indices"), _COLUMN_NUMBER)
        data, other = _flat(columns("values"), dtype)
        if not np.array_equal(bounds, other) or (len(indices) and int(indices.max()) >= self.width):
            raise ValueError("a sparse row points out of its columns")
        return csr_matrix((data, indices.astype(np.int32), bounds.astype(np.int32)), shape=(len(bounds) - 1, self.width))


def _pack_graphs(graphs: GraphBatch) -> list[pa.Array]:
    atoms, bonds = np.diff(graphs.atom_ptr), np.diff(graphs.bond_ptr)
    local = graphs.bonds - np.repeat(graphs.atom_ptr[:-1], bonds)[:, None]
    return [
        _ragged(graphs.atoms.ravel(), atoms * len(ATOM_FIELDS)),
        _ragged(local.astype(_ATOM_NUMBER).ravel(), bonds * 2),
        _ragged(graphs.bond_fields.ravel(), bonds * len(BOND_FIELDS)),
    ]


def _unpack_graphs(columns: Callable[[str], pa.Array]) -> GraphBatch:
    atoms, atom_ptr = _rows_of(columns("atoms"), np.dtype("u1"), len(ATOM_FIELDS))
    local, bond_ptr = _rows_of(columns("bonds"), _ATOM_NUMBER, 2)
    fields, other = _rows_of(columns("bond_fields"), np.dtype("u1"), len(BOND_FIELDS))
    sizes, counts = np.diff(atom_ptr), np.diff(bond_ptr)
    if len(sizes) != len(counts) or not np.array_equal(bond_ptr, other) or (local >= np.repeat(sizes, counts)[:, None]).any():
        raise ValueError("a bond has no atom")
    # An embedding's table has a row for each of these values, and nothing beyond.
    if (atoms >= np.array(ATOM_FIELD_SIZES)).any() or (fields >= np.array(BOND_FIELD_SIZES)).any():
        raise ValueError("an atom or a bond has a value that none has")
    bonds = local.astype(np.int32) + np.repeat(atom_ptr[:-1], counts)[:, None].astype(np.int32)
    return GraphBatch(atoms, bonds, fields, atom_ptr.astype(np.int32), bond_ptr.astype(np.int32))


def _rows_of(column: pa.Array, dtype: np.dtype[Any], width: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    flat, bounds = _flat(column, dtype)
    if (bounds % width).any():
        raise ValueError("a row ends within a place")
    return flat.reshape(-1, width), bounds // width


def _ragged(numbers: NDArray[Any], lengths: NDArray[Any]) -> pa.Array:
    """Return stretches of an array as a column of bytes."""
    bounds = np.concatenate([[0], np.cumsum(lengths)]) * numbers.dtype.itemsize
    buffers = [None, pa.py_buffer(bounds.astype(np.int32).tobytes()), pa.py_buffer(numbers.tobytes())]
    return pa.Array.from_buffers(pa.binary(), len(lengths), buffers)


def _flat(column: pa.Array, dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return what the rows of a column of bytes hold, end to end, and the bounds of each row in it."""
    if column.null_count:
        raise ValueError("a row is missing")
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(column) + 1, 4 * column.offset).astype(np.int64)
    if (bounds % dtype.itemsize).any():
        raise ValueError("a row ends within a number")
    first = int(bounds[0])
    numbers = np.frombuffer(data or b"", dtype, (int(bounds[-1]) - first) // dtype.itemsize, first)
    return numbers, (bounds - first) // dtype.itemsize


def _start(column: pa.Array) -> int:
    return int(column.offset) * int(column.type.byte_width)
