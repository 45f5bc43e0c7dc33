"""One block of rows to one batch of output: what every worker does, in whichever process it runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.data.library import AnyBlock, Block, load_block
from molgen.data.numbers import read_columns
from molgen.errors import InputError
from molgen.experts.base import StoredValues
from molgen.featurizers import Columns
from molgen.filters.pipeline import Pipeline, Sifted, StageCount
from molgen.rows import ReadRows
from molgen.screening.duplicates import DUPLICATES, Keys, parent_keys, repeated
from molgen.screening.from_prepared import compounds_of
from molgen.screening.output import round_significant
from molgen.screening.schema import OutputSchema
from molgen.subjects import MoleculeSubject

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["MakeScorer", "ScorePlan", "ScoredBlock", "Scorer", "refuse_bad_row"]


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """What to make of each block.

    Attributes
    ----------
    schema
        Which columns to make; what only a column that is not made needs is not computed.
    extras
        The library's further columns, in the order in which blocks hold them.
    pipeline
        The filters, and the columns that filters fill.
    drop_duplicates
        Whether rows get a key by which repetitions are told.
    device
        Where networks compute: ``"cpu"``, ``"cuda"``, ``"cuda:1"``; ``"auto"`` is a GPU where there is one.
    """

    schema: OutputSchema
    extras: list[str]
    pipeline: Pipeline
    drop_duplicates: bool = False
    device: str = "cpu"

    @property
    def emptied(self) -> list[str]:
        """The columns that a row which turns out to be a repetition leaves empty."""
        values = [*self.schema.scores, *self.schema.annotations]
        return [name for name in values if name in self.schema.columns]


class ScoredBlock(NamedTuple):
    """What became of a block.

    Attributes
    ----------
    number
        The block's.
    batch
        All columns that a later stage needs, of which some may not be written.
    stages
        Rows and CPU time of each stage, in order.
    passed, keys
        The rows that passed all filters and the keys of their compounds, if repetitions are to be dropped.
    """

    number: int
    batch: pa.RecordBatch
    stages: list[StageCount]
    passed: NDArray[np.int64]
    keys: Keys


class Scorer:
    """Filters blocks, and scores what is left with a bundle.

    Parameters
    ----------
    bundle
        The predictor; ``None`` to filter only.
    plan
        What to make of each block.
    """

    def __init__(self, bundle: Bundle | None, plan: ScorePlan) -> None:
        if bundle and plan.device != "cpu":
            from molgen.device import choose_device  # filtering does without torch

            bundle.to(choose_device(plan.device))
        self.bundle = bundle
        self.plan = plan
        self._subject = bundle.subject if bundle else MoleculeSubject()
        self._fixed = 0.0
        with_domain = "domain" in plan.schema.columns
        self._wanted = (
            [each for each in bundle.featurizers(with_domain=with_domain) if not isinstance(each, Columns)] if bundle else []
        )
        if plan.pipeline.filters or plan.pipeline.annotations or plan.drop_duplicates:
            plan.pipeline.warm_up()
            self._fixed = self._price_of_any_batch()

    def __call__(self, job: AnyBlock) -> ScoredBlock:
        """Score a block; every row comes out, in order."""
        block = load_block(job, self.plan.extras)
        n, schema, pipeline = len(block.rows), self.plan.schema, self.plan.pipeline
        watch = _Stopwatch()
        compounds, stored = self._read(block)
        mols = list(compounds.items)
        numbers = self._read_numbers(block, compounds)
        watch.note("read", n, n - compounds.statuses.count("ok"))
        sifted = pipeline.sift(compounds.items)
        watch.stages += sifted.stages
        compounds.refuse("filtered", sifted.reasons)
        compounds.refuse("invalid", sifted.failures)
        watch.restart()
        canonical: dict[int, str | None] = {}
        spelled = "canonical_smiles" in schema.columns
        if self.plan.drop_duplicates or spelled:
            canonical = self._canonical(block, sifted.rows, mols, stored)
        sifted.items = self._subject.batch(sifted.items)
        passed, keys = np.array(sifted.rows, dtype=np.int64), np.zeros(0, dtype=np.uint64)
        if self.plan.drop_duplicates:
            keys = parent_keys([text or "" for text in canonical.values()])
            self._drop_repetitions(compounds, sifted, keys)
            watch.note(DUPLICATES, len(passed), len(passed) - len(sifted.rows))
        columns: dict[str, Any] = {"row": block.rows, "source": [block.source] * n, "id": block.ids}
        columns |= self._subject.named(block.texts)
        watch.restart()
        for name, values in pipeline.annotate(sifted.items).items():
            columns[name] = _spread(values, sifted.rows, n, schema.arrow.field(name).type)
        if pipeline.annotations:
            watch.note("annotate", len(sifted.rows))
        if self.bundle:
            taken = {name: values[sifted.rows] for name, values in numbers.items()}
            kept = None if stored is None else stored.take(np.array(sifted.rows, dtype=np.int64))
            columns |= self._predict(self.bundle, compounds, sifted, taken, kept, watch)
        self._subject.release(sifted.items)
        columns |= self._described(block, compounds)
        if self.bundle and spelled:  # of rows that did not pass, too
            canonical |= self._canonical(
                block, [at for at in range(n) if mols[at] is not None and at not in canonical], mols, stored
            )
        columns["canonical_smiles"] = [canonical.get(at) for at in range(n)]
        made = {name: columns[name] for name in schema.columns}
        return ScoredBlock(block.number, pa.RecordBatch.from_pydict(made, schema=schema.arrow), watch.stages, passed, keys)

    def _canonical(
        self, block: Block, rows: list[int], mols: Sequence[Mol | None], stored: StoredValues | None
    ) -> dict[int, str | None]:
        if block.prepared is None or stored is None:
            return dict(zip(rows, self._subject.keys([mols[row] for row in rows]), strict=True))
        again, known = set(stored.missing.tolist()), block.prepared.canonical
        return {row: self._subject.keys([mols[row]])[0] if row in again else known[row] for row in rows}

    def _price_of_any_batch(self) -> float:
        """Measure what a prediction costs before its first row: where filters leave few rows of a block, that is much of it."""
        if self.bundle is None:
            return 0.0
        probe = self._subject.read([self._subject.example]).items
        for _ in range(2):  # the first reads tables
            start = time.process_time()
            numbers = {name: [0.0] for name in self.bundle.columns}
            self.bundle.score(probe, numbers, with_domain="domain" in self.plan.schema.columns)
        return time.process_time() - start

    def _read(self, block: Block) -> tuple[ReadRows, StoredValues | None]:
        """Return the compounds of a block, and what is stored of them if they were prepared."""
        if block.prepared is not None:
            molecules = self.bundle.molecules if self.bundle else MoleculeSubject()
            return compounds_of(
                block.texts,
                block.prepared.without(block.problems),
                self._wanted,
                max_atoms=molecules.max_atoms,
                neutralize=molecules.neutralize,
                with_mols=bool(self.plan.pipeline.filters or self.plan.pipeline.annotations),
            )
        return self._read_texts(block), None

    def _read_texts(self, block: Block) -> ReadRows:
        texts = [self._subject.example if at in block.problems else text for at, text in enumerate(block.texts)]
        compounds = self._subject.read(texts)
        for at, problem in block.problems.items():
            compounds.statuses[at], compounds.reasons[at], compounds.items[at] = "invalid", problem, None
            compounds.notes.pop(at, None)
        return compounds

    def _read_numbers(self, block: Block, compounds: ReadRows) -> dict[str, NDArray[np.float64]]:
        """Return what the bundle reads beside the structure; a row without it cannot be scored."""
        cells = dict(zip(self.plan.extras, block.extras, strict=True))
        numbers, problems = read_columns({name: cells[name] or [] for name in (self.bundle.columns if self.bundle else [])})
        compounds.refuse("invalid", {at: why for at, why in problems.items() if compounds.items[at] is not None})
        return numbers

    def _predict(
        self,
        bundle: Bundle,
        compounds: ReadRows,
        sifted: Sifted,
        numbers: dict[str, NDArray[np.float64]],
        stored: StoredValues | None,
        watch: _Stopwatch,
    ) -> dict[str, Any]:
        scores = bundle.score(sifted.items, numbers, stored, with_domain="domain" in self.plan.schema.columns)
        compounds.refuse("invalid", {sifted.rows[at]: reason for at, reason in scores.errors.items()})
        for at, note in bundle.warnings(scores).items():
            compounds.notes.setdefault(sifted.rows[at], []).append(note)
        watch.note("predict", len(sifted.rows), len(scores.errors), self._fixed)
        named = bundle.named_columns(scores)
        kinds = {name: pa.string() if name in self.plan.schema.words else pa.float64() for name in named}
        return {name: _spread(values, sifted.rows, len(compounds.items), kinds[name]) for name, values in named.items()}

    def _drop_repetitions(self, compounds: ReadRows, sifted: Sifted, keys: Keys) -> None:
        """Take out what is a repetition within the block already; which row was the first is found out later."""
        again = repeated(keys)
        if again.any():
            compounds.refuse("filtered", dict.fromkeys(np.array(sifted.rows)[again].tolist(), DUPLICATES))
            kept = np.flatnonzero(~again).tolist()
            sifted.rows, sifted.items = [sifted.rows[at] for at in kept], self._subject.select(sifted.items, kept)

    def _described(self, block: Block, compounds: ReadRows) -> dict[str, Any]:
        n = len(block.rows)
        columns: dict[str, Any] = {
            "status": compounds.statuses,
            "reason": [compounds.reasons.get(at) for at in range(n)],
            "notes": ["; ".join(compounds.notes[at]) if at in compounds.notes else None for at in range(n)],
        }
        for name, values in zip(self.plan.extras, block.extras, strict=True):
            if name in self.plan.schema.extras:
                columns[self.plan.schema.extras[name]] = [None] * n if values is None else values
        return columns


@dataclass(frozen=True, slots=True)
class MakeScorer:
    """Makes a :class:`Scorer`, in whichever process this is sent to.

    Attributes
    ----------
    bundle
        The file that it loads the predictor from, or the bytes of one; ``None`` to filter only.
    plan
        What to make of each block.
    """

    bundle: str | bytes | None
    plan: ScorePlan

    def __call__(self) -> Scorer:
        """Load the predictor."""
        if self.bundle is None:  # a process that only filters does without torch
            return Scorer(None, self.plan)
        from molgen.bundle import Bundle

        if isinstance(self.bundle, str):
            return Scorer(Bundle.load(self.bundle), self.plan)
        with tempfile.NamedTemporaryFile(suffix=".molgen") as file:
            file.write(self.bundle)
            file.flush()
            return Scorer(Bundle.load(file.name), self.plan)


class _Stopwatch:
    """Takes the CPU time of stages, one after the other."""

    def __init__(self) -> None:
        self.stages: list[StageCount] = []
        self.restart()

    def restart(self) -> None:
        self._start = time.process_time()

    def note(self, name: str, rows: int, rejected: int = 0, fixed: float = 0.0) -> None:
        """Count a stage that began where the one before it ended."""
        self.stages.append(StageCount(name, rows, rejected, time.process_time() - self._start, fixed))
        self.restart()


def refuse_bad_row(batch: pa.RecordBatch) -> None:
    """Stop at a row that cannot be scored.

    Raises
    ------
    InputError
        If there is one in the batch that neither passed nor was filtered.
    """
    statuses = batch.column("status").to_pylist()
    bad = next((at for at, status in enumerate(statuses) if status not in ("ok", "filtered")), None)
    if bad is not None:
        row = batch.slice(bad, 1).to_pylist()[0]
        raise InputError(
            f"{row['status']}: {row['reason']}",
            where=f"{row['source']}, row {row['row']}",
            remedy="leave out --strict to go on past such rows",
        )


def _spread(values: Sequence[Any] | NDArray[Any], rows: list[int], n: int, kind: pa.DataType) -> pa.Array:
    """Put the values of some rows into a column of ``n``; the others, and numbers that are none, are empty."""
    if pa.types.is_floating(kind):
        full = np.full(n, np.nan)
        full[rows] = np.array([np.nan if each is None else each for each in values], dtype=np.float64)
        rounded = round_significant(full)
        return pa.array(rounded, mask=~np.isfinite(rounded))
    of_row = dict(zip(rows, values, strict=True))
    return pa.array([of_row.get(at) for at in range(n)], kind)
