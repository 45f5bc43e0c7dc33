"""Profiles of samples from tables of numbers, and rows that name samples joined to them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.bio.profiles import Profile
from molgen.data.columns import find_column
from molgen.data.derived import Derived
from molgen.data.formats.delimited import DelimitedTable
from molgen.data.numbers import MISSING
from molgen.data.paths import named_file
from molgen.data.tables import AnyTable, Row, open_table
from molgen.errors import InputError

__all__ = ["PROFILE", "ProfiledTable", "Profiles", "read_profiles"]

#: The column that holds the profiles of rows.
PROFILE = "profile"


class Profiles(NamedTuple):
    """What was measured of samples.

    Attributes
    ----------
    samples
        One a sample, all with the same names.
    sha256
        Of the files.
    notes
        What was unusual about them.
    """

    samples: list[Profile]
    sha256: str
    notes: list[str]

    @property
    def names(self) -> tuple[str, ...]:
        """What was measured."""
        return self.samples[0].names


class _Part(NamedTuple):
    """One table: what its columns are called, and the numbers of each sample."""

    names: list[str]
    rows: dict[str, NDArray[np.float32]]


def read_profiles(tables: Sequence[str | Path]) -> Profiles:
    """Read tables of numbers, a row a sample and a column a measurement, and put them side by side.

    Parameters
    ----------
    tables
        CSV, TSV or Parquet files. ``NAME=FILE`` says what the numbers of a file are: its column ``TP53`` is then called
        ``NAME:TP53``. The first column names the samples; all others hold numbers, or nothing.

    Raises
    ------
    InputError
        If a file cannot be read, something is no number, two samples of a file have one name or two columns do.
    """
    parts: list[_Part] = []
    digests, notes = [], []
    for each in tables:
        name, path = named_file(each)
        table = _open(path)
        parts.append(_read_part(table, f"{name}:" if name else ""))
        digests.append(table.fingerprint()["sha256"])
        notes += [f"{table.name}: {note}" for note in table.notes]
    names = [name for part in parts for name in part.names]
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        remedy = "say what the numbers of each file are, --profiles NAME=FILE"
        raise InputError(f"two columns are called {twice!r}", where=", ".join(map(str, tables))[:200], remedy=remedy)
    shared = tuple(names)
    samples = list(dict.fromkeys(sample for part in parts for sample in part.rows))
    if not samples or not shared:
        raise InputError("no samples with numbers", where=", ".join(map(str, tables))[:200])
    absent = [np.full(len(part.names), np.nan, np.float32) for part in parts]
    values = {
        sample: np.concatenate([part.rows.get(sample, blank) for part, blank in zip(parts, absent, strict=True)])
        for sample in samples
    }
    made = [Profile(sample, shared, numbers) for sample, numbers in values.items()]
    return Profiles(made, hashlib.sha256("".join(digests).encode()).hexdigest(), notes)


def _open(path: Path) -> AnyTable:
    """Open a table whose first line names the columns, be the names numbers, as those of genes in Entrez are."""
    table = open_table(path)
    return open_table(path, header=True) if isinstance(table, DelimitedTable) else table


def _read_part(table: AnyTable, prefix: str) -> _Part:
    names = [name.strip() for name in table.columns[1:]]
    rows: dict[str, NDArray[np.float32]] = {}
    for row in table.rows():
        ((line, file),) = table.located([(row.line, "")])
        where = f"{table.name}, line {line}{file}"
        if row.problem:
            raise InputError(row.problem, where=where, remedy="mend or remove the line")
        sample = row.values[0].strip()
        if not sample:
            raise InputError("a sample without a name", where=where, remedy="name it in the first column")
        if sample in rows:
            raise InputError(f"two samples are called {sample!r}", where=where, remedy="give each a name of its own")
        rows[sample] = _numbers(row.values[1:], names, where)
    return _Part([f"{prefix}{name}" for name in names], rows)


def _numbers(cells: Sequence[str], names: Sequence[str], where: str) -> NDArray[np.float32]:
    """Return the numbers of a row, NaN for an empty cell."""
    try:
        return np.array(cells, dtype=np.float64).astype(np.float32)
    except ValueError:
        values = np.full(len(cells), np.nan, np.float32)
    for at, cell in enumerate(cells):
        if cell.strip().casefold() in MISSING:
            continue
        try:
            values[at] = float(cell)
        except ValueError:
            got, remedy = repr(cell[:40]), "leave out columns that are no measurements"
            raise InputError(f"no number in column {names[at]!r}", where=where, got=got, remedy=remedy) from None
    return values


class ProfiledTable(Derived):
    """A table with the profile of the sample that each row names; a row of an unknown sample has but the name."""

    def __init__(self, table: AnyTable, sample: str, profiles: Profiles) -> None:
        super().__init__(table, [*table.columns, PROFILE])
        if PROFILE in table.columns:
            raise InputError(f"there is a column {PROFILE!r} already", where=table.name, remedy="rename it")
        self._at = table.columns.index(find_column(table.columns, sample, flag="--sample", where=table.name))
        self._profiles = profiles

    @property
    def notes(self) -> list[str]:
        """What was unusual about the files."""
        return [*self.table.notes, *self._profiles.notes]

    def rows(self) -> Iterator[Row]:
        """Iterate over all rows; a profile is the same object in each row that has it."""
        known = {str(profile): profile for profile in self._profiles.samples}
        for row in self.table.rows():
            name = row.values[self._at].strip()
            yield row._replace(values=[*row.values, known.get(name, name)])

    def fingerprint(self) -> dict[str, str]:
        """Return that of the table, with what the profiles add to the digest."""
        own = self.table.fingerprint()
        digest = hashlib.sha256((own["sha256"] + self._profiles.sha256).encode()).hexdigest()
        return {**own, "sha256": digest}
