"""Files to bytes of UTF-8: gzip unpacked, encodings turned, and what is no text refused by name."""

from __future__ import annotations

import codecs
import difflib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from molgen.errors import InputError

__all__ = ["DamageError", "Tally", "read_utf8"]

_CHUNK = 1 << 17
_HEAD = 4096
_GZIP = b"\x1f\x8b"
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
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x93NUMPY", "a NumPy array"),
    (_GZIP, "a gzip file inside a gzip file"),
)
_CONTROL = (*range(9), *range(14, 26), *range(28, 32))  # not tabs, feeds, ends, or the Ctrl-Z and Esc of old files


class DamageError(Exception):
    """The stream cannot be read any further."""


@dataclass(slots=True)
class Tally:
    """How much of a file was read so far, in bytes as they lie on disk."""

    bytes: int = 0


def read_utf8(path: Path, tally: Tally | None = None) -> Iterator[bytes]:
    """Iterate over a text file, plain or gzip, as UTF-8 without a byte order mark, some 100 kB at a time.

    Text in another eight-bit encoding passes as it is; ``tally`` is kept up to date.

    Raises
    ------
    InputError
        The file is missing, a folder or not text.
    DamageError, OSError
        It cannot be read any further; all that could be read came before.
    """
    with _open(path) as stream:
        yield from _as_utf8(_unpacked(_chunks(stream, tally or Tally())), path)


def _open(path: Path) -> IO[bytes]:
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


def _chunks(stream: IO[bytes], tally: Tally) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        tally.bytes += len(chunk)
        yield chunk


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    if not first.startswith(_GZIP):
        yield first
        yield from chunks
        return
    unpacker = zlib.decompressobj(wbits=31)
    pending = first
    started = True
    while pending or (pending := next(chunks, b"")):
        if not started:
            pending = pending.lstrip(b"\0")  # padding between and after members is allowed
            if not pending:
                continue
            unpacker, started = zlib.decompressobj(wbits=31), True
        before = unpacker.copy()
        try:
            data = unpacker.decompress(pending, _CHUNK)
        except zlib.error as error:
            yield _salvage(before, pending)
            raise DamageError(f"gzip data cannot be unpacked ({error})") from error
        yield data
        pending = unpacker.unconsumed_tail
        if unpacker.eof:
            pending, started = unpacker.unused_data, False
    if started:
        raise DamageError("gzip data ends too early")


def _salvage(unpacker: zlib._Decompress, pending: bytes) -> bytes:
    """Unpack byte by byte up to a fault: the call that met it returned nothing of what came before."""
    data = bytearray()
    for position in range(len(pending)):
        try:
            data += unpacker.decompress(pending[position : position + 1])
        except zlib.error:
            break
    return bytes(data)


def _as_utf8(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """Refuse what is no text, drop the byte order mark, and turn UTF-16 and UTF-32 into UTF-8."""
    head, damage = b"", None
    try:
        while len(head) < _HEAD and (chunk := next(chunks, None)) is not None:
            head += chunk
    except DamageError as error:
        damage = error
    mark, encoding = next((pair for pair in _BOMS if head.startswith(pair[0])), (b"", _unmarked(head[:_HEAD])))
    if encoding == "utf-8":
        _refuse_binary(head[:_HEAD], path)
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


def _unmarked(head: bytes) -> str:
    """Name the encoding of text without a byte order mark: ASCII as UTF-16 has a NUL in every other byte."""
    even, odd = head[0::2], head[1::2]
    if len(head) >= 4 and odd.count(0) > 0.9 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(head) >= 4 and even.count(0) > 0.9 * len(even) and not odd.count(0):
        return "utf-16-be"
    return "utf-8"


def _refuse_binary(head: bytes, path: Path) -> None:
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
        raise InputError(
            "not a text file", where=str(path), expected="text, plain or gzip", got=kind, remedy="save it as CSV or SMI"
        )
