"""Genomes: any stretch of a FASTA or 2bit file without reading the rest."""

from __future__ import annotations

import difflib
import mmap
import re
import weakref
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from molgen.bio.strands import reverse_complement
from molgen.errors import ConfigError, InputError
from molgen.streams.source import Source
from molgen.streams.text import naming_damage

__all__ = ["Genome"]

#: Names of contigs that a name is compared with where there is none such.
_COMPARED = 200
_TWO_BIT = (b"\x1a\x41\x27\x43", b"\x43\x27\x41\x1a")
#: Bytes of a contig that are looked at together when lines are measured.
_PIECE = 1 << 24


class _Contigs(ABC):
    """Where the letters of a genome come from."""

    lengths: dict[str, int]

    @abstractmethod
    def letters(self, contig: str, start: int, stop: int) -> bytes:
        """Return a stretch that is there."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is held beside the file."""


class Genome:
    """Contigs by name, of a FASTA file (plain or packed) or a 2bit file.

    A plain FASTA file is mapped into memory, and found in by its index (``FILE.fai``, as samtools writes it) or by one pass over
    its lines; a packed one is unpacked to a temporary file first. A contig whose lines differ in length
    is read as a whole where a part of it is asked for.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    name
        What messages call the file.
    lengths
        Contig -> letters, in the order of the file.

    Raises
    ------
    InputError
        The file is missing, or no genome: not FASTA or 2bit, without contigs, or with two of one name.

    Examples
    --------
    >>> with Genome("hg38.fa") as genome:  # doctest: +SKIP
    ...     genome.fetch("chr22", 17_565_800, 17_565_900)
    """

    def __init__(self, path: str | Path) -> None:
        self._source = source = Source(path)  # it owns the copy of a packed file
        self.name = source.name
        head = source.head()
        fasta = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b">")
        if not fasta and not head.startswith(_TWO_BIT):
            got = repr(head.lstrip()[:40].decode("latin-1")) if head.strip() else "an empty file"
            raise InputError("no genome", where=self.name, expected="FASTA or 2bit", got=got)
        with ExitStack() as opened:
            with naming_damage(source, lambda: "no whole genome"):
                file = opened.enter_context(source.seekable())
            self._contigs: _Contigs = _Fasta(file, Path(f"{path}.fai"), self.name) if fasta else _TwoBit(file, self.name)
            opened.callback(self._contigs.close)
            self._open = opened.pop_all()
        # Whoever forgets to close it leaves no file open.
        weakref.finalize(self, self._open.close)

    @property
    def lengths(self) -> Mapping[str, int]:
        """Letters of each contig."""
        return self._contigs.lengths

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._open.close()

    def fetch(self, contig: str, start: int, stop: int, *, strand: str = "+", pad: bool = False) -> str:
        """Return a stretch of a contig, in the case it is written in.

        Parameters
        ----------
        contig, start, stop
            Its place; 0-based, the letter at ``stop`` is the first that is not in it.
        strand
            ``"+"``, or ``"-"`` for the reverse complement.
        pad
            Write ``N`` for places before the first letter and after the last; they are an error otherwise.

        Raises
        ------
        InputError
            There is no such contig, or it has no such places; or the file is damaged there.
        ConfigError
            The strand is none.
        """
        if strand not in ("+", "-"):
            raise ConfigError("no strand", expected="+ or -", got=repr(strand))
        length = self.lengths.get(contig)
        if length is None:
            raise InputError(f"no contig {contig!r}", where=self.name, **_named_instead(contig, list(self.lengths)))
        if stop < start or (not pad and (start < 0 or stop > length)):
            got = f"{start:,} to {stop:,}"
            raise InputError(f"no such places in {contig}", where=self.name, expected=f"places from 0 to {length:,}", got=got)
        inner = range(min(max(start, 0), length), min(max(stop, 0), length))
        letters = self._contigs.letters(contig, inner.start, inner.stop) if inner else b""
        if len(letters) != len(inner):
            where = f"{self.name}, {contig} from {start:,} to {stop:,}"
            raise InputError(
                "fewer letters than the genome should have there", where=where, remedy="remove an index that is out of date"
            )
        if pad:
            before = min(max(-start, 0), stop - start)
            letters = b"N" * before + letters
            letters += b"N" * (stop - start - len(letters))
        if strand == "-":
            letters = reverse_complement(letters, "rna" if b"U" in letters.upper() else "dna")
        return letters.decode("ascii", "replace")


def _named_instead(contig: str, known: list[str]) -> dict[str, Any]:
    """Return what an error says of the names that are there; nobody guesses which was meant."""
    other = contig.removeprefix("chr") if contig.startswith("chr") else f"chr{contig}"
    close = [other] if other in known else difflib.get_close_matches(contig, known[:_COMPARED], n=1)
    listed = ", ".join(known[:8]) + (f" and {len(known) - 8:,} more" if len(known) > 8 else "")
    return {"expected": f"one of {listed}", "remedy": f"did you mean {close[0]!r}?" if close else None}


class _Lines(NamedTuple):
    """Where the letters of a contig are: samtools' columns of an index, and where its text ends."""

    length: int
    offset: int
    letters: int
    width: int
    stop: int


