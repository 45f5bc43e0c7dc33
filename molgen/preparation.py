"""A library read once: standardised, marked for duplicates, and stored with what models read of it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import rdkit
from numpy.typing import NDArray

from molgen.chem.descriptors import DESCRIPTORS_FAST
from molgen.chem.parse import MolList
from molgen.chem.standardize import MAX_ATOMS, canonical_smiles, read_compounds
from molgen.data.library import Block, Library, open_library
from molgen.data.paths import MANIFEST, expand_paths, is_prepared
from molgen.data.prepared.columns import Layout
from molgen.data.prepared.manifest import Manifest
from molgen.data.prepared.reader import EXTRA
from molgen.data.prepared.writer import ShardWriter, shard_schema
from molgen.errors import ConfigError, InputError, MolgenError
from molgen.featurizers import Columns, Descriptors, Featurizer, MolGraph, Morgan, from_spec
from molgen.files import replacing
from molgen.screening.duplicates import FirstRows, parent_keys

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["PrepareResult", "prepare"]

#: What is stored of every row: graphs and cheap descriptors for networks, bits for similarities.
STORED: list[Featurizer] = [MolGraph(), Descriptors(DESCRIPTORS_FAST), Morgan(2, 2048, output="packed")]

#: Blocks under way a worker.
_AHEAD = 3


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
    tautomers: bool = False,
    max_atoms: int = MAX_ATOMS,
    smiles: str | None = None,
    ids: str | None = None,
    workers: int = 1,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
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
    tautomers
        Whether compounds are put into their canonical tautomer.
    max_atoms
        Larger molecules are ``too_large``.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    workers
        Processes.
    overwrite
        Replace a prepared library that is there.
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
    paths = expand_paths(library)
    for path in paths:
        if is_prepared(path):
            raise InputError("the library is prepared already", where=str(path))
    settings = _Settings(_featurizers(model), max_atoms, tautomers)
    opened = open_library(paths, smiles=smiles, ids=ids)
    target = Path(output)
    _check_folder(target, overwrite=overwrite)
    with replacing(target.parent / target.name) as temporary:
        temporary.mkdir()
        try:
            result = _write(opened, temporary, settings, workers, progress)
            if target.exists():
                shutil.rmtree(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    result.output = target
    return result


class _Settings(NamedTuple):
    """What workers need to know."""

    featurizers: list[Featurizer]
    max_atoms: int
    tautomers: bool


class _Prepared(NamedTuple):
    """A block on its way to a shard: its columns but for the duplicates, and the keys of its compounds by row."""

    batch: dict[str, Any]
    rows: NDArray[np.int64]
    keys: NDArray[np.uint64]
    reasons: list[str | None]


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


def _write(
    library: Library, folder: Path, settings: _Settings, workers: int, progress: Callable[[int, float], None] | None
) -> PrepareResult:
    layouts = [Layout.of(featurizer.featurize(["C"]).values) for featurizer in settings.featurizers]
    result = PrepareResult(folder)
    first = FirstRows()
    schema = shard_schema(layouts, library.extras)
    rows_of: Counter[str] = Counter()
    with ShardWriter(folder, schema) as writer:
        for block in _prepared_blocks(library.blocks(), settings, layouts, library.extras, workers):
            again = first.find(block.batch["source"][0], block.batch["row"], block.rows, block.keys)
            duplicates: list[str | None] = [None] * len(block.reasons)
            for row, where in again.items():
                duplicates[row] = where
            block.batch["duplicate_of"] = duplicates
            writer.write(pa.RecordBatch.from_pydict({name: block.batch[name] for name in schema.names}, schema=schema))
            result.rows += len(duplicates)
            result.duplicates += len(again)
            result.statuses.update(block.batch["status"])
            result.reasons.update(reason.split(":", 1)[0] for reason in block.reasons if reason)
            rows_of[block.batch["source"][0]] += len(duplicates)
            if progress:
                progress(result.rows, library.share_read())
    result.notes = library.notes
    manifest = Manifest(
        list(zip(settings.featurizers, layouts, strict=True)),
        library.extras,
        settings.max_atoms,
        settings.tautomers,
        writer.shards,
        [{**print_, "rows": rows_of[name]} for name, print_ in library.fingerprints().items()],
        dict(result.statuses),
        result.duplicates,
        library.notes,
        {"molgen-toolkit": importlib.metadata.version("molgen-toolkit"), "rdkit": rdkit.__version__},
    )
    (folder / MANIFEST).write_text(json.dumps(manifest.to_json(), indent=1) + "\n", encoding="utf-8")
    result.bytes = sum(each.stat().st_size for each in folder.iterdir())
    return result


def _prepared_blocks(
    blocks: Iterable[Block], settings: _Settings, layouts: list[Layout], extras: list[str], workers: int
) -> Iterator[_Prepared]:
    """Prepare blocks, in one process or several, and give them in their order."""
    if workers == 1:
        yield from (_prepare_block(block, settings, layouts, extras) for block in blocks)
        return
    # Featurizers travel as specs: a process makes its own.
    plain = [featurizer.spec() for featurizer in settings.featurizers], settings.max_atoms, settings.tautomers
    under_way: deque[Future[_Prepared]] = deque()
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        for block in blocks:
            under_way.append(pool.submit(_prepare_there, block, plain, layouts, extras))
            if len(under_way) > _AHEAD * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool:
        raise MolgenError("a worker process died, perhaps for lack of memory; try fewer --workers") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare_there(
    block: Block, plain: tuple[list[dict[str, Any]], int, bool], layouts: list[Layout], extras: list[str]
) -> _Prepared:
    specs, max_atoms, tautomers = plain
    return _prepare_block(block, _Settings([from_spec(spec) for spec in specs], max_atoms, tautomers), layouts, extras)


def _prepare_block(block: Block, settings: _Settings, layouts: list[Layout], extras: list[str]) -> _Prepared:
    n = len(block.rows)
    texts = ["" if at in block.problems else text for at, text in enumerate(block.smiles)]
    compounds = read_compounds(texts, max_atoms=settings.max_atoms, tautomers=settings.tautomers)
    for at, problem in block.problems.items():
        compounds.statuses[at], compounds.reasons[at] = "invalid", problem
    mols = MolList(compounds.mols)
    canonical = canonical_smiles(mols)
    complete = np.array([mol is not None for mol in mols], dtype=np.bool_)
    reasons = [compounds.reasons.get(at) for at in range(n)]
    batch: dict[str, Any] = {
        "row": block.rows,
        "source": [block.source] * n,
        "id": block.ids,
        "smiles": block.smiles,
        "status": compounds.statuses,
        "reason": reasons,
        "notes": ["; ".join(compounds.notes[at]) if at in compounds.notes else None for at in range(n)],
        "canonical_smiles": canonical,
        "complete": complete,
    }
    for number, (featurizer, layout) in enumerate(zip(settings.featurizers, layouts, strict=True)):
        features = featurizer.featurize(mols)
        # What a featurizer refuses is looked at again, and refused with its reason, by the screen that needs it.
        complete[list(features.errors)] = False
        packed = layout.pack(features.values)
        batch |= dict(zip((name for name, _ in layout.fields(f"f{number}")), packed, strict=True))
    for name, values in zip(extras, block.extras, strict=True):
        batch[f"{EXTRA}{name}"] = [None] * n if values is None else values
    rows = np.flatnonzero([mol is not None for mol in mols])
    return _Prepared(batch, rows, parent_keys([canonical[row] or "" for row in rows]), reasons)
