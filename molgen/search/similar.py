"""Which rows of a library are most similar to some molecules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.chem.neighbours import NearestRows
from molgen.chem.standardize import read_compounds
from molgen.data.library import Block, open_library
from molgen.data.paths import expand_paths
from molgen.errors import ConfigError
from molgen.featurizers.fingerprint import Fingerprint
from molgen.plain import plain
from molgen.rows import ReadRows
from molgen.screening.hits import write_hits
from molgen.screening.output import check_outputs, round_significant
from molgen.screening.schema import pass_through
from molgen.search.fingerprint import DEFAULT, fingerprints, make_fingerprint, stored_fingerprints
from molgen.search.queries import query_files, read_queries
from molgen.search.reading import ROW_COLUMNS, Tally, read_block, row_table, row_values

__all__ = ["SimilarResult", "similar"]

_ADDED = ("query", "rank", "similarity")
#: Rows for each query, where neither a number nor a threshold is given.
TOP = 100
#: Rows that were in a list once and are remembered beside those that are in one now.
_SPARE = 10_000


@dataclass(slots=True)
class SimilarResult:
    """What a search came to.

    Attributes
    ----------
    output
        The table of neighbours.
    fingerprint
        What molecules were compared by.
    tally
        Rows of the library by status and reason.
    found
        Rows found for each query, in order: name and number.
    notes
        What was unusual about the input.
    """

    output: Path
    fingerprint: Fingerprint
    tally: Tally
    found: list[tuple[str, int]]
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data: ``output, fingerprint, found`` (query and rows), ``rows, statuses, reasons, notes``."""
        found = [{"query": query, "rows": rows} for query, rows in self.found]
        described: dict[str, Any] = plain({"output": self.output, "fingerprint": self.fingerprint.spec(), "found": found})
        return {**described, **self.tally.to_json(), "notes": self.notes}


def similar(
    library: str | Path | Sequence[str | Path],
    queries: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    top: int | None = None,
    threshold: float | None = None,
    alpha: float = 1.0,
    beta: float = 1.0,
    fingerprint: str | Mapping[str, Any] | Fingerprint = DEFAULT,
    smiles: str | None = None,
    ids: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> SimilarResult:
    """Find the rows of a library that are most similar to each of some queries.

    Counter-ions are stripped and charges settled on both sides before molecules are compared. The search is exact.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns and ``-`` for standard input, too.
    queries
        SMILES, and files of molecules of the same kinds.
    output
        Table to write: CSV, or Parquet if its name ends in ``.parquet``; or structures if it ends in ``.sdf`` or ``.smi``. For each
        query in order its neighbours, the most similar first, equal ones in the library's order: ``query, rank, similarity``,
        where the row comes from, and the library's own columns.
    top
        Rows for each query; without it 100, or with a threshold all that reach it.
    threshold
        Similarity, 0 to 1, from which on a row is written.
    alpha, beta
        Weights of the features that only the query has, and of those that only the row has, in the Tversky similarity;
        with 1 and 1 it is Tanimoto's. With 1 and 0 rows that contain all features of the query are the most similar.
    fingerprint
        A fingerprint of :mod:`molgen.featurizers`, its spec or its name.
    smiles, ids
        Column names of the library; guessed where the guess is unambiguous.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told how many rows are done, and about which share of the library that is.

    Raises
    ------
    ConfigError
        If a number is out of range, or there is no such fingerprint.
    InputError
        If a query cannot be read, or a file cannot be used.

    Notes
    -----
    Memory does not grow with the library, but with the rows that are written.

    Examples
    --------
    >>> molgen.similar("library.smi", ["CC(=O)Oc1ccccc1C(=O)O"], "neighbours.csv", top=50)  # doctest: +SKIP
    """
    _check_numbers(top, threshold, alpha, beta)
    chosen = make_fingerprint(fingerprint)
    given = [queries] if isinstance(queries, str | Path) else list(queries)
    paths = expand_paths(library)
    (target,) = check_outputs([output], [*paths, *query_files(given)], overwrite=overwrite)
    wanted = read_queries(given, chosen)
    opened = open_library(paths, smiles=smiles, ids=ids)
    limit = top or (TOP if threshold is None else None)
    nearest = NearestRows(wanted.fingerprints, top=limit, threshold=threshold or 0.0, alpha=alpha, beta=beta)
    result = SimilarResult(target, chosen, Tally(), [], opened.notes)
    rows: dict[int, list[Any]] = {}
    for block in opened.blocks():
        compounds, packed, places = stored_fingerprints(chosen, block) or _read(block, chosen)
        for at in places[nearest.add(packed, result.tally.rows + places)].tolist():
            rows[result.tally.rows + at] = row_values(block, at)
        result.tally.add(compounds)
        if limit is not None and len(rows) > 2 * limit * len(wanted.names) + _SPARE:
            rows = {number: rows[number] for number in nearest.rows().tolist()}
        if progress:
            progress(result.tally.rows, opened.share_read())
    extras = pass_through(opened.extras, (*_ADDED, *ROW_COLUMNS))
    table = _table(wanted.names, nearest, rows, extras)
    result.found = [(name, len(nearest.found(at)[1])) for at, name in enumerate(wanted.names)]
    write_hits(target, table, table.column_names, read_compounds)
    return result


def _read(block: Block, fingerprint: Fingerprint) -> tuple[ReadRows, NDArray[np.uint8], NDArray[np.int64]]:
    compounds = read_block(block)
    return compounds, *fingerprints(fingerprint, compounds)


def _check_numbers(top: int | None, threshold: float | None, alpha: float, beta: float) -> None:
    if top is not None and top < 1:
        raise ConfigError("top must be at least 1", got=str(top))
    if threshold is not None and not 0 < threshold <= 1:
        raise ConfigError("the threshold is no similarity", expected="above 0, and 1 at most", got=str(threshold))
    if not (0 <= alpha < math.inf and 0 <= beta < math.inf and alpha + beta > 0):
        raise ConfigError(
            "not weights of a Tversky similarity", expected="0 or more, not both 0", got=f"alpha {alpha}, beta {beta}"
        )


def _table(names: Sequence[str], nearest: NearestRows, rows: Mapping[int, Sequence[Any]], extras: Mapping[str, str]) -> pa.Table:
    found = [nearest.found(at) for at in range(len(names))]
    counts = [len(scores) for scores, _ in found]
    added = {
        "query": (pa.string(), np.repeat(np.array(names, dtype=object), counts)),
        "rank": (pa.int64(), np.concatenate([np.arange(1, n + 1) for n in counts])),
        "similarity": (pa.float64(), round_significant(np.concatenate([scores for scores, _ in found]))),
    }
    return row_table([rows[number] for _, numbers in found for number in numbers.tolist()], extras, added)
