"""Where a model of tracks expects counts: letter by letter, of sequences or of stretches of a genome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from molgen.bio.genome import Genome
from molgen.bio.intervals import window
from molgen.bundle import Bundle
from molgen.data.counts import strand_names, swapped_strands
from molgen.data.intervals import IntervalTable
from molgen.data.joined import join_tables, open_tables
from molgen.data.paths import expand_paths
from molgen.data.tables import AnyTable, Row
from molgen.datasets import find_bundle
from molgen.effects.bed_graph import Coverage, write_bed_graph
from molgen.errors import ConfigError, InputError
from molgen.screening.output import TableWriter, check_outputs
from molgen.subjects import SequenceSubject

__all__ = ["TrackResult", "predict_tracks"]

_ROWS = 256


@dataclass(slots=True)
class TrackResult:
    """What came of predicting tracks.

    Attributes
    ----------
    output
        The table that was written.
    tracks
        Track -> its strands.
    length
        Letters of a row.
    rows, statuses, reasons
        How many rows there were, of which status, and why some have no prediction.
    bed_graphs
        The bedGraph files that were written.
    """

    output: Path
    tracks: dict[str, int]
    length: int
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    bed_graphs: list[Path] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "output": str(self.output),
            "tracks": self.tracks,
            "length": self.length,
            "rows": self.rows,
            "statuses": dict(self.statuses),
            "reasons": dict(self.reasons.most_common(100)),
            "bed_graphs": [str(path) for path in self.bed_graphs],
        }


class _Place(NamedTuple):
    """The stretch of a genome that a row is of."""

    contig: str
    start: int
    stop: int
    strand: str


def predict_tracks(
    data: str | Path | Sequence[str | Path],
    model: str | Path | Bundle,
    output: str | Path,
    *,
    genome: str | Path | None = None,
    bed_graph: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> TrackResult:
    """Predict how many counts each letter has.

    Parameters
    ----------
    data
        BED files with ``genome``, whose windows are as long as those that the model was trained on; or FASTA files, or tables, of
        sequences of that length.
    model
        A bundle of tracks (``molgen.train(..., tracks=["ctcf=plus.bw,minus.bw"])``), or its file.
    output
        Parquet file to write, a row for each row of the data: ``row, id, contig, start, stop`` (of the window), ``strand, status,
        reason``, then for each track the expected number of counts, and ``<track>_places``, that of each letter; of a track with
        two strands ``<track>_plus_places`` and ``<track>_minus_places``. Letters are in the order of the genome, whatever the
        strand of the interval, and plus is the genome's.
    genome
        FASTA or 2bit file.
    bed_graph
        A folder for a bedGraph file of each strand of each track, for genome browsers: where windows overlap, their mean.
    overwrite
        Replace files that exist.
    progress
        Told how many rows are done.

    Raises
    ------
    ConfigError
        If the model predicts no tracks, or a bedGraph is asked for without a genome.
    InputError
        If a file cannot be used.

    Examples
    --------
    >>> molgen.predict_tracks("peaks.bed", "ctcf.molgen", "expected.parquet", genome="hg38.fa")  # doctest: +SKIP
    """
    bundle = model if isinstance(model, Bundle) else Bundle.load(find_bundle(model))
    if not isinstance(bundle.subject, SequenceSubject) or not bundle.tracks or bundle.subject.length is None:
        raise ConfigError("the model predicts no tracks", remedy="train one with --track NAME=FILE")
    if bed_graph is not None and genome is None:
        raise ConfigError("a bedGraph is of a genome", where="--bedgraph", remedy="give --genome, and BED files")
    folder = None if bed_graph is None else Path(bed_graph)
    graphs = [] if folder is None else [folder / f"{name}.bedgraph" for name in strand_names(bundle.tracks)]
    if folder is not None:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError("the folder cannot be made", where=str(folder), got=error.strerror) from None
    paths = expand_paths(data)
    read = [*paths, *([genome] if genome is not None else []), *([model] if isinstance(model, str | Path) else [])]
    target, *_ = check_outputs([output, *graphs], read, overwrite=overwrite)
    if target.suffix.lower() != ".parquet":
        raise ConfigError(
            "letters have lists of counts, which only Parquet holds", where=str(output), expected="a name in .parquet"
        )
    result = TrackResult(target, bundle.tracks, bundle.subject.length, bed_graphs=graphs)
    opened = None if genome is None else Genome(genome)
    table = open_tables(paths) if opened is None else join_tables([IntervalTable(each, opened, result.length) for each in paths])
    coverage = Coverage() if graphs else None
    with TableWriter(target, _schema(bundle)) as writer:
        for rows in _batches(table.rows()):
            writer.write(_predicted(bundle, table, rows, result, coverage, placed=opened is not None))
            if progress:
                progress(result.rows, 0.0)
    if coverage is not None:
        for at, path in enumerate(graphs):
            write_bed_graph(path, coverage.stretches(at))
    return result


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    coming = iter(rows)
    while batch := list(islice(coming, _ROWS)):
        yield batch


def _schema(bundle: Bundle) -> pa.Schema:
    words = {"id": pa.string(), "contig": pa.string(), "start": pa.int64(), "stop": pa.int64()}
    words |= dict.fromkeys(("strand", "status", "reason"), pa.string())
    numbers = {name: pa.float64() for name in bundle.tracks}
    places = {f"{name}_places": pa.list_(pa.float32()) for name in strand_names(bundle.tracks)}
    return pa.schema({"row": pa.int64(), **words, **numbers, **places})


def _predicted(
    bundle: Bundle, table: AnyTable, rows: Sequence[Row], result: TrackResult, coverage: Coverage | None, *, placed: bool
) -> pa.RecordBatch:
    """Return what is predicted of some rows, which have a place in a genome or not, and take note of it."""
    at = table.columns.index(table.find_sequence())
    read = bundle.read(["" if row.problem else row.values[at] for row in rows])
    read.refuse("invalid", {n: row.problem for n, row in enumerate(rows) if row.problem})
    lengths = {n: len(item) for n, item in enumerate(read.items) if item is not None}
    words = {n: f"another length: {length:,} letters, the model reads {result.length:,}" for n, length in lengths.items()}
    read.refuse("invalid", {n: why for n, why in words.items() if lengths[n] != result.length})
    good = [n for n, item in enumerate(read.items) if item is not None]
    places = [_place(table, row, result.length) if placed and not row.problem else None for row in rows]
    expected = bundle.expected_counts([read.items[n] for n in good])
    for number, n in enumerate(good):
        place = places[n]
        if place is not None and place.strand == "-":
            expected.values[number] = expected.values[number][swapped_strands(bundle.tracks), ::-1]
        if place is not None and coverage is not None:
            coverage.add(place.contig, place.start, expected.values[number])
    result.rows += len(rows)
    result.statuses.update(read.statuses)
    result.reasons.update(reason.partition(":")[0] for reason in read.reasons.values())
    columns: dict[str, Any] = {
        "row": [row.number for row in rows],
        "id": [row.values[table.columns.index("id")] if "id" in table.columns and row.values else None for row in rows],
        **{name: [place and getattr(place, name) for place in places] for name in _Place._fields},
        "status": read.statuses,
        "reason": [read.reasons.get(n) for n in range(len(rows))],
    }
    for name, counts in expected.of_tracks().items():
        columns[name] = _at(good, counts.sum(axis=(1, 2), dtype=np.float64).tolist(), len(rows))
    for strand, name in enumerate(strand_names(bundle.tracks)):
        columns[f"{name}_places"] = _at(good, list(expected.values[:, strand]), len(rows))
    return pa.RecordBatch.from_pydict(columns, schema=_schema(bundle))


def _place(table: AnyTable, row: Row, length: int) -> _Place:
    """Return the window of an interval."""
    contig, start, stop, strand = (row.values[table.columns.index(name)] for name in ("contig", "start", "stop", "strand"))
    return _Place(contig, *window(int(start), int(stop), length), strand or ".")


def _at(rows: Sequence[int], values: Sequence[Any], n: int) -> list[Any]:
    """Return values at their rows, and nothing at the others."""
    found: list[Any] = [None] * n
    for row, value in zip(rows, values, strict=True):
        found[row] = value
    return found
