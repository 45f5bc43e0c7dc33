"""Molecules as graphs: a whole batch in five packed arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rdkit import Chem, rdBase

from molgen.chem import rdkit_binary
from molgen.chem.graph_fields import (
    ATOM_FIELD_SIZES,
    ATOM_FIELDS,
    BOND_FIELD_SIZES,
    BOND_FIELDS,
    FieldError,
    read_mol,
)
from molgen.chem.parse import MolList

if TYPE_CHECKING:
    import torch
    from torch_geometric.data import Batch

__all__ = [
    "ATOM_FIELDS",
    "ATOM_FIELD_SIZES",
    "BOND_FIELDS",
    "BOND_FIELD_SIZES",
    "GraphBatch",
    "GraphTensors",
    "decode_graphs",
    "segments",
]

#: Molecules decoded at a time: enough to share the cost of a NumPy call, few enough to stay in the processor's cache.
_BLOCK = 1024
#: Fewer molecules than this are read quicker one by one.
_FEW = 3


class GraphTensors(NamedTuple):
    """A batch of graphs as tensors; all but ``batch`` share the memory of the :class:`GraphBatch` they came from.

    Attributes
    ----------
    atoms
        uint8 ``[n_atoms, 9]``, the columns of ``ATOM_FIELDS``.
    bonds
        int32 ``[n_bonds, 2]``, atom indices within the batch; each bond once.
    bond_fields
        uint8 ``[n_bonds, 3]``, the columns of ``BOND_FIELDS``.
    batch
        int64 ``[n_atoms]``, the graph of each atom.
    n_graphs
        Number of graphs, with the empty ones.
    """

    atoms: torch.Tensor
    bonds: torch.Tensor
    bond_fields: torch.Tensor
    batch: torch.Tensor
    n_graphs: int


@dataclass(slots=True, eq=False)
class GraphBatch:
    """Graphs of a batch of molecules, packed end to end; other graphs have other fields (see their featurizers).

    A row that could not be read is an empty graph: no atoms, no bonds.

    Attributes
    ----------
    atoms
        uint8 ``[n_atoms, 9]``, the columns of ``ATOM_FIELDS``; the values of PyG's ``from_smiles``.
    bonds
        int32 ``[n_bonds, 2]``, atom indices within the batch; each bond once, in RDKit's order.
    bond_fields
        uint8 ``[n_bonds, 3]``, the columns of ``BOND_FIELDS``.
    atom_ptr, bond_ptr
        int32 ``[n_graphs + 1]``: graph ``i`` owns atoms ``atom_ptr[i]:atom_ptr[i + 1]``, and bonds alike.
    """

    atoms: NDArray[np.uint8]
    bonds: NDArray[np.int32]
    bond_fields: NDArray[np.uint8]
    atom_ptr: NDArray[np.int32]
    bond_ptr: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.atom_ptr) - 1

    def select(self, rows: ArrayLike) -> GraphBatch:
        """Return the given graphs, in the given order.

        Parameters
        ----------
        rows
            Graph numbers, which may repeat and may be negative, or a mask of ``n_graphs`` booleans.
        """
        graphs = _row_numbers(rows, len(self))
        # ``take`` gathers rows several times quicker than indexing, and this runs for every minibatch.
        first_atom, first_bond = self.atom_ptr.take(graphs), self.bond_ptr.take(graphs)
        atom_index, atom_ptr = segments(first_atom, self.atom_ptr.take(graphs + 1) - first_atom)
        bond_counts = self.bond_ptr.take(graphs + 1) - first_bond
        bond_index, bond_ptr = segments(first_bond, bond_counts)
        bonds = self.bonds.take(bond_index, axis=0)
        bonds += np.repeat(atom_ptr[:-1] - first_atom, bond_counts)[:, None]
        return GraphBatch(self.atoms.take(atom_index, axis=0), bonds, self.bond_fields.take(bond_index, axis=0), atom_ptr, bond_ptr)

    @classmethod
    def concatenate(cls, parts: Sequence[GraphBatch]) -> GraphBatch:
        """Join batches end to end; no parts make a batch of no graphs."""
        parts = list(parts) or [_empty(0)]
        if len(parts) == 1:
            return parts[0]
        shifts = np.cumsum([0] + [len(part.atoms) for part in parts[:-1]], dtype=np.int32)
        return cls(
            np.concatenate([part.atoms for part in parts]),
            np.concatenate([part.bonds + shift for part, shift in zip(parts, shifts, strict=True)]),
            np.concatenate([part.bond_fields for part in parts]),
            _pointers(np.concatenate([np.diff(part.atom_ptr) for part in parts])),
            _pointers(np.concatenate([np.diff(part.bond_ptr) for part in parts])),
        )

    def to_torch(self) -> GraphTensors:
        """Return tensors that share this batch's memory, for molgen's own models."""
        import torch

        atoms, bonds, fields = (_as_tensor(array) for array in (self.atoms, self.bonds, self.bond_fields))
        return GraphTensors(atoms, bonds, fields, torch.from_numpy(self._graph_of_atom()), len(self))

    def to_pyg(self) -> Batch:
        """Return the ``torch_geometric.data.Batch`` that PyG's own ``from_smiles`` would have led to.

        Returns
        -------
        Batch
            ``x`` int64 ``[n_atoms, 9]``, ``edge_index`` int64 ``[2, 2 * n_bonds]`` (both directions, sorted),
            ``edge_attr`` int64 ``[2 * n_bonds, 3]``, ``batch`` and ``ptr``; ``get_example`` and ``to_data_list`` work.
        """
        import torch
        from torch_geometric.data import Batch, Data

        source, target, bond = self._directed_edges()
        batch: Any = Batch(_base_cls=Data)
        batch.x = torch.from_numpy(self.atoms.astype(np.int64))
        batch.edge_index = torch.from_numpy(np.stack([source, target]))
        batch.edge_attr = torch.from_numpy(self.bond_fields.take(bond, axis=0).astype(np.int64))
        batch.batch = torch.from_numpy(self._graph_of_atom())
        batch.ptr = torch.from_numpy(self.atom_ptr.astype(np.int64))
        edge_ptr = torch.from_numpy(2 * self.bond_ptr.astype(np.int64))
        nothing = torch.zeros(len(self), dtype=torch.int64)
        batch._num_graphs = len(self)
        batch._slice_dict = {"x": batch.ptr, "edge_index": edge_ptr, "edge_attr": edge_ptr}
        batch._inc_dict = {"x": nothing, "edge_index": batch.ptr[:-1], "edge_attr": nothing}
        return batch

    def _graph_of_atom(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.atom_ptr))

    def _directed_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return source, target and bond of each directed edge, sorted by source and then target."""
        begin, end = self.bonds.astype(np.int64).T
        key = np.concatenate([begin, end]) * max(1, len(self.atoms)) + np.concatenate([end, begin])
        order = np.argsort(key)
        source, target = np.divmod(key[order], max(1, len(self.atoms)))
        return source, target, order % max(1, len(self.bonds))


