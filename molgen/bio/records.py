"""Sequences in files, a record at a time: FASTA, FASTQ and GenBank, plain or packed."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from molgen.errors import InputError
from molgen.streams.source import Source, decode_head

__all__ = ["Record", "find_format", "make_record", "read_records", "strange_byte"]


#: Bytes of a head that may well have been cut.
_LONG = 1000


class Record(NamedTuple):
    """One sequence of a file.

    Attributes
    ----------
    number
        1-based, in its file.
    title
        The header without its mark, as it is written: an identifier, and after the first blank a description.
    sequence
        The letters as they are written, without blanks and line ends; empty where they cannot be read.
    problem
        What is wrong with the record, or nothing.
    quality
        Phred scores of the letters as FASTQ writes them (ASCII 33 is 0), or nothing.
    """

    number: int
    title: str
    sequence: str
    problem: str = ""
    quality: str = ""

    @property
    def id(self) -> str:
        """The title up to the first blank."""
        return self.title.split(None, 1)[0] if self.title.strip() else ""

    @property
    def description(self) -> str:
        """The title after the first blank."""
        return self.title.split(None, 1)[1].strip() if len(self.title.split(None, 1)) > 1 else ""


# A tuple made in C, as the rows of tables are.
make_record = cast("Callable[[tuple[int, str, str, str, str]], Record]", partial(tuple.__new__, Record))


def strange_byte(letters: bytes) -> str:
    """Say which byte of a sequence is no letter of ASCII, and where; nothing if all are."""
    at = next((at for at, byte in enumerate(letters) if byte > 127 or not byte), None) if not letters.isalpha() else None
    return "" if at is None else f"no letter: byte {letters[at]:#04x} at position {at + 1:,}"


def find_format(head: bytes) -> str | None:
    """Return the format of a file by its first bytes, unpacked; None for none of these."""
    lines = decode_head(head).lstrip().splitlines() or [""]
    if lines[0].startswith(">") and not lines[0].startswith(">>"):
        return "fasta"
    # A long read fills the head: its letters have to do then.
    reads = lines[2].startswith("+") if len(lines) > 2 else len(head) >= _LONG and lines[-1].isalpha()
    if lines[0].startswith("@") and reads:
        return "fastq"
    return "genbank" if re.match(r"LOCUS\s+\S", lines[0]) else None


def read_records(path: str | Path | Source) -> Iterator[Record]:
    """Iterate over the records of a file; its content decides which format it has, not its name.

    A record that is broken comes out with a problem, and the next ones after it.

    Parameters
    ----------
    path
        A FASTA, FASTQ or GenBank file, plain or packed (gzip, bgzip, bzip2, xz, zstd); ``-`` is standard input.

    Raises
    ------
    InputError
        The file is missing, empty, or none of these; or it is damaged, and then only after all records before the damage.

    Examples
    --------
    >>> for record in read_records("genes.fa.gz"):  # doctest: +SKIP
    ...     print(record.id, len(record.sequence))
    """
    source = path if isinstance(path, Source) else Source(path)
    head = source.head()
    found = find_format(head)
    if found is None:
        got = "an empty file" if not head.strip() else repr(head.lstrip()[:40].decode("latin-1"))
        raise InputError("no file of sequences", where=source.name, expected="FASTA, FASTQ or GenBank", got=got)
    read: Callable[[Source], Iterator[Record]] = importlib.import_module(f"molgen.bio.{found}").read
    return read(source)
