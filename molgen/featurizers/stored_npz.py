"""Features in an ``.npz``, written as they come and read at once."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.graph import GraphBatch
from molgen.errors import InputError
from molgen.featurizers.base import Featurizer, from_spec
from molgen.featurizers.stored import (
    FORMAT,
    FeatureBlock,
    StoredFeatures,
    assemble,
    check_format,
    row_columns,
    write_spec,
)
from molgen.packed import PACKED_KINDS, PackedRows

__all__ = ["read_npz", "write_npz"]

_GRAPH_MEMBERS = ("atoms", "bonds", "bond_fields", "atom_ptr", "bond_ptr")
#: Deflate's quickest level: packed arrays gain little from the slower ones.
_LEVEL = 1


class _Spool:
    """Arrays that grow at their end, in unnamed files until they are whole: the header of an array says how long it is."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._files: dict[str, IO[bytes]] = {}
        self._like: dict[str, NDArray[Any]] = {}
        self._lengths: dict[str, int] = {}
        self._totals: dict[str, int] = {}

    def append(self, name: str, array: NDArray[Any]) -> None:
        if name not in self._files:
            self._files[name] = self._stack.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - the stack is one
            self._like[name] = array[:0]
            self._lengths[name] = 0
        self._files[name].write(array.tobytes())
        self._lengths[name] += len(array)

    def append_pointers(self, name: str, pointers: NDArray[Any], dtype: type[np.integer[Any]] = np.int64) -> int:
        """Append the bounds of packed values, counted on from those before; return how many values came before."""
        before = self._totals.get(name, 0)
        self._totals[name] = before + int(pointers[-1])
        if self._totals[name] > np.iinfo(dtype).max:
            raise InputError(f"{name} outgrows one file of features", remedy="split the library")
        if name not in self._files:
            self.append(name, np.zeros(1, dtype))
        self.append(name, pointers[1:].astype(dtype) + dtype(before))
        return before

    def append_text(self, name: str, texts: Sequence[str]) -> None:
        encoded = [text.encode() for text in texts]
        self.append(f"{name}_utf8", np.frombuffer(b"".join(encoded), np.uint8))
        self.append_pointers(f"{name}_ptr", np.cumsum([0, *map(len, encoded)]))

    def write(self, archive: zipfile.ZipFile) -> None:
        for name, file in self._files.items():
            like = self._like[name]
            shape = (self._lengths[name], *like.shape[1:])
            with archive.open(_member(name), "w", force_zip64=True) as member:
                header = {"descr": np.lib.format.dtype_to_descr(like.dtype), "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
                file.seek(0)
                copyfileobj(file, member, 2**20)


def _member(name: str) -> zipfile.ZipInfo:
    # Without a date, so that the same features give the same bytes.
    info = zipfile.ZipInfo(f"{name}.npy")
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def write_npz(path: Path, featurizer: Featurizer, blocks: Iterable[FeatureBlock], like: Any) -> None:
    """Write blocks of features; see :func:`~molgen.featurizers.files.write_features`."""
    small = {"molgen_format": np.array(FORMAT), "featurizer": np.array(write_spec(featurizer))}
    with ExitStack() as stack:
        spool = _Spool(path.parent, stack)
        rows = 0
        for block in _with_empty(blocks, like, len(row_columns(featurizer))):
            rows += len(block.rows[0])
            spool.append("row", np.array(block.rows[0], np.int64))
            for name, texts in zip(row_columns(featurizer)[1:], block.rows[1:], strict=True):
                spool.append_text(name, texts)
            _append_values(spool, block.values)
        if not isinstance(like, np.ndarray | GraphBatch | PackedRows):
            small |= {"shape": np.array([rows, like.shape[1]]), "format": np.array(b"csr")}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            for name, array in small.items():
                with archive.open(_member(name), "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
            spool.write(archive)


def _with_empty(blocks: Iterable[FeatureBlock], like: Any, width: int) -> Iterator[FeatureBlock]:
    """Put a block of no rows first, so that a library of no rows leaves empty arrays and not none."""
    nothing = like.select([]) if isinstance(like, GraphBatch | PackedRows) else like[:0]
    yield FeatureBlock(tuple([] for _ in range(width)), nothing)
    yield from blocks


def _append_values(spool: _Spool, values: Any) -> None:
    if isinstance(values, np.ndarray):
        spool.append("values", values)
    elif isinstance(values, GraphBatch):
        spool.append("atoms", values.atoms)
        before = spool.append_pointers("atom_ptr", values.atom_ptr, np.int32)
        spool.append("bonds", values.bonds + np.int32(before))
        spool.append("bond_fields", values.bond_fields)
        spool.append_pointers("bond_ptr", values.bond_ptr, np.int32)
    elif isinstance(values, PackedRows):
        for name, bounds in values.bounds.items():
            spool.append(name, getattr(values, name))
            spool.append_pointers(bounds, getattr(values, bounds))
    else:
        spool.append("data", values.data)
        spool.append("indices", values.indices)
        spool.append_pointers("indptr", values.indptr)


def read_npz(path: Path) -> StoredFeatures:
    """Read what :func:`write_npz` wrote."""
    # Opened here, since NumPy leaves a damaged file open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
        check_format(members["molgen_format"].item(), path)
        featurizer = from_spec(json.loads(members["featurizer"].item()))
        rows: dict[str, list[Any]] = {"row": members["row"].tolist()}
        rows |= {name: _texts(members[f"{name}_utf8"], members[f"{name}_ptr"]) for name in row_columns(featurizer)[1:]}
        values: Any
        packed = next((kind for kind in PACKED_KINDS if set(kind.members()) <= set(members.files)), None)
        if "values" in members:
            values = members["values"]
        elif packed:
            values = packed(**{name: members[name] for name in packed.members()})
        elif "atoms" in members:
            values = GraphBatch(*(members[name] for name in _GRAPH_MEMBERS))
        else:
            from scipy.sparse import csr_matrix

            values = csr_matrix((members["data"], members["indices"], members["indptr"]), shape=members["shape"])
    return assemble(featurizer, values, rows)


def _texts(data: NDArray[np.uint8], pointers: NDArray[np.int64]) -> list[str]:
    whole, bounds = data.tobytes(), pointers.tolist()
    return [whole[start:stop].decode() for start, stop in pairwise(bounds)]
