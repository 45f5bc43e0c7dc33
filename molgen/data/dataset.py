"""A table of measured compounds, ready to be trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.chem.standardize import MAX_ATOMS, NEUTRALIZED, Compounds, canonical_smiles, read_compounds
from molgen.data.columns import find_column, find_id_column, find_target_columns
from molgen.data.joined import JoinedTable, open_tables
from molgen.data.label_columns import LabelSettings, read_labels
from molgen.data.numbers import read_columns
from molgen.data.repeats import Repeats
from molgen.data.replicates import Merge, Rule, merge_replicates
from molgen.data.tables import Row, Table
from molgen.data.targets import Targets
from molgen.data.tasks import Direction, Task
from molgen.errors import InputError

__all__ = ["Dataset", "load_dataset"]

#: Share of compounds drawn charged from which on a table's charges are taken as its way to show protonation.
DRAWN_CHARGED = 0.05


@dataclass(slots=True)
class Dataset:
    """Compounds with labels.

    Attributes
    ----------
    smiles
        The text of each compound as the file has it.
    ids
        Identifier of each compound, or its row number as text.
    mols
        The parent molecule of each compound.
    targets
        Labels ``[n, tasks]`` in the file's units; NaN where there is none, the limit where only that is known.
    bounds
        int8 ``[n, tasks]``: which labels are limits; see :class:`~molgen.data.targets.Targets`. Without it, none.
    tasks
        What the columns of ``targets`` are.
    weights
        float64 ``[n]``, how much each compound counts in training, 1 on the average. Without it, all the same.
    columns
        Further columns that were asked for (the split column), by name.
    numbers
        Features from the table: column -> float64 ``[n]``, all finite.
    dropped
        ``(line, reason)`` for each row of the file that is not among the compounds.
    problems
        ``(line, reason)`` for each label that could not be read, and counts as missing.
    neutralize
        Whether charges were settled, or left as they are drawn.
    drawn_charged
        Share of the compounds that are drawn with a charge which a proton could settle, counter-ions aside.
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

    smiles: list[str]
    ids: list[str]
    mols: list[Mol]
    targets: NDArray[np.float64]
    tasks: list[Task]
    bounds: NDArray[np.int8] | None = None
    weights: NDArray[np.float64] | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    dropped: list[tuple[int, str]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    neutralize: bool = True
    drawn_charged: float = 0.0
    replicates: dict[str, Any] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)
    conflicts: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mols)

    @property
    def labels(self) -> Targets:
        """The labels as training needs them."""
        bounds = np.zeros(self.targets.shape, np.int8) if self.bounds is None else self.bounds
        weights = np.ones(len(self.targets)) if self.weights is None else self.weights
        return Targets(self.targets, bounds, weights)


