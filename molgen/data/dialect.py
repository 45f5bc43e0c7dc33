"""How a table is written: what parts its fields, whether the first line names the columns, and what they are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Literal

from molgen.data.columns import is_known, looks_like_smiles, smiles_share
from molgen.data.records import read_batches
from molgen.errors import InputError
from molgen.streams.text import Block

__all__ = [
    "Format",
    "fit_header",
    "has_header",
    "invent_names",
    "is_blank",
    "name_columns",
    "read_delimiter",
    "refuse_other_formats",
    "sample_records",
    "smiles_position",
    "sniff",
]

Format = Literal["csv", "tsv", "smi"]

#: What can part fields, likeliest first; a blank stands for any run of white space.
DELIMITERS = ("\t", ",", ";", "|", " ")
#: Endings of files that hold SMILES and names without a header.
SMI_SUFFIXES = frozenset({".smi", ".smiles", ".ism", ".can", ".cxsmiles"})
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "whitespace": " "}
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*").fullmatch
_DIGITS = re.compile(r"\d+")


def read_delimiter(delimiter: str) -> str:
    """Return the delimiter that a user asked for, as a character or in words (``tab``, ``comma``, ``space`` ...).

    Raises
    ------
    InputError
        It is none that a table can have.
    """
    character = _WORDS.get(delimiter.strip().lower(), delimiter) if delimiter.strip() else delimiter
    if len(character) != 1 or character in '"\r\n' or character.isalnum():
        known = ", ".join(word for word in _WORDS if word.isalpha())
        raise InputError("not a delimiter", got=repr(delimiter), expected=f"one character, or one of {known}")
    return character


def refuse_other_formats(lines: Sequence[str], where: str) -> None:
    """Raise InputError for text that is no table: a downloaded web page, JSON, an LFS pointer."""
    first = next((line.strip().lower() for line in lines if line.strip()), "")
    kind = None
    if first.startswith(("<!doctype", "<html", "<?xml")):
        kind = "a web page or XML"
    elif first.startswith(("{", "[{")):
        kind = "JSON"
    elif first.startswith("version https://git-lfs"):
        kind = "a Git LFS pointer instead of the file itself"
    elif first.startswith("@<tripos>"):
        kind = "a MOL2 file"
    elif first.startswith(("$rxn", "$rdfile")):
        kind = "a file of reactions"
    if kind:
        raise InputError("not a table", where=where, expected="CSV, TSV, SMI, SDF or Parquet", got=kind, remedy="convert it to CSV")


def sample_records(block: Block, delimiter: str, limit: int) -> list[tuple[int, list[str]]]:
    """Return the first records of a block, each with the number of the line that it starts on."""
    pieces = (block.part(start, start + 50) for start in range(0, len(block.lines), 50))
    records: list[tuple[int, list[str]]] = []
    for batch in read_batches(pieces, delimiter):
        records += zip(batch.numbers, batch.fields, strict=True)
        if len(records) >= limit:
            break
    return records[:limit]


def is_blank(fields: Sequence[str]) -> bool:
    """Tell whether a record holds nothing."""
    return not any(map(str.strip, fields))


def sniff(block: Block, suffix: str, limit: int) -> str:
    """Guess the delimiter from the first lines of a file.

    A delimiter is as good as the share of records that it parts into equally many fields, better if that brings out a
    column of SMILES (which hold no white space, comma or semicolon), and better still if the first record then has a
    known name.
    """
    lines = list(islice((line for line in block.lines if line.strip()), limit))
    best, best_score = "", _score_single(lines)
    for delimiter in DELIMITERS:
        rows = [fields for _, fields in sample_records(block, delimiter, limit) if not is_blank(fields)]
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        smiles = max(_smiles_shares(rows[1:] or rows), default=0.0)
        known = any(map(is_known, rows[0]))
        if delimiter == " " and smiles < 0.5 and not (known and count == len(rows)):
            continue  # words in a text are no fields
        if width < 2 and delimiter != " ":
            continue
        score = 2 * smiles + count / len(rows) + 0.5 * known
        if score > best_score + 1e-9:
            best, best_score = delimiter, score
    if best:
        return best
    if suffix in SMI_SUFFIXES:
        return " "
    return "\t" if suffix in {".tsv", ".tab"} else ","


def _score_single(lines: Sequence[str]) -> float:
    """Return how good it is to take each line for a single field."""
    plain = sum(not any(delimiter in line for delimiter in "\t,;") for line in lines)
    return 2 * (smiles_share(lines[1:] or lines) or 0.0) + plain / len(lines) + 0.5 * is_known(lines[0])


def smiles_position(rows: Sequence[Sequence[str]], at_least: float = 0.5) -> int | None:
    """Return which column of the rows looks most like SMILES, or None if the share that does is too small."""
    shares = _smiles_shares(rows)
    best = max(shares, default=0.0)
    return shares.index(best) if best >= at_least else None


def _smiles_shares(rows: Sequence[Sequence[str]]) -> list[float]:
    width = max(map(len, rows), default=0)
    return [smiles_share([row[i] for row in rows if i < len(row)]) or 0.0 for i in range(width)]


def has_header(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Guess whether the first of some rows names the columns.

    It does if it holds a known name and no SMILES where the others have theirs. Failing that it does if nothing in it
    could be a value: no SMILES, no number, and no text built like those below it (``mol1`` above ``mol2``).
    """
    first, others = rows[0], rows[1:]
    position = smiles_position(others)
    if position is not None and position < len(first) and looks_like_smiles(first[position]):
        return False
    if any(map(is_known, first)):
        return True
    if not others:
        return delimiter != " " and not any(_NUMBER(cell) or looks_like_smiles(cell) for cell in first)
    if any(map(_NUMBER, first)):
        return False
    if position is None:
        return delimiter != " " and not any(len(cell) > 2 and looks_like_smiles(cell) for cell in first)
    for index, cell in enumerate(first):
        shapes = [_shape(row[index]) for row in others if index < len(row)]
        if index != position and _DIGITS.search(cell) and shapes.count(_shape(cell)) > 0.5 * len(shapes):
            return False
    return True


