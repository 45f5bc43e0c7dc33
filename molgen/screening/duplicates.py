"""Rows that are the same compound as an earlier row, over a whole library, in sixteen bytes a compound.

Workers give each row a key, a hash of its canonical parent; the first process, which sees the blocks in their order, keeps the
keys. So what counts as first does not depend on how many workers there are.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from molgen.filters.pipeline import StageCount

if TYPE_CHECKING:
    from molgen.screening.score import ScoredBlock

__all__ = ["DUPLICATES", "DuplicateMarker", "FirstRows", "SeenKeys", "parent_keys", "repeated", "without_duplicates"]

#: The stage's name, and what a reason begins with.
DUPLICATES = "duplicates"

Keys = NDArray[np.uint64]
#: Bits of a place that number the rows of a file; the others number the files.
_ROW_BITS = 40


def parent_keys(smiles: Sequence[str]) -> Keys:
    """Hash canonical SMILES to 64 bits: among a hundred million compounds, two share a key with a chance of 1 in 3,700."""
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=8).digest() for text in smiles)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def repeated(keys: Keys) -> NDArray[np.bool_]:
    """Tell which keys stand earlier in the same array."""
    later = np.ones(len(keys), dtype=np.bool_)
    later[np.unique(keys, return_index=True)[1]] = False
    return later


class SeenKeys:
    """Where each key was first seen: a few sorted arrays, of which two of a size are merged."""

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Keys]] = []

    def first_places(self, keys: Keys, places: Keys) -> Keys:
        """Return the place where each key was first seen, which for a new key is its own, and remember the new ones."""
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        found, new = places[first], np.ones(len(unique), dtype=np.bool_)
        for known, where in self._runs:
            at = np.minimum(np.searchsorted(known, unique), len(known) - 1)
            old = known[at] == unique
            found[old] = where[at[old]]
            new &= ~old
        if new.any():
            self._runs.append((unique[new], found[new]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            self._merge()
        return found[inverse]

    def _merge(self) -> None:
        (a, at_a), (b, at_b) = self._runs.pop(), self._runs.pop()
        order = np.argsort(joined := np.concatenate([a, b]), kind="stable")
        self._runs.append((joined[order], np.concatenate([at_a, at_b])[order]))


class FirstRows:
    """Tells which rows are the same compound as an earlier one, and where that is."""

    def __init__(self) -> None:
        self._seen = SeenKeys()
        self._sources: dict[str, int] = {}

    def find(self, source: str, numbers: Sequence[int] | NDArray[np.int64], rows: NDArray[np.int64], keys: Keys) -> dict[int, str]:
        """Look at a block; blocks come in their order.

        Parameters
        ----------
        source
            The file that the block is of.
        numbers
            The number of each of its rows in that file.
        rows, keys
            Which rows of the block are compounds, and their keys.

        Returns
        -------
        dict
            Row of the block -> where its compound stands first: ``"row 5"``, or ``"row 5 of other.smi"``.
        """
        file = self._sources.setdefault(source, len(self._sources))
        places: Keys = np.asarray(numbers)[rows].astype(np.uint64) + np.uint64(file << _ROW_BITS)
        first = self._seen.first_places(keys, places)
        again = np.flatnonzero(first != places)
        names = list(self._sources)
        found = {}
        for row, place in zip(rows[again].tolist(), first[again].tolist(), strict=True):
            where = place >> _ROW_BITS
            found[row] = f"row {place & (2**_ROW_BITS - 1)}" + ("" if where == file else f" of {names[where]}")
        return found


class DuplicateMarker:
    """Marks rows of scored blocks whose compound was there before: ``filtered``, with the first row in the reason.

    Parameters
    ----------
    values
        Columns that a filtered row leaves empty.
    """

    def __init__(self, values: Sequence[str]) -> None:
        self._first = FirstRows()
        self._values = list(values)

    def mark(self, batch: pa.RecordBatch, rows: NDArray[np.int64], keys: Keys) -> tuple[pa.RecordBatch, StageCount]:
        """Mark a block's repetitions.

        Parameters
        ----------
        batch
            The block's output, with its ``row``, ``source``, ``status`` and ``reason``.
        rows
            The rows of the batch that passed all filters.
        keys
            Their keys.

        Returns
        -------
        pyarrow.RecordBatch
            The same, with repetitions marked.
        StageCount
            Of this step: the rows that only now turned out to be repetitions.
        """
        start = time.process_time()
        source = batch.column("source")[0].as_py() if len(batch) else ""
        first = self._first.find(source, batch.column("row").to_numpy(), rows, keys)
        statuses = batch.column("status").to_pylist()
        newly = sum(statuses[row] == "ok" for row in first)
        if first:
            batch = self._marked(batch, statuses, first)
        return batch, StageCount(DUPLICATES, 0, newly, time.process_time() - start)

    def _marked(self, batch: pa.RecordBatch, statuses: list[str], first: dict[int, str]) -> pa.RecordBatch:
        reasons = batch.column("reason").to_pylist()
        for row, where in first.items():
            statuses[row], reasons[row] = "filtered", f"{DUPLICATES}: same compound as {where}"
        kept = np.ones(len(batch), dtype=np.bool_)
        kept[list(first)] = False
        mask = pa.array(kept)
        changed = {"status": pa.array(statuses, pa.string()), "reason": pa.array(reasons, pa.string())}
        for name in self._values:
            column = batch.column(name)
            changed[name] = pa.compute.if_else(mask, column, pa.scalar(None, column.type))
        columns = [changed.get(name, batch.column(name)) for name in batch.schema.names]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def without_duplicates(blocks: Iterable[ScoredBlock], values: Sequence[str]) -> Iterator[ScoredBlock]:
    """Mark repetitions where all blocks come by in their order; `values` are the columns that such a row leaves empty."""
    marker = DuplicateMarker(values)
    for block in blocks:
        batch, stage = marker.mark(block.batch, block.passed, block.keys)
        yield block._replace(batch=batch, stages=[*block.stages, stage])
