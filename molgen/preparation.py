"""A library read once: standardised, marked for duplicates, and stored with what models read of it."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import rdkit

from molgen.chem.descriptors import DESCRIPTORS_FAST
from molgen.chem.parse import MolList
from molgen.chem.standardize import MAX_ATOMS, canonical_smiles, read_compounds
from molgen.data.library import AnyBlock, Library, load_block, open_library
from molgen.data.paths import MANIFEST, expand_paths, is_prepared
from molgen.data.prepared.columns import Layout
from molgen.data.prepared.manifest import Manifest
from molgen.data.prepared.reader import EXTRA
from molgen.data.prepared.writer import ShardWriter, shard_schema
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Columns, Descriptors, Featurizer, MolGraph, Morgan, from_spec
from molgen.files import remove_unfinished, replacing
from molgen.screening.duplicates import FirstRows, parent_keys
from molgen.screening.fill import Progress
from molgen.screening.folder import PartsFolder, parts_folder
from molgen.screening.manifest import Manifest as RunManifest
from molgen.screening.manifest import describe
from molgen.screening.resume import Finished, finished_parts
from molgen.screening.score import ScoredBlock
from molgen.screening.watchdog import RowLimits
from molgen.screening.workers import work_blocks

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["PrepareResult", "prepare"]

#: What is stored of every row: graphs and cheap descriptors for networks, bits for similarities.
STORED: list[Featurizer] = [MolGraph(), Descriptors(DESCRIPTORS_FAST), Morgan(2, 2048, output="packed")]


@dataclass(slots=True)
class PrepareResult:
    """What preparing came to.

    Attributes
    ----------
    output
        The library's folder.
    rows, statuses, reasons
        Rows of the source files, and how many of them came to each status and each reason.
    duplicates
        Rows whose compound stands in an earlier row.
    bytes
        Size of the folder.
    notes
        What was unusual about the source files.
    """

    output: Path
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    bytes: int = 0
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "output": str(self.output),
            "rows": self.rows,
            "statuses": dict(self.statuses),
            "reasons": dict(self.reasons),
            "duplicates": self.duplicates,
            "bytes": self.bytes,
            "notes": self.notes,
        }


def prepare(
    library: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    model: str | Path | Bundle | None = None,
    store: Sequence[Featurizer] = (),
    tautomers: bool = False,
    max_atoms: int = MAX_ATOMS,
    smiles: str | None = None,
    ids: str | None = None,
    workers: int = 1,
    row_timeout: float | None = None,
    row_memory: float | None = None,
    overwrite: bool = False,
    restart: bool = False,
    progress: Progress | None = None,
) -> PrepareResult:
    """Prepare a library for screens to come: its rows are parsed and standardised once, and screened several times as fast after.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns and ``-`` for standard input, too.
    output
        Folder to write: shards of Parquet, and ``molgen-library.json``, which names them.
    model
        A bundle, or its file, whose inputs are stored beside the usual ones (graphs, cheap descriptors, 2,048 bits of Morgan
        fingerprint), so that it screens the library without looking at a molecule.
    store
        Featurizers whose values are stored, too: :func:`molgen.pretrain` learns from ``Descriptors()``.
    tautomers
        Whether compounds are put into their canonical tautomer.
    max_atoms
        Larger molecules are ``too_large``.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    workers
        Processes.
    row_timeout, row_memory
        Seconds and MB that one row may take, as for :func:`molgen.screen`.
    overwrite
        Replace a prepared library that is there.
    restart
        Throw away what a call that was killed has left; by default the same call goes on from there.
    progress
        Told how many rows are done, and about which share of the library that is.

    Raises
    ------
    InputError, ConfigError
        Before any row is read, if the call cannot succeed; later if a file turns out to be damaged.

    Examples
    --------
    >>> molgen.prepare("vendor.smi.gz", "vendor/")  # doctest: +SKIP
    """
    if workers < 1 or max_atoms < 1:
        raise ConfigError("workers and max_atoms must be at least 1", got=f"workers {workers}, max_atoms {max_atoms}")
    limits = None if row_timeout is None and row_memory is None else RowLimits.asked(row_timeout, row_memory)
    paths = expand_paths(library)
    for path in paths:
        if is_prepared(path):
            raise InputError("the library is prepared already", where=str(path))
    opened = open_library(paths, smiles=smiles, ids=ids)
    stored = list(dict.fromkeys([*_featurizers(model), *store]))
    layouts = [Layout.of(each.featurize(["C"]).values) for each in stored]
    plan = _Plan([each.spec() for each in stored], layouts, opened.extras, max_atoms, tautomers)
    target = Path(output)
    parts = parts_folder(target, None)
    # A run that was killed while it put the library into place may find it there.
    _check_folder(target, overwrite=overwrite or PartsFolder(parts).finishing)
    settings = {
        "columns": [],
        "computed": [(field.name, str(field.type)) for field in plan.schema],
        "drop_duplicates": False,
        "emptied": [],
        "prepare": {"features": plan.specs, "max_atoms": max_atoms, "tautomers": tautomers},
        "smiles": smiles,
        "id": ids,
        "row_limits": [row_timeout, row_memory],
    }
    run = RunManifest(describe(opened.fingerprint(), None, settings), "")

    def prepare_blocks(blocks: Iterable[AnyBlock]) -> Generator[ScoredBlock]:
        return work_blocks(blocks, plan, plan, opened.extras, workers=workers, limits=limits)

    with finished_parts(parts, run, opened, prepare_blocks, restart=restart, progress=progress) as finished:
        finished.folder.finish(target)
        with replacing(target) as temporary:
            temporary.mkdir()
            result = _write(finished, opened, temporary, plan)
            if target.exists():
                # Moved, not removed: a name under which nothing is left is removed below, or by the run that goes on from a kill.
                target.rename(target.with_name(f".{target.name}.old.part"))
        remove_unfinished(target)
        finished.folder.remove()
    result.output = target
    return result


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to make of each block; a call makes what does so, in whichever process this is sent to.

    Featurizers are named by their specs: each process makes its own.
    """

    specs: list[dict[str, Any]]
    layouts: list[Layout]
    extras: list[str]
    max_atoms: int
    tautomers: bool

    @property
    def featurizers(self) -> list[Featurizer]:
        return [from_spec(spec) for spec in self.specs]

    @property
    def schema(self) -> pa.Schema:
        """The columns of a shard."""
        return shard_schema(self.layouts, self.extras)

    def __call__(self) -> _Preparer:
        return _Preparer(self)


