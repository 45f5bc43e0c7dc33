"""A few rows that stand for many: chosen to differ from one another, and from what one has already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.chem.diversity import nearest_before
from molgen.chem.scaffold import murcko_scaffolds
from molgen.chem.standardize import read_compounds
from molgen.data.columns import find_column
from molgen.data.library import Library, open_library
from molgen.data.numbers import read_columns
from molgen.data.paths import expand_paths
from molgen.errors import ConfigError, InputError
from molgen.featurizers.fingerprint import Fingerprint
from molgen.plain import plain
from molgen.rows import ReadRows
from molgen.screening.hits import write_hits
from molgen.screening.output import check_outputs, round_significant
from molgen.screening.schema import pass_through
from molgen.search.fingerprint import DEFAULT, fingerprints, make_fingerprint
from molgen.search.picking import METHODS, Candidates, Method, Picks
from molgen.search.reading import ROW_COLUMNS, Tally, read_blocks, row_table, row_values

__all__ = ["DiverseResult", "diverse"]

_ADDED = ("order", "cluster", "cluster_size", "nearest")


@dataclass(slots=True)
class DiverseResult:
    """What choosing came to.

    Attributes
    ----------
    output
        The table of picks.
    tally
        Rows by status and reason.
    available
        Rows that could be chosen.
    picked
        Rows that were.
    notes
        What was unusual, such as fewer picks than wanted and why.
    """

    output: Path
    tally: Tally
    available: int = 0
    picked: int = 0
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data: ``output, available, picked, rows, statuses, reasons, notes``."""
        described: dict[str, Any] = plain({"output": self.output, "available": self.available, "picked": self.picked})
        return {**described, **self.tally.to_json(), "notes": self.notes}


