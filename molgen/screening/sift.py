"""A library through filters alone: what passes to one table, what does not to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from molgen.data.library import open_library
from molgen.data.paths import expand_paths
from molgen.errors import ConfigError
from molgen.filters import Filter, Pipeline, resolve
from molgen.plain import plain
from molgen.screening.duplicates import without_duplicates
from molgen.screening.output import TableWriter, check_outputs
from molgen.screening.schema import output_schema
from molgen.screening.score import ScorePlan, refuse_bad_row
from molgen.screening.summary import Summary
from molgen.screening.workers import score_blocks

__all__ = ["FilterResult", "filter_library"]

#: Columns that say why a row is not kept, and those that only a row that is kept has.
_OF_REJECTED = ("status", "reason")
_OF_KEPT = ("canonical_smiles",)


@dataclass(slots=True)
class FilterResult:
    """What filtering came to.

    Attributes
    ----------
    summary
        Counts by status and reason, and the funnel.
    output, rejected
        The tables of the rows that passed, and of those that did not (``None`` if it was not asked for).
    notes
        What was unusual about the input.
    """

    summary: Summary
    output: Path
    rejected: Path | None
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data: ``output, rejected, notes``, and the counts of the summary."""
        return {**plain({"output": self.output, "rejected": self.rejected}), **self.summary.to_json(), "notes": self.notes}


def filter_library(
    library: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    filters: Iterable[str | Filter] = (),
    annotate: Iterable[str | Filter] = (),
    drop_duplicates: bool = False,
    rejected: str | Path | None = None,
    smiles: str | None = None,
    ids: str | None = None,
    workers: int = 1,
    strict: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> FilterResult:
    """Keep the rows of a library that pass all filters; no model is needed.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns and ``-`` for standard input, too.
    output
        Table of the rows that pass, in input order: CSV, or Parquet if its name ends in ``.parquet``. Beside the library's own
        columns it has the file and row they come from, and the canonical SMILES of the parent compound that the filters saw.
    filters, annotate, drop_duplicates
        As in :func:`molgen.screen`.
    rejected
        Table of the other rows, with their status and reason.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    workers
        Processes.
    strict
        Stop at the first row that is no molecule.
    overwrite
        Replace files that exist.
    progress
        Told how many rows are done, and about which share of the library that is.

    Raises
    ------
    InputError, ConfigError
        Before any row is read, if the call cannot succeed; later if a file turns out to be damaged.

    Examples
    --------
    >>> molgen.filter_library("library.smi", "kept.csv", filters=["lipinski", "pains"])  # doctest: +SKIP
    """
    paths = expand_paths(library)
    check_outputs((output, rejected), paths, overwrite=overwrite)
    if workers < 1:
        raise ConfigError("workers must be at least 1", got=str(workers))
    pipeline = Pipeline(resolve(filters), resolve(annotate))
    if not (pipeline.filters or pipeline.annotations or drop_duplicates):
        raise ConfigError("nothing to do: no filter was given", remedy="name one, such as lipinski; molgen filter --list shows all")
    opened = open_library(paths, smiles=smiles, ids=ids)
    schema = output_schema((), opened.extras, annotations=pipeline.columns)
    plan = ScorePlan(schema, opened.extras, pipeline, drop_duplicates)
    kept_columns = [name for name in schema.columns if name not in _OF_REJECTED]
    other_columns = [name for name in schema.columns if name not in (*_OF_KEPT, *schema.annotations)]
    summary = Summary()
    with ExitStack() as stack:
        kept = stack.enter_context(TableWriter(Path(output), _only(schema.arrow, kept_columns)))
        others = None
        if rejected is not None:
            others = stack.enter_context(TableWriter(Path(rejected), _only(schema.arrow, other_columns)))
        blocks = score_blocks(opened.deferred_blocks(), None, None, plan, workers=workers)
        for block in without_duplicates(blocks, plan.emptied) if drop_duplicates else blocks:
            if strict:
                refuse_bad_row(block.batch)
            summary.add(block.batch, block.stages)
            passed = pa.compute.equal(block.batch.column("status"), "ok")
            kept.write(block.batch.filter(passed).select(kept_columns))
            if others:
                others.write(block.batch.filter(pa.compute.invert(passed)).select(other_columns))
            if progress:
                progress(summary.rows, opened.share_read())
    return FilterResult(summary, Path(output), None if rejected is None else Path(rejected), opened.notes)


def _only(schema: pa.Schema, names: list[str]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in names])
