"""Filters one after the other, the cheapest first: a molecule that one rejects is not looked at by the next."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rdkit import Chem

from molgen.chem.parse import MolList
from molgen.errors import ConfigError, MolgenError
from molgen.filters.base import ColumnType, Filter

__all__ = ["Pipeline", "Sifted", "StageCount"]

_PROBE = "CC(=O)Nc1ccc(O)cc1"


class StageCount(NamedTuple):
    """What a stage did.

    Attributes
    ----------
    name
        The stage.
    rows
        Rows that came to it.
    rejected
        Rows that did not get past it.
    seconds
        CPU time.
    fixed
        The part of it that goes into any batch, however small, where that was measured.
    """

    name: str
    rows: int
    rejected: int
    seconds: float
    fixed: float = 0.0

    @property
    def microseconds(self) -> float:
        """CPU time a row."""
        return 1e6 * self.seconds / self.rows if self.rows else 0.0

    def plus(self, other: StageCount) -> StageCount:
        """Add another count of the same stage."""
        rows, rejected = self.rows + other.rows, self.rejected + other.rejected
        return StageCount(self.name, rows, rejected, self.seconds + other.seconds, self.fixed + other.fixed)


@dataclass(slots=True)
class Sifted:
    """What filters left of a batch.

    Attributes
    ----------
    rows
        Rows that passed all filters, in order.
    items
        Their molecules; without filters, whatever rows are.
    reasons
        Row -> why a filter rejected it, beginning with the filter's name.
    failures
        Row -> how a filter broke down over it.
    stages
        Counts of each filter, in the order in which they ran.
    """

    rows: list[int]
    items: Sequence[Any]
    reasons: dict[int, str] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    stages: list[StageCount] = field(default_factory=list)


class Pipeline:
    """Filters, and columns that filters fill.

    Parameters
    ----------
    filters
        In any order; they run by their declared cost.
    annotations
        Filters that reject nothing, but fill a column for the molecules that pass.

    Raises
    ------
    ConfigError
        If two annotations would fill one column.
    """

    def __init__(self, filters: Iterable[Filter] = (), annotations: Iterable[Filter] = ()) -> None:
        self.filters = sorted(dict.fromkeys(filters), key=lambda each: each.cost)
        self.annotations = list(annotations)
        columns = [each.column for each in self.annotations]
        twice = [name for name in columns if columns.count(name) > 1]
        if twice:
            raise ConfigError(f"two annotations would fill the column {twice[0]!r}", remedy="leave one of them out")

    @property
    def columns(self) -> dict[str, ColumnType]:
        """The columns of the annotations, and what each holds."""
        return {each.column: each.column_type for each in self.annotations}

    def filling(self, columns: Iterable[str]) -> Pipeline:
        """Return the same filters, with those annotations alone whose columns are wanted."""
        wanted = set(columns)
        return Pipeline(self.filters, [each for each in self.annotations if each.column in wanted])

    def warm_up(self) -> None:
        """Let filters read their tables and patterns, so that the first batch does not bear the cost."""
        probe = MolList([Chem.MolFromSmiles(_PROBE)])
        for each in self.filters:
            _check(each, probe)
        self.annotate(probe)

    def sift(self, items: Sequence[Any]) -> Sifted:
        """Let molecules through the filters; a row without a molecule does not count as one that passed."""
        rows = [row for row, item in enumerate(items) if item is not None]
        found = [items[row] for row in rows]
        if not self.filters:
            return Sifted(rows, found)
        mols = MolList(found)
        sifted = Sifted(rows, mols)
        for each in self.filters:
            start = time.process_time()
            came = len(sifted.rows)
            reasons, failures = _check(each, mols)
            sifted.reasons |= {sifted.rows[at]: f"{each.name}: {reason}" for at, reason in enumerate(reasons) if reason is not None}
            sifted.failures |= {sifted.rows[at]: f"filter {each.name} failed: {reason}" for at, reason in failures.items()}
            kept = [at for at, reason in enumerate(reasons) if reason is None and at not in failures]
            if len(kept) < came:
                mols = mols.select(kept)
                sifted.rows, sifted.items = [sifted.rows[at] for at in kept], mols
            sifted.stages.append(StageCount(each.title, came, came - len(kept), time.process_time() - start))
        return sifted

    def annotate(self, items: Sequence[Any]) -> dict[str, list[Any]]:
        """Return the columns of all annotations of molecules; a value that cannot be had is ``None``."""
        mols = items if isinstance(items, MolList) else MolList(items)
        return {each.column: _annotate(each, mols) for each in self.annotations}


def _check(each: Filter, mols: MolList) -> tuple[list[str | None], dict[int, str]]:
    """Check a batch; if a molecule breaks the filter, only its own row fails."""
    try:
        reasons = each.check(mols)
    except MolgenError:
        raise
    except Exception:  # a molecule that nobody has thought of must not end a run of millions
        reasons, failures = [], {}
        for at in range(len(mols)):
            try:
                reasons += each.check(mols.select([at]))
            except Exception as error:
                reasons.append(None)
                failures[at] = _words(error)
        return reasons, failures
    if len(reasons) != len(mols):
        raise ConfigError(f"the filter {each.name} gave {len(reasons)} answers for {len(mols)} molecules")
    return reasons, {}


def _annotate(each: Filter, mols: MolList) -> list[Any]:
    try:
        return each.annotate(mols)
    except MolgenError:
        raise
    except Exception:
        values = []
        for at in range(len(mols)):
            try:
                values += each.annotate(mols.select([at]))
            except Exception:
                values.append(None)
        return values


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