def decode_graphs(mols: Sequence[Chem.Mol | None]) -> tuple[GraphBatch, dict[int, str]]:
    """Turn sanitised molecules into one batch of graphs.

    Parameters
    ----------
    mols
        One molecule a row; ``None`` becomes an empty graph without an entry in the errors.

    Returns
    -------
    GraphBatch
        As many graphs as rows, in order.
    dict
        Row number (0-based) -> reason, ``kind: detail``, for each molecule that is not sanitised or has a value outside
        the vocabulary (where PyG raises ``ValueError``). Its graph is empty.

    Notes
    -----
    A :class:`~molgen.chem.parse.MolList` is decoded once, however many featurizers ask.
    """
    if not isinstance(mols, MolList):
        return _decode(mols)
    if mols.graphs is None:
        mols.graphs = _decode(mols)
    graphs, errors = mols.graphs
    return graphs, dict(errors)


def _decode(mols: Sequence[Chem.Mol | None]) -> tuple[GraphBatch, dict[int, str]]:
    graphs: list[GraphBatch] = []
    errors: dict[int, str] = {}
    for start in range(0, len(mols), _BLOCK):
        block, reasons = _decode_block(mols[start : start + _BLOCK])
        graphs.append(block)
        errors |= {start + row: reason for row, reason in reasons.items()}
    return GraphBatch.concatenate(graphs), errors


