"""Tables out, batch by batch, under a temporary name until they are whole."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.errors import InputError
from molgen.files import check_outputs, check_target, replacing, write_failed
from molgen.screening.spreadsheet import neutral, neutral_batch

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableWriter", "check_outputs", "check_target", "replacing", "round_significant", "write_frame"]

_PACKED = {".gz": "gzip", ".zst": "zstd"}
_DIGITS = 6
_STRUCTURES = (".sdf", ".sd", ".mol", ".smi", ".smiles")


class TableWriter:
    """Writes record batches as CSV, TSV or Parquet, by the file's ending.

    Text that a spreadsheet would run is neutral in CSV and TSV: see :mod:`molgen.screening.spreadsheet`.

    Parameters
    ----------
    path
        ``.parquet`` for Parquet, ``.tsv`` for tabs, anything else for CSV; with ``.gz`` or ``.zst`` after it, text is packed.
    schema
        Of all batches to come.

    Raises
    ------
    InputError
        If the name is that of structures, or of Parquet that would be packed once more.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._replacing = replacing(path)
        self._packing = _PACKED.get(path.suffix.lower())
        self._suffix = Path(path.stem if self._packing else path.name).suffix.lower()
        if self._suffix in _STRUCTURES or (self._suffix == ".parquet" and self._packing):
            expected = ".csv, .tsv, .csv.gz, .csv.zst or .parquet"
            raise InputError("a table is not written to a file of this name", where=str(path), expected=expected)
        self._is_text = self._suffix != ".parquet" or bool(self._packing)
        self._schema = pa.schema([field.with_name(neutral(field.name)) for field in schema]) if self._is_text else schema
        self._open: list[Any] = []

    def __enter__(self) -> Self:
        temporary = self._replacing.__enter__()
        if not self._is_text:
            import pyarrow.parquet

            self._open = [pyarrow.parquet.ParquetWriter(temporary, self._schema, compression="zstd")]
        else:
            from pyarrow import csv

            options = csv.WriteOptions(delimiter="\t" if self._suffix == ".tsv" else ",")
            sink = pa.CompressedOutputStream(str(temporary), self._packing) if self._packing else pa.OSFile(str(temporary), "wb")
            self._open = [csv.CSVWriter(sink, self._schema, write_options=options), sink]
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch.

        Raises
        ------
        InputError
            If the disk is full, or refuses for another reason.
        """
        if self._is_text:
            batch = neutral_batch(pa.RecordBatch.from_arrays(batch.columns, schema=self._schema))
        try:
            self._open[0].write_batch(batch)
        except OSError as failure:
            raise write_failed(self._path, failure) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            for each in self._open:
                each.close()
        except OSError as failure:
            if error is None:
                self._replacing.__exit__(type(failure), failure, failure.__traceback__)
                raise write_failed(self._path, failure) from None
        self._replacing.__exit__(kind, error, trace)


def round_significant(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to six significant digits, so that text and binary outputs hold the same numbers."""
    out = np.asarray(values, dtype=np.float64).copy()
    usable = np.isfinite(out) & (out != 0)
    x = out[usable]
    places = np.clip(_DIGITS - 1 - np.floor(np.log10(np.abs(x))).astype(np.int64), -300, 300)
    # Powers of ten up to 22 are exact, and dividing by one rounds correctly: the result prints with six digits.
    large = 10.0 ** np.maximum(places, 0)
    small = 10.0 ** np.maximum(-places, 0)
    out[usable] = np.rint(x * large / small) / large * small
    return out


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a whole table as a screen does: six significant digits, nothing where there is no number."""
    numbers = frame.select_dtypes("number")
    rounded = frame.assign(**{name: round_significant(numbers[name].to_numpy()) for name in map(str, numbers)})
    table = pa.Table.from_pandas(rounded, preserve_index=False)
    with TableWriter(path, table.schema) as writer:
        for batch in table.to_batches():
            writer.write(batch)
