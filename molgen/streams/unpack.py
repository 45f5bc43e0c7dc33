"""Packed bytes to plain ones: gzip, bzip2, xz and zstd, told by their first bytes, as a stream of bounded pieces."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

__all__ = ["PACKED", "DamageError", "unpack"]

#: First bytes of packed files.
PACKED = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd"}
# A bzip2 file goes on with pi, or with its square root where it is empty: three letters and a digit could be text.
_BZIP2 = tuple(b"BZh%d%b" % (level, block) for level in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90"))


class DamageError(Exception):
    """The stream cannot be read any further."""


def unpack(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Iterate over the plain bytes of a stream that is packed, or not, in pieces of about ``size`` at most.

    Several packed members one after another are one stream, with NUL bytes between and after them or not.

    Raises
    ------
    DamageError
        It cannot be unpacked any further. What could be came before (of gzip all of it, of the others but for a last piece).
    """
    first = b""
    while len(first) < 10 and (chunk := next(chunks, None)) is not None:
        first += chunk
    whole = chain([first], chunks)
    if first.startswith(PACKED["gzip"]):
        yield from _gunzip(whole, size)
    elif first.startswith(_BZIP2):
        yield from _unpack_members(whole, size, "bzip2", bz2.BZ2Decompressor)
    elif first.startswith(PACKED["xz"]):
        yield from _unpack_members(whole, size, "xz", lzma.LZMADecompressor)
    elif first.startswith(PACKED["zstd"]):
        yield from _unpack_zstd(whole, size)
    else:
        yield from whole


def _gunzip(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    pending = b""
    started = True
    while pending or (pending := next(chunks, b"")):
        if not started:
            pending = pending.lstrip(b"\0")
            if not pending:
                continue
            unpacker, started = zlib.decompressobj(wbits=31), True
        before = unpacker.copy()
        try:
            data = unpacker.decompress(pending, size)
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


class _Unpacker(Protocol):
    """What the decompressors of bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _unpack_members(chunks: Iterator[bytes], size: int, kind: str, make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    unpacker: _Unpacker | None = None
    for chunk in chunks:
        pending = chunk
        while pending or (unpacker is not None and not unpacker.needs_input):
            if unpacker is None:
                pending = pending.lstrip(b"\0")
                if not pending:
                    break
                unpacker = make()
            try:
                yield unpacker.decompress(pending, size)
            except (OSError, lzma.LZMAError, EOFError) as error:
                raise DamageError(f"{kind} data cannot be unpacked ({error})") from error
            pending = b""
            if unpacker.eof:
                pending, unpacker = unpacker.unused_data, None
    if unpacker is not None:
        raise DamageError(f"{kind} data ends too early")


class _Reader(io.RawIOBase):
    """Chunks as the file that pyarrow reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.pending = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self.pending and (chunk := next(self.chunks, None)) is not None:
            self.pending = chunk
        size = len(self.pending) if size < 0 else size
        data, self.pending = self.pending[:size], self.pending[size:]
        return data


def _unpack_zstd(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.PythonFile(_Reader(chunks), "r"), "zstd") as stream:
        while True:
            try:
                data = stream.read(size)
            except OSError as error:
                raise DamageError(f"zstd data cannot be unpacked ({' '.join(str(error).split())})") from error
            if not data:
                return
            yield data
