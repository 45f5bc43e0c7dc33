"""Which rows of a library contain some substructures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rdkit import rdBase

from molgen.chem.parse import Mol
from molgen.chem.smarts_query import read_smarts
from molgen.chem.smarts_set import count_patterns
from molgen.data.library import Library, open_library
from molgen.data.paths import expand_paths
from molgen.errors import ConfigError
from molgen.plain import plain
from molgen.screening.hits import write_tables
from molgen.screening.output import check_outputs
from molgen.screening.schema import pass_through
from molgen.search.reading import ROW_COLUMNS, Tally, read_as_written, read_blocks, row_table, row_values

__all__ = ["MatchResult", "Mode", "match"]

#: Whether a row has any, all or none of the patterns.
Mode = Literal["any", "all", "none"]


@dataclass(slots=True)
class MatchResult:
    """What a substructure search came to.

    Attributes
    ----------
    output
        The table of rows that match.
    tally
        Rows of the library by status and reason, as far as it was read.
    found
        Rows written.
    matched
        Rows of the library that each pattern matches.
    notes
        What was unusual about the input.
    """

    output: Path
    tally: Tally
    found: int = 0
    matched: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data: ``output, found, matched`` (pattern and rows), ``rows, statuses, reasons, notes``."""
        described: dict[str, Any] = plain({"output": self.output, "found": self.found, "matched": self.matched})
        return {**described, **self.tally.to_json(), "notes": self.notes}


