"""Files, pipes and standard input to bytes: unpacked, turned to UTF-8 where they are text, and named where they are not."""

from __future__ import annotations

import codecs
import difflib
import hashlib
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import IO

from molgen.errors import InputError
from molgen.streams.unpack import PACKED, DamageError, unpack

__all__ = ["STDIN", "Source", "Tally", "decode_head", "is_stdin", "read_utf8"]

#: What stands for standard input; a file of that name is ``./-``.
STDIN = "-"
_CHUNK = 1 << 17
_HEAD = 4096
_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (  # looked at only where control bytes say that it is no text: PAR1 is a gene, too
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (PACKED["bzip2"], "a bzip2 file"),
    (PACKED["xz"], "an xz file"),
    (PACKED["zstd"], "a zstd file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x93NUMPY", "a NumPy array"),
    (PACKED["gzip"], "a gzip file inside a packed file"),
)
_CONTROL = (*range(9), *range(14, 26), *range(28, 32))  # not tabs, feeds, ends, or the Ctrl-Z and Esc of old files


def is_stdin(path: str | Path) -> bool:
    """Tell whether a name stands for standard input."""
    return str(path) == STDIN


@dataclass(slots=True)
class Tally:
    """How much of a file was read so far, in bytes as they lie on disk."""

    bytes: int = 0


