"""The zip file that a bundle lies in; its members are JSON, safetensors and plain text, never code.

Whatever is read here may come from a stranger. Nothing is unpacked to disk, no name is trusted, no size is believed
before it is checked, and every refusal is one :class:`~molgen.errors.BundleError` of one line. Format: PKWARE APPNOTE
6.3, of which only what :func:`write_archive` and an ordinary ``zip`` write is accepted.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from molgen.errors import BundleError, InputError
from molgen.members import (
    MAX_MEMBER,
    check_tensors,
    one_line,
    read_json,
    read_tensors,
    read_text,
    refuse_size,
    write_json,
    write_tensors,
)

__all__ = [
    "check_tensors",
    "read_archive",
    "read_json",
    "read_tensors",
    "read_text",
    "write_archive",
    "write_json",
    "write_tensors",
]

MAX_TOTAL = 2**30
MAX_MEMBERS = 1024

_NAME = re.compile(r"[a-z0-9_\-]+(/[a-z0-9_\-]+)*\.(json|safetensors|txt)")
_MAX_NAME = 200
_CHUNK = 2**20
# Deflate reaches 1,032 to 1 on zeros. A small member may (it costs little), and the writer stores a large one that
# packs better than this uncompressed, so that what it writes can always be read.
_MAX_RATIO = 200
_FREE_SIZE = 2**20
# A directory entry is 46 bytes, a name and extra fields.
_MAX_ENTRY = 1024
_END = struct.Struct("<4s4H2LH")
_LOCAL = struct.Struct("<4s5H3L2H")
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE = 20
# Encrypted, sizes after the data, patch, strongly encrypted, masked header.
_REFUSED_FLAGS = 0x0001 | 0x0008 | 0x0020 | 0x0040 | 0x2000


def write_archive(path: str | os.PathLike[str], members: Mapping[str, bytes], *, overwrite: bool = False) -> None:
    """Write members to a zip file whose bytes depend on the members alone.

    Parameters
    ----------
    path
        Where the file goes. It appears whole or not at all: it is written under a temporary name beside it and renamed.
    members
        Content by name; names are lower case, with the extension ``.json``, ``.safetensors`` or ``.txt``.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        If the file exists and `overwrite` is false, its folder is missing or it cannot be written.
    BundleError
        If a member's name or size is one that :func:`read_archive` would refuse.
    """
    path = Path(path)
    where = one_line(path)
    _check_members(members, where)
    part = path.parent / f".molgen-{secrets.token_hex(8)}.part"
    try:
        _check_place(path, where, overwrite)
        with part.open("xb") as file:
            _write_zip(file, members)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise InputError("file cannot be written", where=where, got=_reason(error)) from None
    finally:
        with contextlib.suppress(OSError, ValueError):  # what went wrong above says more
            part.unlink(missing_ok=True)


def _check_place(path: Path, where: str, overwrite: bool) -> None:
    if path.is_dir():
        raise InputError("this is a folder", where=where, expected="the name of a file to write")
    if not overwrite and path.exists():
        raise InputError("file exists already", where=where, remedy="choose another name or pass --overwrite")
    if not path.parent.is_dir():
        raise InputError("folder does not exist", where=one_line(path.parent), remedy="create it first")


def _check_members(members: Mapping[str, bytes], where: str) -> None:
    _check_count(len(members), MAX_MEMBERS, where)
    for name, data in members.items():
        _check_name(name, where)
        if len(data) > MAX_MEMBER:
            refuse_size(f"member {name}", where, MAX_MEMBER, len(data))
    total = sum(map(len, members.values()))
    if total > MAX_TOTAL:
        refuse_size("content", where, MAX_TOTAL, total)


def _write_zip(file: IO[bytes], members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(members, key=lambda name: (name != "manifest.json", name)):
            data = bytes(members[name])
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            # The machine's own would make the bytes depend on it.
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            # A little early, for the zip's own deflate may do a few bytes better.
            packs_absurdly = len(data) > _FREE_SIZE and len(zlib.compress(data, 6)) * _MAX_RATIO < len(data) + _CHUNK
            archive.writestr(info, data, zipfile.ZIP_STORED if packs_absurdly else zipfile.ZIP_DEFLATED, 6)


def read_archive(
    path: str | os.PathLike[str],
    *,
    max_member: int = MAX_MEMBER,
    max_total: int = MAX_TOTAL,
    max_members: int = MAX_MEMBERS,
) -> dict[str, bytes]:
    """Read every member of a zip file into memory, trusting nothing that it says about itself.

    Parameters
    ----------
    path
        The file.
    max_member, max_total
        Largest size in bytes of one member and of all together, unpacked.
    max_members
        Largest number of members.

    Returns
    -------
    dict of str to bytes
        Content by name, in the order of the file's directory.

    Raises
    ------
    BundleError
        If there is no such file, it is no plain zip, is damaged or truncated, or holds anything but regular members
        with allowed names, unencrypted, stored or deflated, each once, one after another, within the limits.
    """
    path = Path(path)
    where = one_line(path)
    try:
        # Not a pipe or a device either, which could be read for ever.
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "no such file"
            raise BundleError(what, where=where, expected="a bundle file")
        with path.open("rb") as file:
            count, directory = _check_end_record(file, where, max_total, max_members)
            infos = _directory(file, count, where)
            _check_directory(infos, where, max_member, max_total)
            return _read_members(file, infos, directory, where)
    except OSError as error:
        raise BundleError("file cannot be read", where=where, got=_reason(error)) from None


def _check_end_record(file: IO[bytes], where: str, max_total: int, max_members: int) -> tuple[int, int]:
    """Return how many members there are and where their directory starts.

    Bounded here because ``zipfile`` makes an object of every entry of a directory, however many it has.
    """
    size = file.seek(0, os.SEEK_END)
    largest = max_total + 2 * max_members * _MAX_ENTRY
    if size > largest:
        refuse_size("file", where, largest, size)
    file.seek(max(0, size - _END.size - _ZIP64_LOCATOR_SIZE))
    tail = file.read()
    if len(tail) < _END.size:
        raise BundleError("not a bundle, or truncated", where=where, expected="a zip file", got=f"{size} bytes")
    signature, disk, first_disk, here, count, length, offset, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\x05\x06" or comment:
        raise BundleError("not a bundle, or truncated", where=where, expected="a zip file without a comment")
    if tail.startswith(_ZIP64_LOCATOR) or disk or first_disk or here != count:
        raise BundleError("unsupported kind of zip file", where=where, expected="one part, not ZIP64")
    _check_count(count, max_members, where)
    if length > max_members * _MAX_ENTRY or offset + length != size - _END.size:
        raise BundleError("damaged zip directory", where=where)
    return count, offset


def _directory(file: IO[bytes], count: int, where: str) -> list[zipfile.ZipInfo]:
    infos = []
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, IndexError, OverflowError, struct.error):
        pass
    if len(infos) != count:
        raise BundleError("damaged zip directory", where=where)
    return infos


def _check_directory(infos: list[zipfile.ZipInfo], where: str, max_member: int, max_total: int) -> None:
    names: set[str] = set()
    for info in infos:
        _check_entry(info, where)
        if info.filename in names:
            raise BundleError(f"member {info.filename} occurs twice", where=where)
        names.add(info.filename)
        if info.file_size > max_member:
            refuse_size(f"member {info.filename}", where, max_member, info.file_size)
    total = sum(info.file_size for info in infos)
    if total > max_total:
        refuse_size("content", where, max_total, total)


def _check_entry(info: zipfile.ZipInfo, where: str) -> None:
    # ``filename`` is cut at a NUL; the original is what the file says.
    name = info.orig_filename
    _check_name(name, where)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.external_attr & 0x10:
        raise BundleError(f"member {name} is a link or folder", where=where, expected="a regular file")
    if info.flag_bits & _REFUSED_FLAGS:
        raise BundleError(f"member {name} is encrypted or of an unsupported kind", where=where)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError(
            f"member {name} is packed by an unsupported method",
            where=where,
            expected="stored or deflate",
            got=f"method {info.compress_type}",
        )
    if info.file_size > max(_FREE_SIZE, _MAX_RATIO * info.compress_size):
        raise BundleError(
            f"member {name} is packed absurdly well",
            where=where,
            expected=f"at most {_MAX_RATIO} to 1",
            got=f"{info.file_size} bytes in {info.compress_size}",
        )


def _read_members(file: IO[bytes], infos: list[zipfile.ZipInfo], directory: int, where: str) -> dict[str, bytes]:
    members = {}
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        # Members that share bytes make a small file a huge one; bytes that belong to none are another file, hidden.
        if info.header_offset != end:
            raise BundleError(f"member {info.filename} is out of place", where=where)
        end = _data_start(file, info, where) + info.compress_size
        packed = file.read(info.compress_size)
        if len(packed) != info.compress_size or end > directory:
            raise BundleError(f"member {info.filename} is truncated", where=where)
        members[info.filename] = _unpack(packed, info, where)
    if end != directory:
        raise BundleError("bytes that belong to no member", where=where)
    return {info.filename: members[info.filename] for info in infos}


def _data_start(file: IO[bytes], info: zipfile.ZipInfo, where: str) -> int:
    """Check the header in front of a member against the directory, and leave the file at the member's first byte."""
    file.seek(info.header_offset)
    header = file.read(_LOCAL.size)
    if len(header) == _LOCAL.size:
        signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        said = (signature, flags, method, crc, packed, size, file.read(name_length))
        known = (b"PK\x03\x04", info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size)
        if said == (*known, info.filename.encode()):
            return file.seek(extra_length, os.SEEK_CUR)
    raise BundleError(f"member {info.filename} has a damaged header", where=where)