@dataclass(frozen=True, slots=True)
class _Question:
    """What is looked for and what is written about it."""

    patterns: Mapping[str, str]
    mode: Mode
    counts: bool
    atoms: bool

    @property
    def added(self) -> dict[str, pa.DataType]:
        """Columns beside those of the library."""
        columns = {} if self.mode == "none" else {"matched": pa.string()}
        for name in () if self.mode == "none" else self.patterns:
            columns |= {f"count_{name}": pa.int64()} if self.counts else {}
            columns |= {f"atoms_{name}": pa.string()} if self.atoms else {}
        return columns

    def count(self, mols: Sequence[Mol | None]) -> NDArray[np.int64]:
        """Count matches ``[len(mols), patterns]``; no further than 1 unless counts are written."""
        return count_patterns(mols, list(self.patterns.values()), [self.counts] * len(self.patterns))

    def passes(self, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which rows are wanted."""
        found = counts > 0
        if self.mode == "none":
            return np.asarray(~found.any(axis=1))
        return np.asarray(found.all(axis=1) if self.mode == "all" else found.any(axis=1))

    def describe(self, counts: NDArray[np.int64], mol: Mol) -> list[Any]:
        """Return the values of the added columns for one row."""
        if self.mode == "none":
            return []
        values: list[Any] = ["; ".join(name for name, n in zip(self.patterns, counts, strict=True) if n)]
        for smarts, n in zip(self.patterns.values(), counts.tolist(), strict=True):
            values += [n] if self.counts else []
            values += [_atoms(mol, smarts) if n else ""] if self.atoms else []
        return values


def match(
    library: str | Path | Sequence[str | Path],
    patterns: str | Sequence[str] | Mapping[str, str],
    output: str | Path,
    *,
    mode: Mode = "any",
    counts: bool = False,
    atoms: bool = False,
    limit: int | None = None,
    smiles: str | None = None,
    ids: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> MatchResult:
    """Find the rows of a library that contain any, all or none of some substructures.

    Molecules are taken as they are written, with their counter-ions and charges, so that atoms have the numbers of the SMILES.

    Parameters
    ----------
    library
        One or several CSV, TSV, SMI, SD or Parquet files, plain or packed; patterns and ``-`` for standard input, too.
    patterns
        SMARTS, or name -> SMARTS.
    output
        Table to write: CSV, or Parquet if its name ends in ``.parquet``; or structures if it ends in ``.sdf`` or ``.smi``. Rows
        that match, in order: where each comes from, ``matched`` (the patterns that it has), and the library's own columns.
    mode
        ``"any"``, ``"all"`` or ``"none"`` of the patterns.
    counts
        Add a column ``count_NAME`` for each pattern: different sets of atoms that match.
    atoms
        Add a column ``atoms_NAME`` for each pattern: its matches, divided by semicolons, as numbers of atoms from 0 in the order of
        the pattern's atoms.
    limit
        Stop after so many rows that match.
    smiles, ids
        Column names; guessed where the guess is unambiguous.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told how many rows are done, and about which share of the library that is.

    Raises
    ------
    ConfigError
        If a pattern is not SMARTS, or a setting is out of range.
    InputError
        If a file cannot be used.

    Notes
    -----
    As in RDKit, matches of a molecule are counted up to 1,000, and stereo in a pattern is not looked at.

    Examples
    --------
    >>> molgen.match("library.smi", {"acid": "C(=O)[OH]", "amine": "[NX3;H2]"}, "both.csv", mode="all")  # doctest: +SKIP
    """
    question = _Question(_named(patterns), mode, counts, atoms)
    if mode not in get_args(Mode):
        raise ConfigError("unknown mode", expected="any, all or none", got=repr(mode))
    if mode == "none" and (counts or atoms):
        raise ConfigError("rows without a match have neither counts nor atoms", remedy="leave these out, or choose another mode")
    if limit is not None and limit < 1:
        raise ConfigError("the limit must be at least 1", got=str(limit))
    paths = expand_paths(library)
    (target,) = check_outputs([output], paths, overwrite=overwrite)
    opened = open_library(paths, smiles=smiles, ids=ids)
    extras = pass_through(opened.extras, (*ROW_COLUMNS, *question.added))
    result = MatchResult(target, Tally(), notes=opened.notes)
    tables = _tables(opened, question, result, extras, limit, progress)
    write_tables(target, tables, [*ROW_COLUMNS, *question.added, *extras.values()], read_as_written)
    return result


def _tables(
    library: Library,
    question: _Question,
    result: MatchResult,
    extras: Mapping[str, str],
    limit: int | None,
    progress: Callable[[int, float], None] | None,
) -> Iterator[pa.Table]:
    """Yield the rows of each block that match; first none, so that there is a table however empty the library is."""
    yield _table(question, [], [], extras)
    for block, compounds in read_blocks(library, read_as_written):
        found = question.count(compounds.items)
        there = np.array([mol is not None for mol in compounds.items])
        wanted = np.flatnonzero(question.passes(found) & there)
        if limit is not None:
            wanted = wanted[: limit - result.found]
        rows = wanted.tolist()
        result.tally.add(compounds)
        result.matched.update({name: int(n) for name, n in zip(question.patterns, (found > 0).sum(axis=0), strict=True)})
        result.found += len(rows)
        described = [question.describe(found[at], mol) for at in rows if (mol := compounds.items[at])]
        yield _table(question, [row_values(block, at) for at in rows], described, extras)
        if progress:
            progress(result.tally.rows, library.share_read())
        if result.found == limit:
            break


def _table(question: _Question, rows: list[list[Any]], described: list[list[Any]], extras: Mapping[str, str]) -> pa.Table:
    added = {name: (kind, [each[at] for each in described]) for at, (name, kind) in enumerate(question.added.items())}
    return row_table(rows, extras, added)


def _atoms(mol: Mol, smarts: str) -> str:
    return "; ".join(" ".join(map(str, atoms)) for atoms in mol.GetSubstructMatches(read_smarts(smarts)))


def _named(patterns: str | Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return name -> SMARTS, checked."""
    if isinstance(patterns, str):
        patterns = [patterns]
    named = dict(patterns) if isinstance(patterns, Mapping) else {each: each for each in patterns}
    if not named:
        raise ConfigError("no pattern", expected="at least one SMARTS")
    for name, smarts in named.items():
        try:
            with rdBase.BlockLogs():
                atoms = read_smarts(smarts).GetNumAtoms()
        except ValueError:
            atoms = 0
        if not atoms:
            raise ConfigError("not SMARTS", where=f"pattern {name!r}", got=repr(smarts))
    return named