@dataclass(slots=True)
class _Pool:
    """Rows that can be read, with what they are chosen by."""

    rows: list[list[Any]] = field(default_factory=list)
    packed: list[NDArray[np.uint8]] = field(default_factory=list)
    scaffolds: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def diverse(
    library: str | Path | Sequence[str | Path],
    output: str | Path,
    n: int,
    *,
    method: str = "maxmin",
    similarity: float = 0.65,
    by: str | None = None,
    lowest_first: bool = False,
    already: str | Path | Sequence[str | Path] = (),
    fingerprint: str | Mapping[str, Any] | Fingerprint = DEFAULT,
    smiles: str | None = None,
    ids: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> DiverseResult:
    """Choose rows that differ from one another.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns and ``-`` for standard input, too.
    output
        Table of the picks in the order they were chosen: CSV, or Parquet if its name ends in ``.parquet``; or structures if it ends
        in ``.sdf`` or ``.smi``. ``order, cluster, cluster_size`` (rows that the pick stands for), ``nearest`` (similarity to the
        most similar pick before it or compound one has already), where the row comes from, and the library's own columns.
    n
        Rows to pick.
    method
        ``"maxmin"``: from the first row on, each pick is the row least similar to those before. ``"sphere"``: down the rows, each
        that is less similar than ``similarity`` to all picks before. ``"butina"``: one of each cluster, its centre or, with ``by``,
        its best row, large clusters or, with ``by``, those of the best rows first. ``"scaffold"``: one of each Bemis-Murcko
        scaffold, the first or best row, in the same order.
    similarity
        Tanimoto similarity from which on two rows are alike, for ``"sphere"`` and ``"butina"``.
    by
        Column of numbers that says which rows are better; without it rows are taken in their order.
    lowest_first
        Whether the lowest number is the best.
    already
        Files of compounds that picks must differ from, too.
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
        If a setting is out of range.
    InputError
        If a file cannot be used, or no row can.

    Notes
    -----
    All rows are held in memory, some 0.5 kB each beside their own text; clusters by Butina take 8 kB each. If there are fewer rows
    to pick than wanted, these are written and a note says why.

    Examples
    --------
    >>> molgen.diverse("hits.csv", "plate.sdf", 96, by="pIC50", already="bought.smi")  # doctest: +SKIP
    """
    chosen, fingerprint = _check(n, method, similarity), make_fingerprint(fingerprint)
    if lowest_first and by is None:
        raise ConfigError("no column says which number is the lowest", where="--lowest-first", remedy="name it with --by COLUMN")
    paths = expand_paths(library)
    known_paths = expand_paths(already) if already else []
    (target,) = check_outputs([output], [*paths, *known_paths], overwrite=overwrite)
    opened = open_library(paths, smiles=smiles, ids=ids)
    result = DiverseResult(target, Tally(), notes=opened.notes)
    column = None if by is None else _column(opened, by)
    pool = _read(opened, fingerprint, chosen, column, result.tally, progress)
    result.available = len(pool.rows)
    if not pool.rows:
        raise InputError(
            "there is no row to pick", where=", ".join(map(str, paths))[:200], got=f"{result.tally.rows:,} rows, none usable"
        )
    order = _preference(pool.values, lowest_first=lowest_first)
    known = _read_known(known_paths, fingerprint, chosen, result.notes)
    packed = np.concatenate(pool.packed)[order]
    scaffolds = [pool.scaffolds[at] for at in order] if chosen.by_scaffold else []
    taken = np.concatenate([packed[:0], *known.packed])
    picks = chosen.pick(Candidates(packed, scaffolds, taken, known.scaffolds, by is not None), n, similarity)
    result.picked = len(picks.rows)
    if result.picked < n:
        why = chosen.few.format(similarity=similarity)
        result.notes.append(f"{n:,} wanted, {result.picked:,} picked of {result.available:,}: {why}")
    extras = pass_through(opened.extras, (*_ADDED, *ROW_COLUMNS))
    table = _table(picks, [pool.rows[order[at]] for at in picks.rows], nearest_before(packed[picks.rows], taken), extras)
    write_hits(target, table, table.column_names, read_compounds)
    return result


def _check(n: int, method: str, similarity: float) -> Method:
    if n < 1:
        raise ConfigError("at least one row must be wanted", got=str(n))
    if method not in METHODS:
        raise ConfigError(f"no method {method!r}", expected=f"one of {', '.join(METHODS)}")
    if not 0 < similarity <= 1:
        raise ConfigError("not a similarity", expected="above 0, and 1 at most", got=str(similarity))
    return METHODS[method]


def _column(library: Library, name: str) -> str:
    if not library.extras:
        raise InputError(f"no column {name!r}", where="--by", got="a library without further columns")
    return find_column(library.extras, name, flag="--by")


def _read(
    library: Library,
    fingerprint: Fingerprint,
    method: Method,
    column: str | None,
    tally: Tally,
    progress: Callable[[int, float], None] | None = None,
) -> _Pool:
    pool = _Pool()
    for block, compounds in read_blocks(library):
        values = np.zeros(len(block.rows))
        if column is not None:
            cells = block.extras[library.extras.index(column)] or [""] * len(block.rows)
            numbers, problems = read_columns({column: cells})
            values = numbers[column]
            _refuse(compounds, problems)
        packed, rows = fingerprints(fingerprint, compounds)
        pool.packed.append(packed)
        pool.rows += [row_values(block, at) for at in rows.tolist()]
        pool.values += values[rows].tolist()
        if method.by_scaffold:
            pool.scaffolds += murcko_scaffolds([mol for mol in compounds.items if mol is not None])
        tally.add(compounds)
        if progress:
            progress(tally.rows, library.share_read())
    return pool


def _refuse(compounds: ReadRows, problems: Mapping[int, str]) -> None:
    for row, problem in problems.items():
        if compounds.items[row] is not None:
            compounds.statuses[row], compounds.reasons[row], compounds.items[row] = "invalid", problem, None


def _read_known(paths: Sequence[Path], fingerprint: Fingerprint, method: Method, notes: list[str]) -> _Pool:
    if not paths:
        return _Pool()
    tally = Tally()
    pool = _read(open_library(paths), fingerprint, method, None, tally)
    if len(pool.rows) < tally.rows:
        reason = tally.reasons.most_common(1)[0][0]
        notes.append(f"{tally.rows - len(pool.rows):,} of {tally.rows:,} compounds there already cannot be read: {reason}")
    return pool


def _preference(values: Sequence[float], *, lowest_first: bool) -> NDArray[np.int64]:
    numbers = np.array(values)
    return np.argsort(numbers if lowest_first else -numbers, kind="stable")


def _table(picks: Picks, rows: list[list[Any]], nearest: NDArray[np.float64], extras: Mapping[str, str]) -> pa.Table:
    added = {
        "order": (pa.int64(), np.arange(1, len(rows) + 1)),
        "cluster": (pa.int64(), picks.clusters),
        "cluster_size": (pa.int64(), picks.sizes),
        "nearest": (pa.float64(), [None if np.isnan(each) else float(each) for each in round_significant(nearest)]),
    }
    return row_table(rows, extras, added)