class _Fasta(_Contigs):
    """Contigs whose lines are of one length are found in by arithmetic; others are read as a whole."""

    def __init__(self, file: IO[bytes], index: Path, name: str) -> None:
        self._name = name
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        fasta = index.with_suffix("")
        fresh = index.is_file() and fasta.is_file() and index.stat().st_mtime >= fasta.stat().st_mtime
        # An index that does not fit is none: one pass over the file makes it again.
        self._lines = (_read_index(index, self._map) if fresh else None) or self._measure()
        self.lengths = {contig: lines.length for contig, lines in self._lines.items()}
        self._whole = lru_cache(maxsize=2)(self._read_whole)

    def letters(self, contig: str, start: int, stop: int) -> bytes:
        _, offset, letters, width, _ = self._lines[contig]
        if not width:
            return self._whole(contig)[start:stop]
        begin, last = (offset + place // letters * width + place % letters for place in (start, stop - 1))
        return self._map[begin : last + 1].translate(None, b"\r\n")

    def close(self) -> None:
        self._map.close()

    def _measure(self) -> dict[str, _Lines]:
        """Find every contig and measure its lines."""
        found: dict[str, _Lines] = {}
        at = self._map.find(b">")
        while at >= 0:
            end_of_title = self._map.find(b"\n", at) % (len(self._map) + 1)  # of a file that ends there: its end
            title = self._map[at + 1 : end_of_title]
            if b"\r" in title[:-1]:
                raise InputError(
                    "lines that end with a carriage return alone", where=self._name, remedy="convert them to line feeds"
                )
            words = title.split()
            contig = words[0].decode("utf-8", "replace") if words else ""
            at = self._map.find(b"\n>", end_of_title) + 1
            if contig in found:
                raise InputError(f"two contigs are named {contig!r}", where=self._name)
            found[contig] = self._measure_lines(end_of_title + 1, at or len(self._map))
            at = at or -1
        return found

    def _measure_lines(self, start: int, stop: int) -> _Lines:
        """Return how long the lines of a contig are; a width of 0 where they differ."""
        blanks = {byte: self._places(byte, start, stop) for byte in b"\n\r\t "}
        ends = blanks[ord("\n")]
        widths = np.diff(ends, prepend=start - 1)
        width = int(widths[0]) if len(widths) else stop + 1 - start
        carriages = blanks[ord("\r")]
        letters = width - 1 - bool(len(carriages))
        # A last line that no line feed ends is one more, and like all last ones may be shorter.
        rest = [stop - int(ends[-1])] if len(ends) and ends[-1] + 1 < stop else []
        whole = widths if rest else widths[:-1]
        alike = bool((whole == width).all()) and max([*widths[-1:].tolist(), *rest], default=0) <= width
        # Carriage returns before all line feeds or nowhere, and no other blanks.
        plain = not len(blanks[ord("\t")]) and not len(blanks[ord(" ")])
        if letters > 0 and alike and plain and (not len(carriages) or np.array_equal(carriages + 1, ends)):
            return _Lines(stop - start - len(ends) - len(carriages), start, letters, width, stop)
        irregular = _Lines(0, start, 0, 0, stop)
        return irregular._replace(length=len(self._letters_of(irregular)))

    def _places(self, byte: int, start: int, stop: int) -> NDArray[np.int64]:
        """Return where a byte is in a stretch of the file."""
        found = [np.zeros(0, np.int64)]
        for begin in range(start, stop, _PIECE):
            piece = self._map[begin : min(begin + _PIECE, stop)]
            if byte in piece:
                found.append(np.flatnonzero(np.frombuffer(piece, np.uint8) == byte) + begin)
        return np.concatenate(found)

    def _read_whole(self, contig: str) -> bytes:
        return self._letters_of(self._lines[contig])

    def _letters_of(self, lines: _Lines) -> bytes:
        return self._map[lines.offset : lines.stop].translate(None, b"\r\n\t ")


def _read_index(path: Path, fasta: mmap.mmap) -> dict[str, _Lines] | None:
    """Read an index beside a FASTA file; None if it does not fit."""
    found: dict[str, _Lines] = {}
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = text.split("\t")
        if len(cells) < 5 or cells[0] in found or not all(re.fullmatch(r"[0-9]{1,18}", cell) for cell in cells[1:5]):
            return None
        length, offset, letters, width = map(int, cells[1:5])
        stop = offset + length // max(1, letters) * width + length % max(1, letters)
        title = fasta[fasta.rfind(b">", 0, offset) + 1 : offset]
        # Its letters begin after the line with its name, and lines are longer than their letters by their ends.
        named = title.count(b"\n") == 1 and title.endswith(b"\n") and title.split()[:1] == [cells[0].encode()]
        if not named or letters < 1 or width - letters not in (1, 2) or stop > len(fasta):
            return None
        found[cells[0]] = _Lines(length, offset, letters, width, stop)
    return found


class _TwoBit(_Contigs):
    """Biopython reads a stretch of a 2bit file where it is asked for."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        from Bio import SeqIO

        self._name = name
        try:
            records = [(record.id, record.seq) for record in SeqIO.parse(file, "twobit")]
        except Exception as error:  # whatever Biopython stumbles over
            raise InputError("not a 2bit file", where=name, got=" ".join(str(error).split())[:200]) from None
        self._records = dict(records)
        if len(self._records) < len(records):
            again = next(contig for contig, n in Counter(contig for contig, _ in records).items() if n > 1)
            raise InputError(f"two contigs are named {again!r}", where=name)
        self.lengths = {contig: len(letters) for contig, letters in records}

    def letters(self, contig: str, start: int, stop: int) -> bytes:
        try:
            return bytes(self._records[contig][start:stop])
        except Exception as error:  # whatever Biopython stumbles over
            raise InputError("damaged", where=f"{self._name}, {contig}", got=" ".join(str(error).split())[:200]) from None

    def close(self) -> None:
        self._records = {}
