"""Tables of compounds before anything is trained on them: divided into parts, and audited."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.data.audit import (
    AuditReport,
    HeldOut,
    Profile,
    find_conflicts,
    find_overlaps,
    nearness,
    overlapping_rows,
    predict_without_chemistry,
    profile_tables,
    read_held_out,
)
from molgen.data.compounds import CompoundTable, read_compound_table, read_labels
from molgen.data.splits import DEFAULT_FRACTIONS, Fractions, SplitRows, get_splitter, make_folds, make_split
from molgen.errors import ConfigError, InputError
from molgen.screening.output import check_outputs, replacing
from molgen.training.metrics import evaluate

__all__ = ["AuditReport", "SplitResult", "audit", "split_table"]

Kind = Literal["auto", "regression", "binary"]
Parts = dict[str, NDArray[np.int64]]


@dataclass(slots=True)
class SplitResult:
    """A table that was divided.

    Attributes
    ----------
    output
        The table with the new column; ``None`` if none was written.
    column
        Name of the new column.
    parts
        The new column: part, or number of the fold, of each row; empty where the row is in none.
    sizes
        Rows in each part or fold.
    left_out
        Line and reason of each row that is in none.
    notes
        What was unusual about the file.
    """

    output: Path | None
    column: str
    parts: list[str]
    sizes: dict[str, int]
    left_out: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def split_table(
    table: str | Path,
    output: str | Path | None = None,
    *,
    split: str = "scaffold",
    split_column: str | None = None,
    split_options: Mapping[str, Any] | None = None,
    fractions: Fractions = DEFAULT_FRACTIONS,
    folds: int | None = None,
    seed: int = 0,
    targets: str | Sequence[str] = (),
    kind: Kind = "auto",
    smiles: str | None = None,
    column: str | None = None,
    overwrite: bool = False,
) -> SplitResult:
    """Add a column to a table that says which part each row is in.

    Parameters
    ----------
    table
        CSV, TSV or SMI file, plain or gzipped.
    output
        The table to write, all rows in their order: CSV, or tabs if it ends in ``.tsv``; gzipped if it ends in ``.gz``.
    split, split_column, split_options
        The splitter, the column that it reads, and its options; see :mod:`molgen.data.splits`.
    fractions
        Shares of training, validation and test rows.
    folds
        Write the number of the fold that tests a row (0 to ``folds - 1``) instead of its part.
    seed
        For splitters that draw.
    targets, kind
        Label columns: rows without any label are in no part then, and splitters may look at the labels.
    smiles
        Name of the column of structures; guessed where the guess is unambiguous.
    column
        Name of the new column: ``split``, or ``fold`` for folds.
    overwrite
        Replace ``output`` if it exists.

    Raises
    ------
    ConfigError
        If the splitter or a setting is unknown.
    InputError
        If the table cannot be used, or has a column of the new one's name.
    """
    check_outputs([output], [table], overwrite=overwrite)
    get_splitter(split, **(split_options or {}))
    name = column or ("split" if folds is None else "fold")
    source = read_compound_table(table, smiles=smiles)
    if name in source.columns:
        raise InputError(f"there is a column {name!r} already", where=str(table), remedy="name the new one with --column NAME")
    tasks, labels = read_labels([source], _several(targets), kind)
    mols, reasons = _molecules(source)
    if tasks:
        reasons |= {row: "no label" for row in np.flatnonzero(np.isnan(labels).all(axis=1)).tolist() if row not in reasons}
    used = [row for row in range(len(source)) if row not in reasons]
    if not used:
        raise InputError("no compound to divide", where=str(table), got=_first(reasons))
    rows = _split_rows(source, mols, used, labels, split_column)
    options = dict(split_options or {})
    if folds is None:
        words = make_split(rows, split, fractions=fractions, seed=seed, **options).parts(len(used))
    else:
        words = [""] * len(used)
        for number, fold in enumerate(make_folds(rows, split, folds, seed, **options)):
            for row in fold.test:
                words[row] = str(number)
    parts = [""] * len(source)
    for row, word in zip(used, words, strict=True):
        parts[row] = word
        if not word:
            reasons[row] = f"split {split!r} puts it in no part"
    if output is not None:
        _write(Path(output), [*source.columns, name], ([*row.values, part] for row, part in zip(source.rows, parts, strict=True)))
    counts = Counter(parts)
    order = ("train", "valid", "test") if folds is None else map(str, range(folds))
    return SplitResult(
        None if output is None else Path(output),
        name,
        parts,
        {part: counts[part] for part in order},
        [(source.rows[row].line, reasons[row]) for row in sorted(reasons)],
        source.notes,
    )


def audit(
    train: str | Path,
    tests: str | Path | Sequence[str | Path] = (),
    *,
    split: str | None = None,
    split_column: str | None = None,
    split_options: Mapping[str, Any] | None = None,
    seed: int = 0,
    targets: str | Sequence[str] = (),
    kind: Kind = "auto",
    smiles: str | None = None,
    exclude_keys: str | Path | None = None,
    endpoint: str | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
) -> AuditReport:
    """Look for what makes a score better than the model: compounds in several parts, labels that disagree, held-out compounds.

    Parameters
    ----------
    train
        Table of training compounds; or of all, with a split.
    tests
        Tables of test compounds.
    split, split_column, split_options, seed
        How one table is divided; a column alone means that it holds the parts. See :mod:`molgen.data.splits`.
    targets, kind
        Label columns, for conflicts and for the scores of predictors that know no chemistry.
    smiles
        Name of the column of structures, in all tables; guessed where the guess is unambiguous.
    exclude_keys, endpoint
        A list of compounds that training must not see, and whose list; see :func:`molgen.data.audit.read_held_out`.
    output
        Table to write: ``train`` without the rows that leak, those held out and those that are in a later part too.
    overwrite
        Replace ``output`` if it exists.

    Returns
    -------
    AuditReport
        ``.leaks`` is the short answer.

    Raises
    ------
    ConfigError
        If settings do not go together or are unknown.
    InputError
        If a table cannot be used.

    Examples
    --------
    >>> molgen.audit("measured.csv", split_column="split", targets="pIC50").leaks  # doctest: +SKIP
    False
    """
    others = [tests] if isinstance(tests, str | Path) else list(tests)
    if others and (split or split_column):
        raise ConfigError("test tables and a split do not go together", remedy="give one table and a split, or several tables")
    if endpoint is not None and exclude_keys is None:
        raise ConfigError("an endpoint without keys", remedy="name their file with --exclude-keys")
    check_outputs([output], [train, *others, exclude_keys], overwrite=overwrite)
    held_out = None if exclude_keys is None else read_held_out(exclude_keys, endpoint)
    tables = [read_compound_table(path, smiles=smiles) for path in (train, *others)]
    tasks, labels = read_labels(tables, _several(targets), kind)
    profile = profile_tables(tables, with_keys=held_out is not None, with_mols=split is not None)
    if not len(profile.present()):
        raise InputError("no molecule could be read", where=str(train), got=_first(_molecules(tables[0])[1]))
    if others:
        parts = _parts_of_files(tables, profile)
    else:
        parts = _parts_of_split(tables[0], profile, labels, split, split_column, dict(split_options or {}), seed)
    report = AuditReport(
        files=[str(path) for path in (train, *others)],
        rows=len(profile),
        unreadable=len(profile) - len(profile.present()),
        parts={name: len(rows) for name, rows in parts.items()},
        repeats=_repeats(profile),
        overlaps=find_overlaps(profile, parts),
        conflicts=find_conflicts(profile, tasks, labels),
        where=[(str(table.path), row.line) for table in tables for row in table.rows],
    )
    compared = {name: rows for name, rows in parts.items() if name != "train"} if "train" in parts else {}
    for name, rows in compared.items():
        near = nearness(profile.fingerprints[rows], profile.fingerprints[parts["train"]])
        if near is not None:
            report.nearness[name] = near
    if compared and tasks:
        rivals = predict_without_chemistry(profile, labels, parts["train"])
        report.baselines = {
            name: {rival: evaluate(tasks, values[rows], labels[rows]) for rival, values in rivals.items()}
            for name, rows in compared.items()
        }
    leaking = _overlapping(profile, parts)
    if held_out is not None:
        tested = {row for name, rows in compared.items() if others or name == "test" for row in rows.tolist()}
        checked = [row for row, own in enumerate(profile.keys) if own and row not in tested]
        found = [row for row in checked if profile.keys[row] & held_out]
        places = [report.where[row] for row in found]
        report.held_out = HeldOut(str(exclude_keys), endpoint, len(held_out), places, len(checked))
        leaking.update(found)
    report.leaking = sorted(leaking)
    if output is not None:
        kept = (row.values for number, row in enumerate(tables[0].rows) if number not in leaking)
        _write(Path(output), tables[0].columns, kept)
    return report


def _several(targets: str | Sequence[str]) -> list[str]:
    return [targets] if isinstance(targets, str) else list(targets)


def _molecules(table: CompoundTable) -> tuple[list[Mol | None], dict[int, str]]:
    """Return the parent molecule of each row, and why there is none."""
    mols: list[Mol | None] = []
    reasons: dict[int, str] = {}
    for start, compounds in table.molecules():
        mols += compounds.mols
        reasons |= {start + row: reason for row, reason in compounds.reasons.items()}
    return mols, reasons


def _first(reasons: Mapping[int, str]) -> str:
    return f"{len(reasons)} rows, the first: {reasons[min(reasons)]}" if reasons else "no rows"


def _split_rows(
    table: CompoundTable,
    mols: Sequence[Mol | None],
    used: Sequence[int],
    labels: NDArray[np.float64],
    split_column: str | None,
) -> SplitRows:
    cells = None if split_column is None else table.cells(split_column, flag="--split-column")
    return SplitRows(
        [mols[row] for row in used],
        labels[used] if labels.shape[1] else None,
        None if cells is None else [cells[row] for row in used],
        f"{table.path}, column {split_column!r}",
        [f"line {table.rows[row].line}" for row in used],
    )


def _parts_of_files(tables: Sequence[CompoundTable], profile: Profile) -> Parts:
    """One file, one part: ``train``, then ``test`` or the names of the files."""
    names = [table.path.name for table in tables[1:]]
    names = [f"{at}: {name}" if names.count(name) > 1 else name for at, name in enumerate(names, 1)]
    if len(names) == 1:
        names = ["test"]
    owner = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    present = profile.present()
    return {name: present[owner[present] == at] for at, name in enumerate(["train", *names])}


def _parts_of_split(
    table: CompoundTable,
    profile: Profile,
    labels: NDArray[np.float64],
    split: str | None,
    split_column: str | None,
    options: dict[str, Any],
    seed: int,
) -> Parts:
    used = profile.present()
    if split is None and split_column is None:
        if options:
            raise ConfigError("options of a splitter, but no splitter", remedy="name it with --split")
        return {"all": used}
    # A column alone is read without looking at a molecule, so they need not be kept.
    mols = profile.mols or [None] * len(profile)
    rows = _split_rows(table, mols, used.tolist(), labels, split_column)
    divided = make_split(rows, split or "column", seed=seed, **options)
    return {name: used[part] for name in ("train", "valid", "test") if len(part := getattr(divided, name))}


def _repeats(profile: Profile) -> int:
    blocks = [block for block in profile.skeleton if block is not None]
    return len(blocks) - len(set(blocks))


def _overlapping(profile: Profile, parts: Parts) -> set[int]:
    """Return the rows whose compound is in a later part too: without them, no compound is in two."""
    found: set[int] = set()
    ordered = list(parts.values())
    for at, rows in enumerate(ordered):
        for later in ordered[at + 1 :]:
            found.update(overlapping_rows(profile, rows, later))
    return found


def _write(path: Path, columns: Sequence[str], rows: Iterator[list[str]]) -> None:
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    with _open_text(path) as file:
        writer = csv.writer(file, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


@contextmanager
def _open_text(path: Path) -> Iterator[TextIO]:
    """Open a table to write under a temporary name; gzipped, with no time in it, if its name ends so."""
    try:
        with replacing(path) as temporary:
            if path.suffix.lower() == ".gz":
                with gzip.GzipFile(temporary, "wb", mtime=0) as packed:
                    text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
                    yield text
                    text.detach()
            else:
                with temporary.open("w", encoding="utf-8", newline="") as file:
                    yield file
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", where=str(path)) from None
