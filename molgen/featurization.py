"""A library of any size through a featurizer, to a file of features."""

from __future__ import annotations

import inspect
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from molgen.bio.genome import Genome
from molgen.data.library import BLOCK_ROWS, Block, Library, open_library
from molgen.data.paths import expand_paths
from molgen.errors import ConfigError
from molgen.featurizers import Featurizer, available, from_spec
from molgen.featurizers.base import describe
from molgen.featurizers.files import FeatureBlock, check_kind, write_features
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.placed import PlacedFeaturizer
from molgen.featurizers.sequence import SequenceFeaturizer
from molgen.plain import plain
from molgen.screening.output import check_outputs, replacing

__all__ = ["FeaturizeResult", "featurize", "list_featurizers", "read_spec"]

#: What reasons begin with that are told apart from those of rows that are no molecule.
_STATUSES = {"too long": "too_large", "too large": "too_large", "timeout": "timeout"}
#: Rows a process and block, so that handing out work costs little beside doing it.
_ROWS_A_JOB = 4000
#: Bytes of features that are made at a time.
_BLOCK_BYTES = 1 << 28


@dataclass(slots=True)
class FeaturizeResult:
    """What became of a library.

    Attributes
    ----------
    output
        The file of features.
    featurizer
        What made them.
    rows
        Rows read.
    statuses
        Rows by status: ``"ok"``, ``"invalid"``, ``"too_large"``, ``"timeout"``.
    reasons
        Rows by kind of reason (its words before the first colon).
    notes
        What was unusual about the input.
    """

    output: Path
    featurizer: Featurizer
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data: ``output, featurizer`` (its spec), ``rows, statuses, reasons, notes``."""
        described: dict[str, Any] = plain(
            {
                "output": self.output,
                "featurizer": self.featurizer.spec(),
                "rows": self.rows,
                "statuses": self.statuses,
                "reasons": [{"reason": reason, "rows": n} for reason, n in self.reasons.most_common()],
                "notes": self.notes,
            }
        )
        return described


def featurize(
    library: str | Path | Sequence[str | Path],
    output: str | Path,
    featurizer: str | Mapping[str, Any] | Featurizer,
    *,
    smiles: str | None = None,
    sequence: str | None = None,
    ids: str | None = None,
    genome: str | Path | None = None,
    length: int | None = None,
    n_jobs: int = 1,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> FeaturizeResult:
    """Featurize every row of a library, each molecule or sequence as it is written: no salt is stripped, no charge moved.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed, or FASTA, FASTQ and GenBank files for a featurizer of
        sequences; patterns and ``-`` for standard input, too.
    output
        File to write, ``.npz`` or, for all but graphs, ``.parquet``; see :mod:`molgen.featurizers.files`. One row an input row, in
        input order; :func:`molgen.featurizers.load_features` reads it.
    featurizer
        A featurizer, its spec, or its name for one with default parameters.
    smiles, sequence, ids
        Column names; guessed where the guess is unambiguous.
    genome
        A FASTA or 2bit file: the library is BED files then, and a row is the sequence of an interval, or the other strand where the
        interval says so.
    length
        Letters of every row, around the middle of its interval; see :class:`~molgen.data.intervals.IntervalTable`.
    n_jobs
        Processes; ``-1`` for all cores.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told how many rows are done.

    Raises
    ------
    ConfigError
        If the featurizer does not exist or cannot be made, does not read that column, or the kind of file cannot hold its features.
    InputError
        If a file cannot be used.

    Examples
    --------
    >>> molgen.featurize("library.smi", "library.npz", {"type": "Morgan", "radius": 3})  # doctest: +SKIP
    """
    paths = expand_paths(library)
    (target,) = check_outputs([output], paths, overwrite=overwrite)
    if n_jobs == 0 or n_jobs < -1:
        raise ConfigError("n_jobs must be -1 or at least 1", got=str(n_jobs))
    chosen = _make(featurizer, n_jobs)
    like = _try_out(chosen)
    kind = check_kind(target, like)
    if genome is not None:
        named = next((name for name, column in (("smiles", smiles), ("sequence", sequence), ("ids", ids)) if column), None)
        if named or chosen.reads != "sequence":
            got = f"{named} as well" if named else f"{type(chosen).__name__}, which reads molecules"
            raise ConfigError("intervals of a genome have sequences and no columns", where="genome", got=got)
        with Genome(genome) as opened_genome:
            opened = open_library(paths, reads="sequence", genome=opened_genome, length=length)
            return _write(opened, target, chosen, kind, like, progress)
    if length is not None:
        raise ConfigError("a length needs a genome", where="length", got=str(length))
    wanted = {"smiles": smiles, "sequence": sequence}
    unread = next((name for name, column in wanted.items() if column and name != chosen.reads), None)
    if unread:
        raise ConfigError(f"{type(chosen).__name__} reads no {unread}", where=unread, got=wanted[unread])
    opened = open_library(paths, smiles=smiles, sequence=sequence, ids=ids, reads=chosen.reads)
    return _write(opened, target, chosen, kind, like, progress)


def _write(
    library: Library,
    target: Path,
    featurizer: Featurizer,
    kind: str,
    like: Any,
    progress: Callable[[int, float], None] | None,
) -> FeaturizeResult:
    """Featurize all rows of a library into a file."""
    result = FeaturizeResult(target, featurizer, notes=library.notes)
    blocks = _featurized(library, featurizer, result, like, progress)
    with replacing(target) as temporary:
        write_features(temporary, kind, featurizer, blocks, like=like)
    return result


def read_spec(path: str | Path) -> dict[str, Any]:
    """Read the spec of a featurizer from a JSON file.

    Raises
    ------
    ConfigError
        If it is missing, no JSON, or no spec.
    """
    try:
        spec = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("the spec cannot be read", where=str(path), got=error.strerror) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError("not JSON", where=str(path), got=str(error)) from None
    if not isinstance(spec, dict) or "type" not in spec:
        raise ConfigError("not a featurizer spec", where=str(path), expected='{"type": NAME, PARAMETER: VALUE, ...}')
    return spec


def list_featurizers() -> list[tuple[str, str, list[str]]]:
    """Return name, first line of documentation, and parameters (``name=default`` as JSON) of each featurizer of files."""
    listed = []
    for name, cls in available().items():
        if issubclass(cls, MoleculeFeaturizer | SequenceFeaturizer):
            parameters = [each for each in inspect.signature(cls).parameters.values() if each.name not in cls._runtime]
            listed.append((name, describe(cls).replace("``", ""), [_written(parameter) for parameter in parameters]))
    return listed


def _written(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty:
        return parameter.name
    return f"{parameter.name}={json.dumps(parameter.default)}"


def _make(featurizer: str | Mapping[str, Any] | Featurizer, n_jobs: int) -> Featurizer:
    if isinstance(featurizer, str):
        featurizer = {"type": featurizer}
    spec = featurizer.spec() if isinstance(featurizer, Featurizer) else dict(featurizer)
    made = from_spec(spec, n_jobs=n_jobs)
    if not isinstance(made, MoleculeFeaturizer | SequenceFeaturizer):
        raise ConfigError(f"{type(made).__name__} reads neither molecules nor sequences")
    if isinstance(made, PlacedFeaturizer) and made.length is None:
        remedy = "set length, and pad or truncate where rows differ"
        raise ConfigError("the rows of a file need one length", where=type(made).__name__, remedy=remedy)
    return made


def _try_out(featurizer: Featurizer) -> Any:
    """Featurize methane, or one letter: what a parameter breaks, it breaks here and not after the first block."""
    try:
        return featurizer.featurize(["C"]).values
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        name = type(featurizer).__name__
        raise ConfigError(f"{name} does not work with these parameters", got=" ".join(str(error).split())[:200]) from None


def _featurized(
    library: Library,
    featurizer: Featurizer,
    result: FeaturizeResult,
    like: Any,
    progress: Callable[[int, float], None] | None,
) -> Iterator[FeatureBlock]:
    jobs = featurizer.n_jobs if featurizer.n_jobs > 0 else os.cpu_count() or 1
    # Of wide rows less are made at a time, so that memory does not grow with their width.
    wide = like.nbytes // max(1, len(like)) if isinstance(like, np.ndarray) else 0
    rows = min(BLOCK_ROWS if jobs == 1 else _ROWS_A_JOB * jobs, max(1, _BLOCK_BYTES // max(1, wide)))
    for block in library.blocks(rows):
        featurized, statuses = _featurize_block(featurizer, block)
        result.rows += len(block.rows)
        result.statuses.update(statuses)
        result.reasons.update(reason.split(":", 1)[0] for reason in featurized.rows[-1] if reason)
        yield featurized
        if progress:
            progress(result.rows, library.share_read())


def _featurize_block(featurizer: Featurizer, block: Block) -> tuple[FeatureBlock, list[str]]:
    features = featurizer.featurize(["" if at in block.problems else text for at, text in enumerate(block.texts)])
    errors = {**features.errors, **block.problems}
    reasons = [errors.get(at, "") for at in range(len(block.rows))]
    statuses = [_status(reason) for reason in reasons]
    rows = (block.rows, [block.source] * len(block.rows), block.ids, block.texts, statuses, reasons)
    return FeatureBlock(rows, features.values), statuses


def _status(reason: str) -> str:
    if not reason:
        return "ok"
    return next((status for start, status in _STATUSES.items() if reason.startswith(start)), "invalid")
