"""A table with a column that says which part each row is in, and the same for others as keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from molgen.curation.tables import check_text, first_reason, read_items, several, split_rows, write_table
from molgen.data.compounds import read_targets
from molgen.data.joined import open_tables
from molgen.data.labelled import add_columns
from molgen.data.paths import expand_paths, named_file
from molgen.data.splits import DEFAULT_FRACTIONS, Fractions, get_splitter, make_folds, make_split
from molgen.data.splits.keys import PartKey, find_keys
from molgen.errors import ConfigError, InputError
from molgen.screening.output import check_outputs

__all__ = ["SplitResult", "split_table"]


@dataclass(slots=True)
class SplitResult:
    """A table that was divided.

    Attributes
    ----------
    output
        The table with the new column; ``None`` if none was written.
    split
        Name of the splitter.
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
    split: str
    column: str
    parts: list[str]
    sizes: dict[str, int]
    left_out: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def split_table(
    table: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    split: str | None = None,
    split_column: str | None = None,
    split_options: Mapping[str, Any] | None = None,
    fractions: Fractions = DEFAULT_FRACTIONS,
    folds: int | None = None,
    seed: int = 0,
    targets: str | Sequence[str] = (),
    kind: Literal["auto", "regression", "binary"] = "auto",
    smiles: str | None = None,
    sequence: str | None = None,
    joins: Sequence[str | Path] = (),
    column: str | None = None,
    keys: str | Path | None = None,
    overwrite: bool = False,
) -> SplitResult:
    """Add a column to a table that says which part each row is in.

    Parameters
    ----------
    table
        CSV, TSV, SMI, SD or Parquet files, plain or packed, one after another; patterns are looked up, ``-`` is standard input.
    output
        The table to write, all rows in their order, with the columns that all files have: CSV, or tabs if it ends in ``.tsv``;
        gzipped if it ends in ``.gz``. Columns that were joined are not among them.
    split, split_column, split_options
        The splitter, the column that it reads, and its options; see :mod:`molgen.data.splits`. Without a name ``"column"`` if
        a column is named, else ``"scaffold"``, of sequences ``"cluster"``.
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
    sequence
        Name of the column of sequences: rows are sequences, and pairs if ``smiles`` is named, too.
    joins
        Further tables, whose columns are joined; see :func:`~molgen.data.labelled.open_labelled`.
    column
        Name of the new column: ``split``, or ``fold`` for folds.
    keys
        A table to write, too: the parts by keys of molecules, sequences or pairs, from which the split ``keys`` divides another
        copy of the table the same way; see :func:`~molgen.data.splits.keys.find_keys`.
    overwrite
        Replace ``output`` and ``keys`` if they exist.

    Raises
    ------
    ConfigError
        If the splitter or a setting is unknown.
    InputError
        If the table cannot be used, or has a column of the new one's name, or no keys tell the parts apart.
    """
    files = expand_paths(table)
    keys_read = (split_options or {}).get("file")
    read_too = [*(named_file(each)[1] for each in joins), None if keys_read is None else str(keys_read)]
    check_outputs([output, keys], [*files, *read_too], overwrite=overwrite)
    for each in (output, keys):
        check_text(each)
    if keys is not None and folds is not None:
        raise ConfigError("keys are of one split", where="--keys", remedy="leave out --folds")
    opened = open_tables(files)
    own = list(opened.columns)
    joined = add_columns(opened, joins)
    sequences = joined.holds_sequences or sequence is not None
    split = split or ("column" if split_column else "cluster" if sequences and smiles is None else "scaffold")
    get_splitter(split, **(split_options or {}))
    name = column or ("split" if folds is None else "fold")
    source, items, reasons = read_items(joined, smiles, sequence)
    if name in source.columns:
        raise InputError(f"there is a column {name!r} already", where=source.name, remedy="name the new one with --column NAME")
    tasks, labels = read_targets([source], several(targets), kind)
    if tasks:
        reasons |= {row: "no label" for row in np.flatnonzero(np.isnan(labels.values).all(axis=1)).tolist() if row not in reasons}
    used = [row for row in range(len(source)) if row not in reasons]
    if not used:
        raise InputError("no row to divide", where=source.name, got=first_reason(reasons))
    rows = split_rows(source, items, used, labels.values, split_column)
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
    # Before anything is written: there may be none.
    found = [] if keys is None else find_keys(rows, words)
    if output is not None:
        values = ([*row.values[: len(own)], part] for row, part in zip(source.rows, parts, strict=True))
        write_table(Path(output), [*own, name], values)
    if keys is not None:
        write_table(Path(keys), PartKey._fields, map(list, found))
    counts = Counter(parts)
    order = ("train", "valid", "test") if folds is None else map(str, range(folds))
    return SplitResult(
        None if output is None else Path(output),
        split,
        name,
        parts,
        {part: counts[part] for part in order},
        source.table.located([(source.rows[row].line, reasons[row]) for row in sorted(reasons)]),
        source.notes,
    )