def load_dataset(
    path: str | Path | Sequence[str | Path] | Table | JoinedTable,
    *,
    targets: Sequence[str] = (),
    smiles: str | None = None,
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
) -> Dataset:
    """Read a table of compounds and labels.

    Parameters
    ----------
    path
        CSV, TSV, SMI, SD or Parquet file, plain or packed, or several with the same columns; patterns and ``-`` for standard input,
        too. Or a table that is open already.
    targets
        Label columns.
    smiles, ids
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

    Raises
    ------
    InputError
        If the file or a column cannot be used, or no compound with a label is left.
    """
    table = open_tables(path)
    rows = list(table.rows())
    where = table.name
    smiles_name = table.find_smiles(smiles)
    smiles_at = table.columns.index(smiles_name)
    target_names = find_target_columns(table.columns, targets, where=where)
    feature_names = _find_features(table.columns, features, [smiles_name, *target_names], where)
    id_name = find_id_column(table.columns, ids, exclude=[smiles_name, *target_names, *feature_names], where=where)
    id_at = None if id_name is None else table.columns.index(id_name)
    extra_at = {
        name: table.columns.index(find_column(table.columns, name, flag="--split-column", where=where)) for name in extra_columns
    }

    compounds, neutralize, charged = _read_molecules([row.values[smiles_at] for row in rows], max_atoms, charges)
    settings = LabelSettings(kind, directions, units, positives, relations, unit_columns, convert or {})
    read = read_labels(table.columns, rows, target_names, compounds.mols, settings, tasks, where)
    numbers, numberless = read_columns({name: _cells(table, rows, name) for name in feature_names})
    unread = dict(read.problems)
    keep, dropped = [], []
    for number, row in enumerate(rows):
        reason = row.problem or compounds.reasons.get(number) or numberless.get(number)
        if reason is None and np.isnan(read.targets.values[number]).all():
            reason = unread.get(row.line, "no label")
        if reason is None:
            keep.append(number)
        else:
            dropped.append((row.line, reason))
    if not keep:
        first = dropped[0][1] if dropped else "none"
        raise InputError("no compound with a label could be read", where=where, got=f"{len(rows)} rows, the first: {first}")
    columns = {name: [rows[n].values[at] for n in keep] for name, at in extra_at.items()}
    mols = [mol for n in keep if (mol := compounds.mols[n]) is not None]
    numbers = {name: values[keep] for name, values in numbers.items()}
    keys = list(zip(canonical_smiles(mols), *columns.values(), *(values.tolist() for values in numbers.values()), strict=True))
    targets_of_rows = read.targets.take(keep)
    if weight is not None:
        name = find_column(table.columns, weight, flag="--weight", where=where)
        targets_of_rows = replace(targets_of_rows, weights=_read_weights(table, [rows[n] for n in keep], name))
    merge = merge_replicates(keys, read.tasks, targets_of_rows, replicates)
    lines = [rows[n].line for n in keep]
    if replicates == "error" and merge.joined:
        raise _replicates_refused(merge, lines, table)
    return Dataset(
        smiles=[rows[keep[n]].values[smiles_at] for n in merge.rows],
        ids=[rows[keep[n]].values[id_at] if id_at is not None else str(rows[keep[n]].number) for n in merge.rows],
        mols=[mols[n] for n in merge.rows],
        targets=merge.targets.values,
        tasks=read.tasks,
        bounds=merge.targets.bounds,
        weights=None if weight is None else merge.targets.weights / merge.targets.weights.mean(),
        columns={name: [cells[n] for n in merge.rows] for name, cells in columns.items()},
        numbers={name: values[list(merge.rows)] for name, values in numbers.items()},
        dropped=table.located(sorted([*dropped, *((lines[n], why) for n, why in merge.dropped.items())])),
        problems=table.located(
            sorted([*read.problems, *((lines[n], f"label {name!r}: {why}") for n, name, why in merge.problems)])
        ),
        neutralize=neutralize,
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


def _find_features(columns: Sequence[str], wanted: Sequence[str], taken: Sequence[str], where: str) -> list[str]:
    """Return the names of the columns of features; what is learnt, or is the structure, is none."""
    names = list(dict.fromkeys(find_column(columns, name, flag="--feature", where=where) for name in wanted))
    for name in names:
        if name in taken:
            raise InputError(f"column {name!r} is what is learnt, or the structure", where=where, remedy="name another --feature")
    return names


def _cells(table: Table | JoinedTable, rows: Sequence[Row], name: str) -> list[str]:
    at = table.columns.index(name)
    return ["" if row.problem else row.values[at] for row in rows]


def _read_weights(table: Table | JoinedTable, rows: Sequence[Row], name: str) -> NDArray[np.float64]:
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


def _replicates_refused(merge: Merge, lines: Sequence[int], table: Table | JoinedTable) -> InputError:
    pair = table.located([(lines[n], "") for n in min(merge.joined.items())])
    second, first = (f"line {line}{file}" for line, file in pair)
    return InputError(
        f"{second} is the same compound as {first}",
        where=table.name,
        expected="every compound once",
        got=f"{merge.compounds} compounds in {merge.measurements} rows",
        remedy="use --replicates aggregate, first or keep",
    )


def _read_molecules(smiles: Sequence[str], max_atoms: int, charges: str) -> tuple[Compounds, bool, float]:
    """Return the compounds, whether their charges were settled, and the share that is drawn charged."""
    neutral = read_compounds(smiles, max_atoms=max_atoms)
    drawn = sum(notes == [NEUTRALIZED] for notes in neutral.notes.values())
    share = drawn / max(1, neutral.statuses.count("ok"))
    if charges == "neutral" or (charges == "auto" and share < DRAWN_CHARGED):
        return neutral, True, share
    return read_compounds(smiles, max_atoms=max_atoms, neutralize=False), False, share


def _repeated_ids(rows: Sequence[Row], keep: Sequence[int], id_at: int | None) -> list[str]:
    repeats = Repeats()
    if id_at is not None:
        repeats.add([rows[n].values[id_at] for n in keep])
    note = repeats.note()
    return [note] if note else []
