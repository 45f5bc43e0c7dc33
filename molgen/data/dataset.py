"""A table of measured compounds or sequences, ready to be trained on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from molgen.chem.standardize import MAX_ATOMS
from molgen.data.columns import find_column, find_id_column, find_target_columns
from molgen.data.counted import CountedTable
from molgen.data.counts import Counts
from molgen.data.joined import open_tables
from molgen.data.kinds_of_rows import read_texts, what_is_read
from molgen.data.label_columns import LabelSettings, read_labels
from molgen.data.numbers import read_columns
from molgen.data.profiles import PROFILE, ProfiledTable
from molgen.data.repeats import Repeats
from molgen.data.replicates import Merge, Rule, merge_replicates
from molgen.data.tables import AnyTable, Row
from molgen.data.targets import Targets
from molgen.data.tasks import Direction, Task
from molgen.errors import InputError
from molgen.subjects import Subject
from molgen.subjects.pair import Pair

__all__ = ["Dataset", "load_dataset"]

#: The columns that say where a sequence is from.
CONTIG, STRAND = "contig", "strand"
_PLACE = re.compile(r"([^\s:]+):\d+-\d+(?:\(([+-])\))?(?: shuffled)?$").match


@dataclass(slots=True)
class Dataset:
    """Compounds, or sequences, with labels.

    Attributes
    ----------
    subject
        What the rows are, and how they were read.
    texts
        The SMILES or sequence of each row as the file has it; of pairs a tuple of both sides.
    ids
        Identifier of each row, or its number as text.
    items
        The parent molecule of each row, or its letters.
    targets
        Labels ``[n, tasks]`` in the file's units; NaN where there is none, the limit where only that is known.
    bounds
        int8 ``[n, tasks]``: which labels are limits; see :class:`~molgen.data.targets.Targets`. Without it, none.
    tasks
        What the columns of ``targets`` are.
    weights
        float64 ``[n]``, how much each row counts in training, 1 on the average. Without it, all the same.
    columns
        Further columns that were asked for (the split column), by name.
    numbers
        Features from the table: column -> float64 ``[n]``, all finite.
    dropped
        ``(line, reason)`` for each row of the file that is not among them.
    problems
        ``(line, reason)`` for each label that could not be read, and counts as missing.
    contigs
        The contig that each sequence is from, where the file says so.
    stranded
        Whether it says of some which strand of it.
    counts
        What was counted at each place of them.
    drawn_charged
        Share of compounds that are drawn with a charge which a proton could settle, counter-ions aside.
    replicates
        What was merged: ``rule, compounds`` (measured more than once), ``rows`` (that measure them), ``conflicts``.
    merged
        ``(line, line)`` for each row that was merged into an earlier one.
    conflicts
        ``(line, reason)`` for each label whose measurements disagree.
    notes
        What was unusual about the file.
    source
        File name and SHA-256 of its bytes.
    """

    subject: Subject
    texts: list[Any]
    ids: list[str]
    items: list[Any]
    targets: NDArray[np.float64]
    tasks: list[Task]
    bounds: NDArray[np.int8] | None = None
    weights: NDArray[np.float64] | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    dropped: list[tuple[int, str]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    contigs: list[str] | None = None
    stranded: bool = False
    counts: Counts | None = None
    drawn_charged: float = 0.0
    replicates: dict[str, Any] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)
    conflicts: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def labels(self) -> Targets:
        """The labels of tasks."""
        bounds = np.zeros(self.targets.shape, np.int8) if self.bounds is None else self.bounds
        weights = np.ones(len(self.targets)) if self.weights is None else self.weights
        return Targets(self.targets, bounds, weights)

    @property
    def labels_and_counts(self) -> Targets:
        """The labels as experts are fitted to them: those of tasks, and the counts at each place."""
        return replace(self.labels, counts=self.counts)

    def can_train(self, rows: NDArray[np.int64]) -> bool:
        """Tell whether some rows have labels of each task that differ, all of its classes among them, and weights."""
        labels = self.labels.take(rows)
        for at, task in enumerate(self.tasks):
            measured = labels.of_task(at).measured()
            if len(np.unique(measured[~np.isnan(measured)])) < max(2, task.width):
                return False
        return bool(labels.weights.any())


def load_dataset(
    path: str | Path | Sequence[str | Path] | AnyTable,
    *,
    targets: Sequence[str] = (),
    reads: Literal["auto", "smiles", "sequence", "pair", "response"] = "auto",
    smiles: str | None = None,
    sequence: str | None = None,
    ids: str | None = None,
    kind: Literal["auto", "regression", "binary", "multiclass"] = "auto",
    directions: Sequence[Direction] = (),
    units: Sequence[str] = (),
    positives: Sequence[str] = (),
    relations: Sequence[str] = (),
    convert: Mapping[str, str] | None = None,
    unit_columns: Sequence[str] = (),
    weight: str | None = None,
    tasks: Sequence[Task] | None = None,
    extra_columns: Sequence[str] = (),
    features: Sequence[str] = (),
    replicates: Rule = "keep",
    max_atoms: int = MAX_ATOMS,
    charges: Literal["auto", "neutral", "drawn"] = "auto",
    alphabet: Literal["auto", "dna", "rna", "protein"] = "auto",
    subject: Subject | None = None,
) -> Dataset:
    """Read a table of compounds, or sequences, and labels.

    Parameters
    ----------
    path
        CSV, TSV, SMI, SD or Parquet file, plain or packed, or several with the same columns; patterns and ``-`` for standard input,
        too. Or a table that is open already.
    targets
        Label columns.
    reads
        Whether rows are ``"smiles"``, ``"sequence"``, a ``"pair"`` of both, or a ``"response"`` of a sample, which has a profile,
        to a molecule. ``"auto"`` takes sequences where the format or an argument says so, pairs where both columns are named, and
        responses where the table has profiles.
    smiles, sequence, ids
        Column names; guessed where the guess is unambiguous.
    kind
        ``"auto"``, ``"regression"``, ``"binary"`` or ``"multiclass"``, for all targets.
    directions, units
        One for all targets, or one for each; good is ``"high"`` where nothing is said.
    positives
        The class that is positive of two, or that hits are ranked by of several, one for all targets or one for each.
    relations
        Columns of ``=``, ``<`` and ``>`` that say which labels are limits, one for all targets or one for each. Such signs are also
        read where they stand before the numbers.
    convert
        Target -> ``FROM:TO`` (``nM:p``), for labels that are learnt in another unit; see :class:`~molgen.data.units.Conversion`. A
        direction that is given is that of the column, and turns with ``p``.
    unit_columns
        Columns of the labels' units, one for all targets or one for each; where rows differ, a conversion is needed.
    weight
        Column of how much each row counts in training: finite, not negative, and not all zero.
    tasks
        Tasks of a model that is there already, one for each target, instead of kind, directions and units: labels that are only
        compared with predictions may all be the same.
    extra_columns
        Further columns to keep as text.
    features
        Columns of numbers that models read beside the structure; a row without one of them is left out.
    replicates
        What becomes of rows with the same parent molecule, the same cells in the extra columns and the same features:
        ``"aggregate"`` makes them one (see :func:`~molgen.data.replicates.merge_replicates`), ``"first"`` takes the first label of
        each, ``"error"`` refuses them, ``"keep"`` leaves them.
    max_atoms
        Larger molecules are left out.
    charges
        ``"neutral"`` settles charges that a proton can settle, ``"drawn"`` leaves them; ``"auto"`` leaves them where at least
        5 % of the compounds are drawn so, for then it is how this table shows protonation, and a model can learn from it.
    alphabet
        Of sequences; ``"auto"`` is that which most of them are written in.
    subject
        How rows are read, where that is settled already; ``reads``, ``max_atoms``, ``charges`` and ``alphabet`` are not asked then.

    Raises
    ------
    InputError
        If the file or a column cannot be used, or no row with a label is left.
    """
    table = open_tables(path)
    rows, where = _all_rows(table), table.name
    kind_of_rows = what_is_read(reads, subject, table, smiles, sequence, alphabet)
    if kind_of_rows == "response" and not isinstance(table, ProfiledTable):
        raise InputError("nothing says what was measured of samples", where=where, remedy="add --sample COLUMN --profiles FILE")
    text_names = [table.find_smiles(smiles)] if kind_of_rows != "sequence" else []
    text_names += [table.find_sequence(sequence)] if kind_of_rows in ("sequence", "pair") else []
    text_names += [PROFILE] if kind_of_rows == "response" else []
    target_names = find_target_columns(table.columns, targets, where=where)
    feature_names = _find_features(table.columns, features, [*text_names, *target_names], where)
    id_name = find_id_column(table.columns, ids, exclude=[*text_names, *target_names, *feature_names], where=where)
    id_at = None if id_name is None else table.columns.index(id_name)
    extra_at = {
        name: table.columns.index(find_column(table.columns, name, flag="--split-column", where=where)) for name in extra_columns
    }

    columns_of_texts = [_cells(table, rows, name) for name in text_names]
    texts: list[Any] = columns_of_texts[0] if len(text_names) == 1 else list(zip(*columns_of_texts, strict=True))
    subject, read_rows, charged = read_texts(texts, subject, kind_of_rows, max_atoms, charges, alphabet)
    weighed: list[Any] = [None] * len(rows)
    if kind_of_rows != "sequence":
        weighed = [item.molecule if isinstance(item, Pair) else item for item in read_rows.items]
    settings = LabelSettings(kind, directions, units, positives, relations, unit_columns, convert or {})
    read = read_labels(table.columns, rows, target_names, weighed, settings, tasks, where)
    numbers, numberless = read_columns({name: _cells(table, rows, name) for name in feature_names})
    unread = dict(read.problems)
    keep, dropped = [], []
    for number, row in enumerate(rows):
        reason = row.problem or read_rows.reasons.get(number) or numberless.get(number)
        if reason is None and np.isnan(read.targets.values[number]).all():
            reason = unread.get(row.line, "no label")
        if reason is None:
            keep.append(number)
        else:
            dropped.append((row.line, reason))
    if not keep:
        first = dropped[0][1] if dropped else "none"
        raise InputError(f"no {subject.noun} with a label could be read", where=where, got=f"{len(rows)} rows, the first: {first}")
    columns = {name: [rows[n].values[at] for n in keep] for name, at in extra_at.items()}
    items = [read_rows.items[n] for n in keep]
    numbers = {name: values[keep] for name, values in numbers.items()}
    keys = list(zip(subject.keys(items), *columns.values(), *(values.tolist() for values in numbers.values()), strict=True))
    targets_of_rows = read.targets.take(keep)
    if weight is not None:
        name = find_column(table.columns, weight, flag="--weight", where=where)
        targets_of_rows = replace(targets_of_rows, weights=_read_weights(table, [rows[n] for n in keep], name))
    merge = merge_replicates(keys, read.tasks, targets_of_rows, replicates)
    lines = [rows[n].line for n in keep]
    if replicates == "error" and merge.joined:
        raise _replicates_refused(merge, lines, table, subject.noun)
    contigs, stranded = _places(table, [rows[keep[n]] for n in merge.rows], id_at) if kind_of_rows == "sequence" else (None, False)
    counts = _counts(table, [rows[n] for n in keep], merge) if isinstance(table, CountedTable) else None
    return Dataset(
        subject=subject,
        texts=[texts[keep[n]] for n in merge.rows],
        ids=[rows[keep[n]].values[id_at] if id_at is not None else str(rows[keep[n]].number) for n in merge.rows],
        items=[items[n] for n in merge.rows],
        targets=merge.targets.values if counts is None else _with_totals(merge.targets.values, target_names, counts),
        tasks=read.tasks,
        bounds=merge.targets.bounds,
        weights=None if weight is None else merge.targets.weights / merge.targets.weights.mean(),
        columns={name: [cells[n] for n in merge.rows] for name, cells in columns.items()},
        numbers={name: values[list(merge.rows)] for name, values in numbers.items()},
        dropped=table.located(sorted([*dropped, *((lines[n], why) for n, why in merge.dropped.items())])),
        problems=table.located(
            sorted([*read.problems, *((lines[n], f"label {name!r}: {why}") for n, name, why in merge.problems)])
        ),
        contigs=contigs,
        stranded=stranded,
        counts=counts,
        drawn_charged=charged,
        replicates={
            "rule": replicates,
            "compounds": merge.compounds,
            "rows": merge.measurements,
            "conflicts": len(merge.conflicts),
        },
        merged=[(lines[n], lines[into]) for n, into in sorted(merge.joined.items())],
        conflicts=table.located([(lines[n], f"{name}: {why}") for n, name, why in merge.conflicts]),
        notes=[*table.notes, *_repeated_ids(rows, keep, id_at), *read.notes],
        source=table.fingerprint(),
    )


def _all_rows(table: AnyTable) -> list[Row]:
    rows = list(table.rows())
    if rows and all(row.problem for row in rows):
        raise InputError("no row can be read", where=table.name, got=f"{len(rows):,} rows, the first: {rows[0].problem}")
    return rows


def _find_features(columns: Sequence[str], wanted: Sequence[str], taken: Sequence[str], where: str) -> list[str]:
    """Return the names of the columns of features; what is learnt, or is the structure, is none."""
    names = list(dict.fromkeys(find_column(columns, name, flag="--feature", where=where) for name in wanted))
    for name in names:
        if name in taken:
            raise InputError(f"column {name!r} is what is learnt, or the structure", where=where, remedy="name another --feature")
    return names


def _cells(table: AnyTable, rows: Sequence[Row], name: str) -> list[str]:
    at = table.columns.index(name)
    return ["" if row.problem else row.values[at] for row in rows]


def _read_weights(table: AnyTable, rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    """Return the weight of each row; one that cannot be read is no 1, and no row less either."""
    at, place = table.columns.index(name), f"{table.name}, column {name!r}"
    weights = np.empty(len(rows))
    for n, row in enumerate(rows):
        text = row.values[at].strip()
        try:
            weights[n] = float(text)
        except ValueError:
            weights[n] = np.nan
        if not (np.isfinite(weights[n]) and weights[n] >= 0):
            got = repr(text[:40]) if text else "nothing"
            ((line, file),) = table.located([(row.line, "")])
            raise InputError("no weight", where=f"{place}, line {line}{file}", expected="a number of 0 or more", got=got)
    if not weights.any():
        raise InputError("all weights are 0", where=place, remedy="name another column")
    return weights


def _replicates_refused(merge: Merge, lines: Sequence[int], table: AnyTable, noun: str) -> InputError:
    pair = table.located([(lines[n], "") for n in min(merge.joined.items())])
    second, first = (f"line {line}{file}" for line, file in pair)
    return InputError(
        f"{second} is the same {noun} as {first}",
        where=table.name,
        expected=f"every {noun} once",
        got=f"{merge.compounds} {noun}s in {merge.measurements} rows",
        remedy="use --replicates aggregate, first or keep",
    )


def _places(table: AnyTable, rows: Sequence[Row], id_at: int | None) -> tuple[list[str] | None, bool]:
    """Return the contig of each sequence, and whether strands are told: by columns of that name, or by ids as ``chr1:10-20(+)``."""
    columns = {name.casefold(): at for at, name in reversed(list(enumerate(table.columns)))}
    if CONTIG in columns:
        strands = [row.values[columns[STRAND]] for row in rows] if STRAND in columns else []
        return [row.values[columns[CONTIG]] for row in rows], any(strands)
    found = [_PLACE(row.values[id_at]) for row in rows] if id_at is not None else []
    if not found or None in found:
        return None, False
    return [place[1] for place in found if place], any(place[2] for place in found if place)


def _counts(table: CountedTable, rows: Sequence[Row], merge: Merge) -> Counts:
    """Return the counts at each place; where rows of the same letters are merged, their mean, or the first one's."""
    groups = {int(n): [rows[n]] for n in merge.rows}
    for n, into in merge.joined.items() if merge.rule != "first" else ():
        groups[into].append(rows[n])
    return table.counts(list(groups.values()))


def _with_totals(values: NDArray[np.float64], names: Sequence[str], counts: Counts) -> NDArray[np.float64]:
    """Return labels whose numbers of counts are those of the counts at each place, also where rows were merged."""
    values = values.copy()
    for name, track in counts.of_tracks().items():
        if name in names:
            values[:, names.index(name)] = np.log1p(track.sum(axis=(1, 2), dtype=np.float64))
    return values


def _repeated_ids(rows: Sequence[Row], keep: Sequence[int], id_at: int | None) -> list[str]:
    repeats = Repeats()
    if id_at is not None:
        repeats.add([rows[n].values[id_at] for n in keep])
    note = repeats.note()
    return [note] if note else []