def _decode_block(mols: Sequence[Chem.Mol | None]) -> tuple[GraphBatch, dict[int, str]]:
    if len(mols) >= _FEW and rdkit_binary.is_trusted():
        decoded = rdkit_binary.decode(mols)
        batch = GraphBatch(*decoded.arrays, _pointers(decoded.n_atoms), _pointers(decoded.n_bonds))
        refused = decoded.refused.tolist()
    else:
        batch = _empty(len(mols))
        refused = [True] * len(mols)
    left = {row: mol for row, mol in enumerate(mols) if refused[row] and mol is not None}
    return _read_left(batch, left) if left else (batch, {})


def _read_left(batch: GraphBatch, left: dict[int, Chem.Mol]) -> tuple[GraphBatch, dict[int, str]]:
    """Read the molecules that are left by getters, and put them in their rows."""
    errors: dict[int, str] = {}
    parts = [batch]
    place = np.arange(len(batch))
    with rdBase.BlockLogs():  # RDKit logs a question that it cannot answer; here it becomes a reason
        for row, mol in left.items():
            try:
                part = _single(*read_mol(mol))
            except FieldError as error:
                errors[row] = str(error)
            else:
                place[row] = len(batch) + len(parts) - 1
                parts.append(part)
    return GraphBatch.concatenate(parts).select(place), errors


def _row_numbers(rows: ArrayLike, n_rows: int) -> NDArray[np.intp]:
    index = np.asarray(rows)
    if index.dtype == np.bool_:
        if index.shape != (n_rows,):
            raise IndexError(f"a mask of shape {index.shape} cannot select from {n_rows} graphs")
        return np.flatnonzero(index)
    index = index.astype(np.intp, casting="same_kind" if index.size else "unsafe").ravel()
    if index.size and not -n_rows <= index.min() <= index.max() < n_rows:
        raise IndexError(f"graph numbers {index.min()} to {index.max()} are not all among {n_rows} graphs")
    return np.where(index < 0, index + n_rows, index)


def _single(atoms: NDArray[np.uint8], bonds: NDArray[np.int32], fields: NDArray[np.uint8]) -> GraphBatch:
    ends = np.array([0, len(atoms)], dtype=np.int32), np.array([0, len(bonds)], dtype=np.int32)
    return GraphBatch(atoms, bonds, fields, *ends)


def _empty(n_graphs: int) -> GraphBatch:
    zeros = np.zeros(n_graphs + 1, dtype=np.int32)
    return GraphBatch(
        np.zeros((0, len(ATOM_FIELDS)), dtype=np.uint8),
        np.zeros((0, 2), dtype=np.int32),
        np.zeros((0, len(BOND_FIELDS)), dtype=np.uint8),
        zeros,
        zeros.copy(),
    )


def _as_tensor(array: NDArray[Any]) -> torch.Tensor:
    import torch

    # A memory-mapped or frozen array is copied: a tensor cannot promise not to write to it.
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _pointers(counts: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    ptr = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=ptr[1:])
    return ptr


def segments(starts: NDArray[Any], counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return the indices that gather segments ``starts[i]:starts[i] + counts[i]``, and their new pointers."""
    ptr = _pointers(counts)
    return np.repeat(starts - ptr[:-1], counts) + np.arange(ptr[-1], dtype=np.int32), ptr