class Source:
    """Where bytes come from: a file, a pipe, or standard input.

    A file can be read as often as one likes. What comes through a pipe can be looked at (:meth:`head`) and then read once.

    Attributes
    ----------
    path
        The file as it was named; ``-`` is standard input.
    name
        What messages call it.
    is_file
        Whether it can be read again.
    tally
        How much was read since :meth:`chunks` was called.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = "standard input" if is_stdin(path) else str(path)
        self.is_file = not is_stdin(path) and (self.path.is_file() or not self.path.exists())
        self.tally = Tally()
        self._digest = hashlib.sha256()
        self._to_the_end = False
        self._ahead: Iterator[bytes] | None = None
        self._seen = b""
        self._begun = False
        self._copy: IO[bytes] | None = None

    def size(self) -> int | None:
        """Return how many bytes a file has, packed as it is; None for a pipe."""
        return self.path.stat().st_size if self.is_file else None

    def share_read(self) -> float:
        """Return how much of a file was read since :meth:`chunks` was called, 0 to 1; 0 for a pipe, whose end is not known."""
        size = self.size()
        return min(1.0, self.tally.bytes / max(1, size)) if size is not None else 0.0

    def sha256(self) -> str:
        """Return the SHA-256 of the bytes as they are packed: of a whole file, or of what came through a pipe so far."""
        if not self.is_file:
            return self._digest.hexdigest()
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def sha256_read(self) -> str:
        """Return the SHA-256 of the bytes that :meth:`chunks` gave, hashed on the way: :meth:`sha256`, unless the file changed.

        A file that was not read in one go from its beginning to its end, as Parquet is not, is read again.
        """
        return self._digest.hexdigest() if self._to_the_end else self.sha256()

    def head(self) -> bytes:
        """Return the first bytes, unpacked: some thousand, or all where there are less.

        Raises
        ------
        InputError
            The file is missing, a folder, or a pipe that was read already.
        """
        if self._ahead is not None:  # a pipe that was looked at already
            return self._seen
        stream = self._stream()
        pieces: list[bytes] = []
        damage: Exception | None = None
        try:
            while sum(map(len, pieces)) < _HEAD and (piece := next(stream, None)) is not None:
                pieces.append(piece)
        except (DamageError, OSError) as error:
            damage = error  # met again by whoever reads on
        if not self.is_file:
            self._ahead = chain(pieces, stream if damage is None else _raise(damage))
        self._seen = b"".join(pieces)[:_HEAD]
        return self._seen

    def chunks(self) -> Iterator[bytes]:
        """Iterate over all bytes, unpacked, some 100 kB at a time.

        Raises
        ------
        InputError
            The file is missing, a folder, or a pipe that was read already.
        DamageError, OSError
            It cannot be read any further; all that could be read came before.
        """
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return ahead
        return self._stream()

    def seekable(self) -> AbstractContextManager[IO[bytes]]:
        """Open the unpacked bytes to be read from any place: the file itself if it is plain, else a temporary copy of all of it.

        Raises
        ------
        InputError, DamageError, OSError
            As :meth:`chunks`.
        """
        if self._copy is None and self.is_file:
            file = _open(self.path)
            if not file.peek(10).startswith(tuple(PACKED.values())):
                return file
            file.close()
        if self._copy is None:
            self._copy = tempfile.TemporaryFile()  # noqa: SIM115
            weakref.finalize(self, self._copy.close)
            self._copy.writelines(self.chunks())
            self._copy.flush()  # whoever maps it into memory sees what is in the file alone
        self._copy.seek(0)
        return nullcontext(self._copy)

    def _stream(self) -> Iterator[bytes]:
        if self._begun and not self.is_file:
            raise InputError("a pipe can be read only once", where=self.name, remedy="save it to a file first")
        self._begun = True
        self.tally.bytes = 0
        self._digest, self._to_the_end = hashlib.sha256(), False
        return unpack(self._read(), _CHUNK)

    def _read(self) -> Iterator[bytes]:
        # Standard input stays open: it is not ours.
        with nullcontext(_stdin()) if is_stdin(self.path) else _open(self.path) as stream:
            while chunk := stream.read(_CHUNK):
                self.tally.bytes += len(chunk)
                self._digest.update(chunk)
                yield chunk
        self._to_the_end = True


def _raise(error: Exception) -> Iterator[bytes]:
    raise error
    yield


def _stdin() -> IO[bytes]:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError("standard input is closed", remedy="name a file")
    return stream  # type: ignore[no-any-return]


def _open(path: Path) -> BufferedReader:
    if path.is_dir():
        raise InputError("a folder where a file was expected", where=str(path), remedy="name one file in it")
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, names, n=1)
        remedy = f"did you mean {path.parent / close[0]}?" if close else "check the name and the folder"
        raise InputError("no such file", where=str(path), remedy=remedy) from error
    except PermissionError as error:
        raise InputError("no permission to read it", where=str(path), remedy="check its owner and mode") from error


def read_utf8(source: Source) -> Iterator[bytes]:
    """Iterate over text as UTF-8 without a byte order mark, some 100 kB at a time.

    Text in another eight-bit encoding passes as it is.

    Raises
    ------
    InputError
        The file is missing, a folder or not text.
    DamageError, OSError
        It cannot be read any further; all that could be read came before.
    """
    yield from _as_utf8(source.chunks(), source.name)


def decode_head(head: bytes) -> str:
    """Return the first bytes of a file as text, whatever its encoding; what does not fit is replaced."""
    mark, encoding = _encoding(head)
    return head[len(mark) :].decode(encoding, "replace")


def _as_utf8(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Refuse what is no text, drop the byte order mark, and turn UTF-16 and UTF-32 into UTF-8."""
    head = b""
    damage: Exception | None = None
    try:
        while len(head) < _HEAD and (chunk := next(chunks, None)) is not None:
            head += chunk
    except (DamageError, OSError) as error:
        damage = error
    mark, encoding = _encoding(head[:_HEAD])
    if encoding == "utf-8":
        _refuse_binary(head[:_HEAD], name)
        yield head[len(mark) :]
        yield from chunks
    else:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        yield decoder.decode(head[len(mark) :]).encode()
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", True).encode()
    if damage:
        raise damage


def _encoding(head: bytes) -> tuple[bytes, str]:
    """Return the byte order mark, empty if there is none, and the encoding."""
    return next((pair for pair in _BOMS if head.startswith(pair[0])), (b"", _unmarked(head)))


def _unmarked(head: bytes) -> str:
    """Name the encoding of text without a byte order mark: ASCII as UTF-16 has a NUL in every other byte."""
    even, odd = head[0::2], head[1::2]
    if len(head) >= 4 and odd.count(0) > 0.9 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(head) >= 4 and even.count(0) > 0.9 * len(even) and not odd.count(0):
        return "utf-16-be"
    return "utf-8"


def _refuse_binary(head: bytes, name: str) -> None:
    kind = None
    control = sum(head.count(code) for code in _CONTROL)
    if head.startswith(b"%PDF-"):
        kind = "a PDF"
    elif head.startswith(b"PK\x03\x04"):
        kind = "an Excel workbook" if b"[Content_Types]" in head or b"xl/" in head else "a zip archive"
    elif control:
        kind = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
        if b"\0" in head or control > 0.05 * len(head):
            kind = kind or "binary data (NUL or control bytes)"
    if kind:
        raise InputError("not a text file", where=name, expected="text, plain or packed", got=kind, remedy="save it as CSV or SMI")
