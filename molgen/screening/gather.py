"""Parts that are done, in order, into the table of scores, the hits and the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from molgen.data.pairing import NAMED_BY
from molgen.data.tasks import Task
from molgen.screening.cascade import Cascade
from molgen.screening.duplicates import without_duplicates
from molgen.screening.hits import write_hits
from molgen.screening.manifest import Manifest
from molgen.screening.objective import DESIRABILITY, Objective
from molgen.screening.output import TableWriter
from molgen.screening.parts import read_part
from molgen.screening.ranking import TopHits
from molgen.screening.score import ScoredBlock, refuse_bad_row
from molgen.screening.summary import Summary
from molgen.subjects import AnyPairSubject

if TYPE_CHECKING:
    from molgen.bundle import Bundle

__all__ = ["REPORT_HITS", "Outputs", "Results"]

#: Structures that a report draws at most.
REPORT_HITS = 100


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a user asked for.

    Attributes
    ----------
    table
        The table of scores; ``None`` to count only.
    hits, report
        Further files, if wanted.
    top
        Number of hits.
    task
        What ranks them; needed if they, or a report, are wanted.
    strict
        Whether a row that could not be scored stops everything.
    objective
        Fills a column of the desirability of each row, of which the ranking may be.
    cascade
        Scores the best rows by another model, which then ranks them.
    """

    table: Path | None = None
    hits: Path | None = None
    report: Path | None = None
    top: int = REPORT_HITS
    task: Task | None = None
    strict: bool = False
    objective: Objective | None = None
    cascade: Cascade | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What the parts of a screen hold, whoever scored them.

    Attributes
    ----------
    parts
        Their files, in order.
    columns
        What is written, in order.
    schema
        Of all columns that the parts have.
    emptied
        Columns that a repetition of an earlier row leaves empty; ``None`` if repetitions are kept.
    """

    parts: Sequence[Path]
    columns: list[str]
    schema: pa.Schema
    emptied: list[str] | None

    @classmethod
    def described(cls, manifest: Manifest, parts: Sequence[Path]) -> Self:
        """Return the results in parts of which a manifest tells."""
        screen = manifest.run["screen"]
        return cls(parts, screen["columns"], manifest.schema, screen["emptied"] if screen["drop_duplicates"] else None)

    def blocks(self) -> Iterator[ScoredBlock]:
        """Iterate over all blocks, in order, with repetitions marked where that was asked for."""
        blocks = (block for part in self.parts for block in read_part(part))
        return blocks if self.emptied is None else without_duplicates(blocks, self.emptied)

    def write(
        self, outputs: Outputs, bundle: Bundle | None = None, libraries: Sequence[str] = (), annotations: Sequence[str] = ()
    ) -> tuple[Summary, pa.Table | None]:
        """Read all parts once: write the table, count and rank; then write the hits and the report.

        Parameters
        ----------
        outputs
            What to write.
        bundle
            What scored the rows; needed for hits and a report.
        libraries, annotations
            The files that were screened, and the columns that filters filled, for the report.

        Returns
        -------
        Summary
            Counts over all rows.
        pyarrow.Table or None
            The hits, best first, if there is a task that ranks them.

        Raises
        ------
        InputError
            If a part is damaged, the disk is full, or a row could not be scored where none may be.
        """
        summary, task, objective, cascade = Summary(), outputs.task, outputs.objective, outputs.cascade
        schema, columns = self.schema, self.columns
        if objective:
            schema, columns = schema.append(pa.field(DESIRABILITY.name, pa.float64())), [*columns, DESIRABILITY.name]
        if cascade and task:
            cascade.choose((self._filled(block, objective, None) for block in self.blocks()), task, schema)
            schema = pa.schema([*schema, *cascade.fields])
            columns = [*columns, *(field.name for field in cascade.fields)]
            task, summary.recall = cascade.task, cascade.recall
        best = TopHits(task, outputs.top if outputs.hits else min(outputs.top, REPORT_HITS), schema) if task else None
        with ExitStack() as stack:
            writer = None
            if outputs.table is not None:
                written = pa.schema([schema.field(name) for name in columns])
                writer = stack.enter_context(TableWriter(outputs.table, written))
            for block in self.blocks():
                if outputs.strict:
                    refuse_bad_row(block.batch)
                batch = self._filled(block, objective, cascade)
                summary.add(batch, block.stages)
                if best:
                    best.add(batch)
                if writer:
                    writer.write(batch.select(columns))
        found = best.table() if best else None
        if found is not None and objective:
            found = objective.fill_hits(found)
            columns = [*columns, found.column_names[-1]]
        if found is not None and task is not None and bundle is not None:
            if outputs.hits:
                read, partner = bundle.read, None
                if isinstance(bundle.subject, AnyPairSubject):
                    read, partner = bundle.subject.molecules.read, NAMED_BY[bundle.subject.partners.column]
                write_hits(outputs.hits, found, ["rank", *columns], read, partner)
            if outputs.report:
                from molgen.screening.report import write_report

                top = found.slice(0, REPORT_HITS)
                write_report(outputs.report, bundle, summary, top, task, libraries, annotations=annotations)
        return summary, found

    @staticmethod
    def _filled(block: ScoredBlock, objective: Objective | None, cascade: Cascade | None) -> pa.RecordBatch:
        """Return the rows of a block with the columns that follow from those in the parts."""
        batch = objective.fill(block.batch) if objective else block.batch
        return cascade.fill(batch) if cascade else batch
