"""GenBank: records with annotations that end with ``//``, through Biopython."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import StringIO

from molgen.bio.records import Record
from molgen.streams.source import Source
from molgen.streams.text import Line, read_lines

__all__ = ["read"]


def read(source: Source) -> Iterator[Record]:
    """Iterate over the records; see :func:`~molgen.bio.records.read_records`. A title is accession and definition."""
    number = 0
    lines: list[Line] = []
    for line in read_lines(source):
        lines.append(line)
        if line.text.rstrip() == "//":
            number += 1
            yield _record(number, [each.text for each in lines], _problem(lines))
            lines = []
    if any(line.text.strip() for line in lines):
        yield _record(number + 1, [each.text for each in lines], "the file ends inside the record")


def _problem(lines: list[Line]) -> str:
    """Say what is wrong with the lines of a record."""
    if sum(line.text.startswith("LOCUS ") for line in lines) > 1:
        return "two records and no '//' between them"
    return next((line.problem for line in lines if line.problem), "")


def _record(number: int, lines: list[str], problem: str) -> Record:
    from Bio import BiopythonWarning, SeqIO

    name = next((line.split()[1] for line in lines if line.startswith(("LOCUS", "ACCESSION")) and len(line.split()) > 1), "")
    if problem:
        return Record(number, name, "", problem)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", BiopythonWarning)
            found = SeqIO.read(StringIO("\n".join(lines) + "\n"), "genbank")
        # Of what Biopython warns of, this is what makes the letters others than were meant.
        if wrong := next((str(each.message) for each in told if "sequence length" in str(each.message)), ""):
            return Record(number, name, "", f"letters are missing: {wrong}")
        return Record(number, f"{found.id} {found.description}".strip(), str(found.seq))
    except Exception as error:  # whatever Biopython stumbles over is the reason
        return Record(number, name, "", f"no GenBank record: {' '.join(str(error).split())[:200] or type(error).__name__}")
