"""Blocks of a prepared library: named in one process, read in whichever needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import rdkit
from numpy.typing import NDArray

from molgen.chem.fingerprints import fold_packed, packed_to_csr
from molgen.data.prepared.columns import Layout
from molgen.data.prepared.manifest import Manifest, read_manifest
from molgen.errors import InputError
from molgen.featurizers import Featurizer, Morgan
from molgen.featurizers.base import take_rows
from molgen.members import one_line

__all__ = ["EXTRA", "PreparedBlock", "PreparedRows", "PreparedSource", "read_prepared"]

#: What the names of the source files' own columns begin with.
EXTRA = "extra."


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """What is known of the rows of a block before anything is computed.

    Attributes
    ----------
    statuses, reasons, notes
        As :class:`~molgen.chem.standardize.Compounds` has them; notes are joined to one text.
    canonical
        Canonical SMILES of the parent compound; ``None`` for a row that has none.
    values
        Featurizer -> its values, one row a row.
    complete
        Rows that ``values`` speak of; another is blank there.
    max_atoms, tautomers
        How the library was prepared.
    """

    statuses: list[str]
    reasons: list[str | None]
    notes: list[str | None]
    canonical: list[str | None]
    values: dict[Featurizer, Any]
    complete: NDArray[np.bool_]
    max_atoms: int
    tautomers: bool

    def take(self, rows: Sequence[int]) -> PreparedRows:
        """Return what is known of some rows, in their order."""
        at = np.array(rows, dtype=np.int64)
        return PreparedRows(
            [self.statuses[row] for row in rows],
            [self.reasons[row] for row in rows],
            [self.notes[row] for row in rows],
            [self.canonical[row] for row in rows],
            {each: take_rows(values, at) for each, values in self.values.items()},
            self.complete[at],
            self.max_atoms,
            self.tautomers,
        )

    def without(self, problems: Mapping[int, str]) -> PreparedRows:
        """Return the same, with rows that are not to be looked at."""
        if not problems:
            return self
        statuses = ["invalid" if row in problems else status for row, status in enumerate(self.statuses)]
        return replace(self, statuses=statuses, reasons=[problems.get(row, reason) for row, reason in enumerate(self.reasons)])

    def find(self, featurizer: Featurizer) -> Any:
        """Return the values of a featurizer, or ``None``; bits of a fingerprint are folded from one that is a multiple as long."""
        if featurizer in self.values:
            return self.values[featurizer]
        if not isinstance(featurizer, Morgan) or featurizer.counts or featurizer.output == "dense":
            return None
        for stored, values in self.values.items():
            if not isinstance(stored, Morgan) or stored.output != "packed":
                continue
            same = (stored.radius, stored.chirality) == (featurizer.radius, featurizer.chirality)
            if same and stored.size % featurizer.size == 0 == featurizer.size % 8:
                folded = fold_packed(values, featurizer.size)
                return folded if featurizer.output == "packed" else packed_to_csr(folded, featurizer.size)
        return None


class PreparedBlock(NamedTuple):
    """Where a block of rows is.

    Attributes
    ----------
    number
        0-based, over the whole library.
    path, group
        The shard and its row group.
    size
        Rows of it.
    """

    number: int
    path: str
    group: int
    size: int


class PreparedSource:
    """A prepared library that is open for reading.

    Parameters
    ----------
    folder
        Where it is.

    Raises
    ------
    InputError
        If it cannot be used.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(folder)
        for shard in self.manifest.shards:
            if not (self.folder / shard.file).is_file():
                raise InputError("a part of the prepared library is missing", where=str(self.folder / shard.file))
        self._read = 0

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.folder)

    def aged(self) -> list[str]:
        """Say whether another RDKit prepared it: what is stored may differ from what this one makes of the same text."""
        made, now = self.manifest.versions.get("rdkit"), rdkit.__version__
        return (
            []
            if made in (None, now)
            else [f"prepared with RDKit {made}, and this is {now}: scores may differ from those of its text"]
        )

    def blocks(self, first: int = 0) -> Iterator[PreparedBlock]:
        """Name each block in order, numbered from ``first``."""
        self._read = 0
        for shard in self.manifest.shards:
            path = str(self.folder / shard.file)
            for group, size in enumerate(shard.groups):
                self._read += size
                yield PreparedBlock(first, path, group, size)
                first += 1

    def share_read(self) -> float:
        """Return the share of rows that the latest :meth:`blocks` has named, 0 to 1."""
        return self._read / max(1, self.manifest.rows)


class PreparedTable(NamedTuple):
    """The columns of a block, and what features they hold."""

    columns: dict[str, pa.Array]
    rows: PreparedRows


def read_prepared(block: PreparedBlock) -> PreparedTable:
    """Read a block, and check that it holds.

    Raises
    ------
    InputError
        If it is damaged.
    """
    where = f"{block.path}, row group {block.group}"
    try:
        file, manifest = _open(block.path)
        table = file.read_row_group(block.group)
        if len(table) != block.size:
            raise ValueError(f"{len(table)} rows where {block.size} should be")
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        columns = {name: each.chunk(0) if isinstance(each, pa.ChunkedArray) else each for name, each in columns.items()}
        rows = PreparedRows(
            columns["status"].to_pylist(),
            columns["reason"].to_pylist(),
            columns["notes"].to_pylist(),
            columns["canonical_smiles"].to_pylist(),
            {each: _unpack(layout, columns, f"f{at}") for at, (each, layout) in enumerate(manifest.features)},
            columns["complete"].to_numpy(zero_copy_only=False),
            manifest.max_atoms,
            manifest.tautomers,
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        got = one_line(f"{type(error).__name__}: {error}")[:200]
        raise InputError("the prepared library is damaged", where=where, got=got, remedy="prepare it anew") from None
    return PreparedTable(columns, rows)


def _unpack(layout: Layout, columns: dict[str, pa.Array], prefix: str) -> Any:
    return layout.unpack(lambda part: columns[f"{prefix}.{part}"])


@lru_cache(maxsize=2)
def _open(path: str) -> tuple[Any, Manifest]:
    """Open a shard; a process goes through one after the other."""
    file = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True)
    return file, _manifest(str(Path(path).parent))


@lru_cache(maxsize=2)
def _manifest(folder: str) -> Manifest:
    return read_manifest(folder)