class _Preparer:
    """Makes the columns of a shard from a block, but for what takes a look at other blocks: which rows are duplicates."""

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._featurizers = plan.featurizers
        self._schema = plan.schema

    def __call__(self, job: AnyBlock) -> ScoredBlock:
        block, plan = load_block(job, self._plan.extras), self._plan
        n = len(block.rows)
        texts = ["" if at in block.problems else text for at, text in enumerate(block.texts)]
        compounds = read_compounds(texts, max_atoms=plan.max_atoms, tautomers=plan.tautomers)
        for at, problem in block.problems.items():
            compounds.statuses[at], compounds.reasons[at] = "invalid", problem
        mols = MolList(compounds.items)
        canonical = canonical_smiles(mols)
        complete = np.array([mol is not None for mol in mols], dtype=np.bool_)
        columns: dict[str, Any] = {
            "row": block.rows,
            "source": [block.source] * n,
            "id": block.ids,
            "smiles": block.texts,
            "status": compounds.statuses,
            "reason": [compounds.reasons.get(at) for at in range(n)],
            "notes": ["; ".join(compounds.notes[at]) if at in compounds.notes else None for at in range(n)],
            "canonical_smiles": canonical,
            "duplicate_of": [None] * n,
            "complete": complete,
        }
        for number, (featurizer, layout) in enumerate(zip(self._featurizers, plan.layouts, strict=True)):
            features = featurizer.featurize(mols)
            # What a featurizer refuses is looked at again, and refused with its reason, by the screen that needs it.
            complete[list(features.errors)] = False
            packed = layout.pack(features.values)
            columns |= dict(zip((name for name, _ in layout.fields(f"f{number}")), packed, strict=True))
        for name, values in zip(plan.extras, block.extras, strict=True):
            columns[f"{EXTRA}{name}"] = [None] * n if values is None else values
        batch = pa.RecordBatch.from_pydict({name: columns[name] for name in self._schema.names}, schema=self._schema)
        rows = np.flatnonzero([mol is not None for mol in mols])
        return ScoredBlock(block.number, batch, [], rows, parent_keys([canonical[row] or "" for row in rows]))


def _featurizers(model: str | Path | Bundle | None) -> list[Featurizer]:
    if model is None:
        return STORED
    from molgen.bundle import Bundle

    bundle = model if isinstance(model, Bundle) else Bundle.load(model)
    read = [each for each in bundle.featurizers() if not isinstance(each, Columns)]
    return list(dict.fromkeys([*STORED, *read]))


def _check_folder(target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise InputError("the folder does not exist", where=str(target.parent), remedy="make it first")
    if not os.access(target.parent, os.W_OK):
        raise InputError("no permission to write here", where=str(target.parent))
    if not target.exists():
        return
    if not target.is_dir() or (any(target.iterdir()) and not is_prepared(target)):
        raise InputError("something else than a prepared library is there", where=str(target), remedy="name another folder")
    if is_prepared(target) and not overwrite:
        raise InputError("the prepared library exists already", where=str(target), remedy="add --overwrite to replace it")


def _write(finished: Finished, library: Library, folder: Path, plan: _Plan) -> PrepareResult:
    """Write the shards of a library from its parts, and mark the duplicates."""
    result = PrepareResult(folder, notes=finished.end.notes)
    first = FirstRows()
    rows_of: Counter[str] = Counter()
    place = plan.schema.get_field_index("duplicate_of")
    with ShardWriter(folder, plan.schema) as writer:
        for block in finished.results.blocks():
            source, rows = block.batch.column("source")[0].as_py(), block.batch.column("row").to_pylist()
            again = first.find(source, rows, block.passed, block.keys)
            duplicates = pa.array([again.get(row) for row in range(len(rows))], pa.string())
            writer.write(block.batch.set_column(place, plan.schema.field(place), duplicates))
            result.rows += len(rows)
            result.duplicates += len(again)
            result.statuses.update(block.batch.column("status").to_pylist())
            result.reasons.update(reason.split(":", 1)[0] for reason in block.batch.column("reason").to_pylist() if reason)
            rows_of[source] += len(rows)
    manifest = Manifest(
        list(zip(plan.featurizers, plan.layouts, strict=True)),
        plan.extras,
        plan.max_atoms,
        plan.tautomers,
        writer.shards,
        [{**print_, "rows": rows_of[name]} for name, print_ in library.fingerprints().items()],
        dict(result.statuses),
        result.duplicates,
        result.notes,
        {"molgen-toolkit": importlib.metadata.version("molgen-toolkit"), "rdkit": rdkit.__version__},
    )
    (folder / MANIFEST).write_text(json.dumps(manifest.to_json(), indent=1) + "\n", encoding="utf-8")
    result.bytes = sum(each.stat().st_size for each in folder.iterdir())
    return result