def _shape(cell: str) -> str:
    return _DIGITS.sub("0", cell.strip())


def fit_header(header: Sequence[str], rows: Sequence[Sequence[str]], notes: list[str]) -> list[str]:
    """Add the name that a header lacks where every row has one field more: R leaves out that of the row names."""
    width = len(header)
    if not rows or any(len(row) != width + 1 for row in rows) or not any(row[-1].strip() for row in rows):
        return list(header)
    position = smiles_position(rows)
    named = next((index for index, name in enumerate(header) if "smiles" in name.lower()), None)
    before = position is not None and named is not None and position == named + 1
    which = "first" if before else "last"
    notes.append(f"rows have {width + 1} fields and the header {width}: the {which} has no name")
    return ["row_name", *header] if before else [*header, ""]


def name_columns(header: Sequence[str], notes: list[str]) -> list[str]:
    """Make the names of a header unique: ``column_3`` for an empty one, ``name_2`` for one that was there before."""
    names: dict[str, None] = {}
    taken = {name.strip() for name in header}
    for number, raw in enumerate(header, 1):
        name = raw.strip().lstrip("\ufeff") or f"column_{number}"
        if name in names or (not raw.strip() and name in taken):
            count = 2
            while f"{name}_{count}" in taken or f"{name}_{count}" in names:
                count += 1
            name = f"{name}_{count}"
        if name != raw.strip():
            notes.append(f"column {number} is named {raw.strip()!r} in the file: called {name!r}")
        names[name] = None
    return list(names)


def invent_names(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Name the columns of a table without a header: ``smiles``, ``id`` beside it, and ``column_3`` and so on."""
    names = [f"column_{number}" for number in range(1, width + 1)]
    position = smiles_position(rows)
    if position is None or position >= width:
        position = 0
    names[position] = "smiles"
    beside = 1 if position == 0 else 0
    if beside < width and not all(_NUMBER(row[beside]) and "." in row[beside] for row in rows if beside < len(row)):
        names[beside] = "id"
    return names
