"""Leaks, conflicts and scores without chemistry in tables of compounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from molgen.curation.tables import check_text, first_reason, molecules, several, split_rows, write_table
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
from molgen.data.compounds import CompoundTable, read_compound_table, read_targets
from molgen.data.paths import expand_paths
from molgen.data.splits import make_split
from molgen.errors import ConfigError, InputError
from molgen.screening.output import check_outputs
from molgen.training.metrics import evaluate

__all__ = ["audit"]

Parts = dict[str, NDArray[np.int64]]


def audit(
    train: str | Path,
    tests: str | Path | Sequence[str | Path] = (),
    *,
    split: str | None = None,
    split_column: str | None = None,
    split_options: Mapping[str, Any] | None = None,
    seed: int = 0,
    targets: str | Sequence[str] = (),
    kind: Literal["auto", "regression", "binary"] = "auto",
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
        Table of training compounds; or of all, with a split. A CSV, TSV, SMI, SD or Parquet file, plain or packed; ``-`` is
        standard input.
    tests
        Tables of test compounds. Each file is one: those of a pattern are so in alphabetical order, the first in place of the
        pattern.
    split, split_column, split_options, seed
        How one table is divided; a column alone means that it holds the parts. See :mod:`molgen.data.splits`.
    targets, kind
        Label columns, for conflicts and for the scores of predictors that know no chemistry. Limits such as ``>10`` are left out of
        both, but for measures that are made for them.
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
    train, *others = expand_paths([train, *([tests] if isinstance(tests, str | Path) else tests)])
    if others and (split or split_column):
        raise ConfigError("test tables and a split do not go together", remedy="give one table and a split, or several tables")
    if endpoint is not None and exclude_keys is None:
        raise ConfigError("an endpoint without keys", remedy="name their file with --exclude-keys")
    check_outputs([output], [train, *others, exclude_keys], overwrite=overwrite)
    check_text(output)
    held_out = None if exclude_keys is None else read_held_out(exclude_keys, endpoint)
    tables = [read_compound_table(path, smiles=smiles) for path in (train, *others)]
    tasks, labels = read_targets(tables, several(targets), kind)
    profile = profile_tables(tables, with_keys=held_out is not None, with_mols=split is not None)
    if not len(profile.present()):
        raise InputError("no molecule could be read", where=tables[0].name, got=first_reason(molecules(tables[0])[1]))
    if others:
        parts = _parts_of_files(tables, profile)
    else:
        parts = _parts_of_split(tables[0], profile, labels.values, split, split_column, dict(split_options or {}), seed)
    report = AuditReport(
        files=[table.name for table in tables],
        rows=len(profile),
        unreadable=len(profile) - len(profile.present()),
        parts={name: len(rows) for name, rows in parts.items()},
        repeats=_repeats(profile),
        overlaps=find_overlaps(profile, parts),
        conflicts=find_conflicts(profile, tasks, labels.measured()),
        where=[(table.name, row.line) for table in tables for row in table.rows],
    )
    compared = {name: rows for name, rows in parts.items() if name != "train"} if "train" in parts else {}
    for name, rows in compared.items():
        near = nearness(profile.fingerprints[rows], profile.fingerprints[parts["train"]])
        if near is not None:
            report.nearness[name] = near
    if compared and tasks:
        rivals = predict_without_chemistry(profile, labels.measured(), parts["train"])
        report.baselines = {
            name: {rival: evaluate(tasks, values[rows], labels.take(rows)) for rival, values in rivals.items()}
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
        write_table(Path(output), tables[0].columns, kept)
    return report


def _parts_of_files(tables: Sequence[CompoundTable], profile: Profile) -> Parts:
    """One file, one part: ``train``, then ``test`` or the names of the files."""
    names = [Path(table.name).name for table in tables[1:]]
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
    rows = split_rows(table, mols, used.tolist(), labels, split_column)
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
