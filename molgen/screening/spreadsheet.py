"""Text of a library in a table that a spreadsheet opens: neutral there, and no letter lost for a program.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return as a formula, quoted or not, and
an id of a stranger's library can be one. Such a cell gets one apostrophe in front, which spreadsheets take as "this is text". A
cell that has apostrophes in front of such a character already gets one more, so that taking one away from every cell of this kind
(:func:`original`) gives exactly what the library had. Numbers stay as they are. Only CSV and TSV are written in this way: Parquet
holds what the library has.

References
----------
OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

__all__ = ["neutral", "neutral_batch", "original"]

_FORMULA = r"^'*[=+\-@\t\r]"
# A number with its sign, or a lone sign, is no formula.
_HARMLESS = r"^([+\-]?(\d+\.?\d*|\.\d+)([eE][+\-]?\d+)?|[=+\-@])$"
#: Bytes with which a text that is not neutral can begin.
_FIRST = np.frombuffer(b"=+-@\t\r'", dtype=np.uint8)
_is_formula, _is_harmless = re.compile(_FORMULA).match, re.compile(_HARMLESS.replace("$", r"\Z")).match


def neutral(text: str) -> str:
    """Return a text as a cell that no spreadsheet runs.

    Examples
    --------
    >>> neutral("=cmd()"), neutral("CHEMBL25"), neutral("-1.5")
    ("'=cmd()", 'CHEMBL25', '-1.5')
    """
    return f"'{text}" if _is_formula(text) and not _is_harmless(text) else text


def original(cell: str) -> str:
    """Return the text that :func:`neutral` made a cell of.

    Examples
    --------
    >>> original("'=cmd()"), original("5'-AMP")
    ('=cmd()', "5'-AMP")
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def neutral_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with all its texts neutral."""
    columns = [_neutral_column(column) if pa.types.is_string(column.type) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _neutral_column(column: pa.Array) -> pa.Array:
    if not _may_hold_formulas(column):  # nearly always
        return column
    return pa.array([None if text is None else neutral(text) for text in column.to_pylist()], column.type)


def _may_hold_formulas(column: pa.Array) -> bool:
    """Look at the first byte of each text, where they lie in memory: a pattern would cost ten times as much."""
    _, where, text = column.buffers()
    if text is None:
        return False
    ends = np.frombuffer(where, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    starts = ends[:-1][ends[:-1] < ends[1:]]
    return bool(np.isin(np.frombuffer(text, dtype=np.uint8)[starts], _FIRST).any())