def _unpack(packed: bytes, info: zipfile.ZipInfo, where: str) -> bytes:
    data = packed if info.compress_type == zipfile.ZIP_STORED else _inflate(packed, info.file_size)
    if data is None or len(data) != info.file_size:
        raise BundleError(f"member {info.filename} is damaged, or not of the size it declares", where=where)
    if zlib.crc32(data) != info.CRC:
        raise BundleError(f"member {info.filename} is damaged", where=where, got="a wrong checksum")
    return data


def _inflate(packed: bytes, size: int) -> bytes | None:
    """Unpack a deflated stream of `size` bytes, or at most one byte more than that; None if it is damaged."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    chunks = []
    left = size + 1
    try:
        for start in range(0, len(packed), _CHUNK):
            feed = packed[start : start + _CHUNK]
            full = True
            # A full chunk may have more behind it even when its input is used up; one that is not needs more input.
            while full and left:
                limit = min(_CHUNK, left)
                chunks.append(stream.decompress(feed, limit))
                full = len(chunks[-1]) == limit
                left -= len(chunks[-1])
                feed = stream.unconsumed_tail
            if stream.eof and (stream.unused_data or start + _CHUNK < len(packed)):
                return None
    except zlib.error:
        return None
    return b"".join(chunks) if stream.eof else None


def _check_count(count: int, limit: int, where: str) -> None:
    if not 0 < count <= limit:
        raise BundleError("number of members out of range", where=where, expected=f"1 to {limit}", got=str(count))


def _check_name(name: str, where: str) -> None:
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise BundleError(
            "member with a name that is not allowed",
            where=where,
            expected="lower-case folder/name.json, .safetensors or .txt",
            got=ascii(name[:80]),
        )


def _reason(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or error)
