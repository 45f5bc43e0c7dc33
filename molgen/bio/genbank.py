"""GenBank: records with annotations that end with ``//``, through Biopython."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from molgen.bio.records import Record
from molgen.streams.source import Source
from molgen.streams.text import read_lines

__all__ = ["read"]


def read(source: Source) -> Iterator[Record]:
    """Iterate over the records; see :func:`~molgen.bio.records.read_records`. A title is accession and definition."""
    number = 0
    lines: list[str] = []
    for line in read_lines(source):
        lines.append(line.text)
        if line.text.rstrip() == "//":
            number += 1
            yield _record(number, lines)
            lines = []
    if any(line.strip() for line in lines):
        yield _record(number + 1, lines)


def _record(number: int, lines: list[str]) -> Record:
    from Bio import SeqIO

    name = next((line.split()[1] for line in lines if line.startswith(("LOCUS", "ACCESSION")) and len(line.split()) > 1), "")
    if lines[-1].rstrip() != "//":
        return Record(number, name, "", "the file ends inside the record")
    try:
        found = SeqIO.read(StringIO("\n".join(lines) + "\n"), "genbank")
        return Record(number, f"{found.id} {found.description}".strip(), str(found.seq))
    except Exception as error:  # whatever Biopython stumbles over is the reason
        return Record(number, name, "", f"no GenBank record: {' '.join(str(error).split())[:200] or type(error).__name__}")
