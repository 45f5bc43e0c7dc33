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
from numpy.typing import NDArray

from molgen.bio.genome import Genome
from molgen.bio.intervals import window
from molgen.bundle import Bundle
from molgen.data.columns import find_id_column
from molgen.data.counts import place_names, strand_names, swapped_strands
from molgen.data.intervals import IntervalTable
from molgen.data.joined import join_tables
from molgen.data.paths import expand_paths
from molgen.data.tables import AnyTable, Row, Table, open_table
from molgen.datasets import find_bundle
from molgen.effects.bed_graph import Coverage, write_bed_graph
from molgen.errors import ConfigError, InputError
from molgen.rows import ReadRows
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

    def take_note(self, read: ReadRows) -> None:
        """Count some more rows."""
        self.rows += len(read.statuses)
        self.statuses.update(read.statuses)
        self.reasons.update(reason.partition(":")[0] for reason in read.reasons.values())

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
        Told how many rows are done, and which share of the files.

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
    if Path(output).suffix.lower() != ".parquet":
        raise ConfigError("lists of counts need Parquet", where=str(output), expected="a name in .parquet")
    folder = None if bed_graph is None else Path(bed_graph)
    graphs = [] if folder is None else [folder / f"{name}.bedgraph" for name in strand_names(bundle.tracks)]
    paths = expand_paths(data)
    read = [*paths, *([genome] if genome is not None else []), *([model] if isinstance(model, str | Path) else [])]
    (target,) = check_outputs([output], read, overwrite=overwrite)
    if folder is not None:
        _make_folder(folder)
        check_outputs(graphs, [*read, target], overwrite=overwrite)
    result = TrackResult(target, bundle.tracks, bundle.subject.length, bed_graphs=graphs)
    tables = _open(paths, genome, result.length)
    table = join_tables(tables)
    coverage = Coverage()
    with TableWriter(target, _schema(bundle)) as writer:
        for rows in _batches(table.rows()):
            places = [_place(table, row, result.length) if genome is not None else None for row in rows]
            read_rows, expected = _predict(bundle, table, rows, places, result.length)
            result.take_note(read_rows)
            writer.write(_as_batch(bundle, table, rows, places, read_rows, expected))
            for place, counts in zip(places, expected, strict=True):
                if graphs and place is not None and counts is not None:
                    coverage.add(place.contig, place.start, counts)
            if progress:
                progress(result.rows, sum(each.share_read() for each in tables) / len(tables))
    for at, path in enumerate(graphs):
        write_bed_graph(path, coverage.stretches(at))
    return result


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError("the folder cannot be made", where=str(folder), got=error.strerror) from None


def _open(paths: Sequence[Path], genome: str | Path | None, length: int) -> list[Table]:
    """Open the windows of intervals, or tables and files of sequences."""
    if genome is not None:
        opened = Genome(genome)
        return [IntervalTable(path, opened, length) for path in paths]
    tables = [open_table(path) for path in paths]
    try:
        join_tables(tables).find_sequence()
    except InputError as error:
        raise InputError(error.what, where=error.where, got=error.got, remedy="give --genome with BED files") from None
    return tables


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    coming = iter(rows)
    while batch := list(islice(coming, _ROWS)):
        yield batch


def _schema(bundle: Bundle) -> pa.Schema:
    words = {"id": pa.string(), "contig": pa.string(), "start": pa.int64(), "stop": pa.int64()}
    words |= dict.fromkeys(("strand", "status", "reason"), pa.string())
    numbers = {name: pa.float64() for name in bundle.tracks}
    places = {name: pa.list_(pa.float32()) for name in place_names(bundle.tracks)}
    return pa.schema({"row": pa.int64(), **words, **numbers, **places})


def _predict(
    bundle: Bundle, table: AnyTable, rows: Sequence[Row], places: Sequence[_Place | None], length: int
) -> tuple[ReadRows, list[NDArray[np.float32] | None]]:
    """Return how rows were read, and the counts of each that is good, ``[strands, length]``, in the order of its genome."""
    at = table.columns.index(table.find_sequence())
    read = bundle.read(["" if row.problem else row.values[at] for row in rows])
    read.refuse("invalid", {n: row.problem for n, row in enumerate(rows) if row.problem})
    lengths = {n: len(item) for n, item in enumerate(read.items) if item is not None}
    words = {n: f"another length: {own:,} letters, the model reads {length:,}" for n, own in lengths.items()}
    read.refuse("invalid", {n: why for n, why in words.items() if lengths[n] != length})
    good = [n for n, item in enumerate(read.items) if item is not None]
    counts: list[NDArray[np.float32] | None] = [None] * len(rows)
    for n, own in zip(good, bundle.expected_counts([read.items[n] for n in good]).values, strict=True):
        place = places[n]
        backward = place is not None and place.strand == "-"
        counts[n] = own[swapped_strands(bundle.tracks), ::-1] if backward else own
    return read, counts


def _as_batch(
    bundle: Bundle,
    table: AnyTable,
    rows: Sequence[Row],
    places: Sequence[_Place | None],
    read: ReadRows,
    expected: Sequence[NDArray[np.float32] | None],
) -> pa.RecordBatch:
    name = find_id_column(table.columns, where=table.name)
    at = None if name is None else table.columns.index(name)
    columns: dict[str, Any] = {
        "row": [row.number for row in rows],
        "id": [row.values[at] if at is not None and row.values else None for row in rows],
        **{name: [place and getattr(place, name) for place in places] for name in _Place._fields},
        "status": read.statuses,
        "reason": [read.reasons.get(n) for n in range(len(rows))],
    }
    start = 0
    for track, n in bundle.tracks.items():
        strands = slice(start, start + n)
        start += n
        columns[track] = [None if counts is None else float(counts[strands].sum(dtype=np.float64)) for counts in expected]
    for strand, name in enumerate(place_names(bundle.tracks)):
        columns[name] = [None if counts is None else counts[strand] for counts in expected]
    return pa.RecordBatch.from_pydict(columns, schema=_schema(bundle))


def _place(table: AnyTable, row: Row, length: int) -> _Place | None:
    """Return the window of an interval; ``None`` for a line that names none."""
    contig, start, stop, strand = (row.values[table.columns.index(name)] for name in ("contig", "start", "stop", "strand"))
    return _Place(contig, *window(int(start), int(stop), length), strand or ".") if int(stop) > int(start) else None
