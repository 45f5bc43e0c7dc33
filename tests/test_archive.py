import dataclasses
import io
import os
import pickle
import random
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from molgen.archive import MAX_MEMBERS, read_archive, read_json, write_archive, write_json
from molgen.errors import BundleError, InputError

MEMBERS = {
    "weights/net.safetensors": bytes(range(256)) * 40,
    "manifest.json": b'{"format": 1}\n',
    "card.txt": b"what it is\n",
}


@dataclasses.dataclass
class Entry:
    """One member of a hand-made zip, every field of which can lie."""

    name: bytes = b"a.txt"
    data: bytes = b"hello"
    packed: bytes | None = None
    method: int = 8
    flags: int = 0
    crc: int | None = None
    packed_size: int | None = None
    size: int | None = None
    attributes: int = (stat.S_IFREG | 0o644) << 16
    local_name: bytes | None = None
    local_size: int | None = None
    offset: int | None = None


def deflate(data):
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def hand_made(*entries, prefix=b"", gap=b"", comment=b"", count=None):
    body, directory = prefix, b""
    for entry in entries:
        packed = entry.packed
        if packed is None:
            packed = deflate(entry.data) if entry.method == 8 else entry.data
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        packed_size = len(packed) if entry.packed_size is None else entry.packed_size
        size = len(entry.data) if entry.size is None else entry.size
        local_size = size if entry.local_size is None else entry.local_size
        offset = len(body) if entry.offset is None else entry.offset
        local = entry.name if entry.local_name is None else entry.local_name
        common = (entry.flags, entry.method, 0, 33, crc, packed_size)
        body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, *common, local_size, len(local), 0) + local + packed
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 788, 20, *common, size, len(entry.name), 0, 0, 0, 0,
                                 entry.attributes, offset) + entry.name  # fmt: skip
    body += gap
    count = len(entries) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + end + comment


def refusal(tmp_path, data, **limits):
    path = tmp_path / "model.molgen"
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        read_archive(path, **limits)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert text.isprintable()
    return text


def whole(tmp_path, members=MEMBERS):
    path = tmp_path / "whole.molgen"
    write_archive(path, members, overwrite=True)
    return path.read_bytes()


def test_round_trip(tmp_path):
    write_archive(tmp_path / "a", MEMBERS)
    members = read_archive(tmp_path / "a")
    assert members == MEMBERS
    assert list(members) == ["manifest.json", "card.txt", "weights/net.safetensors"]
    assert read_json(members, "manifest.json", "a") == {"format": 1}


def test_hand_made_zip_is_read(tmp_path):
    # The attacks below are this file with one thing changed, so this file itself must be fine.
    path = tmp_path / "a"
    path.write_bytes(hand_made(Entry(), Entry(name=b"b/c.json", data=b"{}", method=0), Entry(name=b"d.txt", data=b"")))
    assert read_archive(path) == {"a.txt": b"hello", "b/c.json": b"{}", "d.txt": b""}


def test_zip_of_another_tool_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in MEMBERS.items():
            archive.writestr(name, data)
    assert read_archive(tmp_path / "a") == MEMBERS


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20])
@pytest.mark.parametrize("kind", ["zeros", "noise", "pattern"])
def test_round_trip_of_every_size(tmp_path, size, kind):
    noise = random.Random(1).randbytes(max(size, 10))
    data = {"zeros": bytes(size), "noise": noise[:size], "pattern": (noise[:10] * size)[:size]}[kind]
    write_archive(tmp_path / "a", {"x.txt": data})
    assert read_archive(tmp_path / "a") == {"x.txt": data}


def test_bytes_depend_on_the_members_alone(tmp_path, monkeypatch):
    first = whole(tmp_path)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert whole(tmp_path, dict(reversed(MEMBERS.items()))) == first


def test_existing_file_stays_unless_told(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"precious")
    with pytest.raises(InputError, match="--overwrite"):
        write_archive(path, MEMBERS)
    assert path.read_bytes() == b"precious"
    write_archive(path, MEMBERS, overwrite=True)
    assert read_archive(path) == MEMBERS
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["missing/a", "", "nul\0", "n" * 300])
def test_bad_place_to_write(tmp_path, name):
    with pytest.raises(InputError) as caught:
        write_archive(tmp_path / name, MEMBERS, overwrite=True)
    assert str(caught.value).isprintable()
    assert [path.name for path in tmp_path.iterdir()] == []


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_archive(tmp_path / "a", MEMBERS, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize("members", [{}, {"a.pkl": b""}, {"../a.txt": b""}, {f"{i}.txt": b"" for i in range(MAX_MEMBERS + 1)}])
def test_what_could_not_be_read_is_not_written(tmp_path, members):
    with pytest.raises(BundleError):
        write_archive(tmp_path / "a", members)
    assert [path.name for path in tmp_path.iterdir()] == []


BAD_NAMES = [
    b"../evil.txt", b"a/../b.txt", b"/etc/passwd.txt", b"a\\b.txt", b"c:/a.txt", b"c:a.txt", b"a//b.txt", b"./a.txt",
    b"a/", b"", b".txt", b"a.txt\n", b"a.txt\0.pkl", b"A.txt", b"a b.txt", b"\xff.txt", b"a.txt/b",
    b"model.pkl", b"archive/data.pkl", b"model.pt", b"code.py", b"model.joblib", b"a.npy", b"a.json.pkl", b"pickle",
    b"x" * 300 + b".txt",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names(tmp_path, name):
    assert "name that is not allowed" in refusal(tmp_path, hand_made(Entry(name=name)))


def test_utf8_name(tmp_path):
    assert "not allowed" in refusal(tmp_path, hand_made(Entry(name="ä.txt".encode(), flags=0x800)))
    assert "damaged" in refusal(tmp_path, hand_made(Entry(name=b"\xff.txt", flags=0x800)))


LIES = {
    "declares less": {"size": 3},
    "declares less, with the checksum of the part": {"size": 3, "crc": zlib.crc32(b"hel")},
    "declares more": {"size": 6},
    "stored, declares more": {"method": 0, "size": 6},
    "stored, declares less": {"method": 0, "size": 4},
    "wrong checksum": {"crc": 1},
    "no deflate stream": {"packed": b"\xff" * 20},
    "cut deflate stream": {"packed": deflate(b"hello")[:-2]},
    "bytes after the stream": {"packed": deflate(b"hello") + b"more"},
    "empty stream": {"packed": b""},
    "other name in front": {"local_name": b"b.txt"},
    "other size in front": {"local_size": 4},
    "encrypted": {"flags": 1},
    "strongly encrypted": {"flags": 0x41},
    "sizes after the data": {"flags": 8},
    "bzip2": {"method": 12},
    "lzma": {"method": 14},
    "unknown method": {"method": 99},
    "link": {"data": b"/etc/passwd", "attributes": (stat.S_IFLNK | 0o777) << 16},
    "pipe": {"attributes": stat.S_IFIFO << 16},
    "folder": {"attributes": 0x10},
    "past the limit": {"size": 2**32 - 1},
    "longer than the file": {"packed_size": 10_000},
    "nowhere": {"offset": 2**31},
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_member(tmp_path, lie):
    assert "member" in refusal(tmp_path, hand_made(Entry(**LIES[lie])))


def test_bomb(tmp_path):
    bomb = Entry(data=bytes(200 * 2**20))
    data = hand_made(bomb)
    assert len(data) < 250_000
    tracemalloc.start()
    assert "packed absurdly well" in refusal(tmp_path, data)
    # The same, when it says that it is small.
    assert "not of the size" in refusal(tmp_path, hand_made(Entry(packed=deflate(bomb.data), size=1000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 210 * 2**20  # the bomb itself is made here


def test_members_that_share_bytes(tmp_path):
    first, second = Entry(name=b"a.txt"), Entry(name=b"b.txt", offset=0)
    assert "out of place" in refusal(tmp_path, hand_made(first, second))


def test_other_zips(tmp_path):
    good = Entry()
    assert "twice" in refusal(tmp_path, hand_made(good, good))
    assert "out of place" in refusal(tmp_path, hand_made(good, prefix=pickle.dumps([1])))
    assert "no member" in refusal(tmp_path, hand_made(good, gap=pickle.dumps([1])))
    assert "comment" in refusal(tmp_path, hand_made(good, comment=b"hi"))
    assert "number of members" in refusal(tmp_path, hand_made())
    assert "damaged" in refusal(tmp_path, hand_made(good, count=2))
    assert "damaged" in refusal(tmp_path, hand_made(good, Entry(name=b"b.txt"), count=1))
    assert "number of members" in refusal(tmp_path, hand_made(*(Entry(name=b"%d.txt" % i) for i in range(MAX_MEMBERS + 1))))
    assert "damaged" in refusal(tmp_path, b"x" + hand_made(good))


def test_zip64(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(70_000):
            archive.writestr(f"{i}.txt", b"")
    assert "ZIP64" in refusal(tmp_path, buffer.getvalue(), max_members=10**6)
    # A locator hidden in the last bytes of an ordinary directory would send zipfile to a directory of its own.
    data = hand_made(Entry(name=b"PK\6\7" + b"\0" * 16))
    assert "ZIP64" in refusal(tmp_path, data)


def test_limits(tmp_path):
    data = whole(tmp_path)
    assert "too large" in refusal(tmp_path, data, max_member=10_000)
    assert "too large" in refusal(tmp_path, data, max_total=10_250)
    assert "number of members" in refusal(tmp_path, data, max_members=2)
    assert "too large" in refusal(tmp_path, bytes(5000), max_total=10, max_members=1)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all" * 100, pickle.dumps({"a": 1}), b"PK\5\6" + bytes(18)])
def test_not_a_zip(tmp_path, data):
    refusal(tmp_path, data)


def test_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in [
        tmp_path,
        tmp_path / "none",
        tmp_path / "pipe",
        tmp_path / "nul\0",
        tmp_path / "two\nlines",
        "/dev/zero",
    ]:
        with pytest.raises(BundleError, match="is a directory" if path == tmp_path else "no such file") as caught:
            read_archive(path)
        assert str(caught.value).isprintable()


def test_every_truncation(tmp_path):
    data = whole(tmp_path)
    for length in [*range(60), *range(60, len(data), 7), len(data) - 1]:
        refusal(tmp_path, data[:length])


def test_every_flipped_bit_is_noticed_or_harmless(tmp_path):
    data = whole(tmp_path)
    generator = random.Random(1)
    path = tmp_path / "a"
    refused = 0
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(generator.choice([1, 1, 2, 5])):
            damaged[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        try:
            # What may change unnoticed is a time or a version number, which nobody reads, never the content.
            assert read_archive(path) == MEMBERS
        except BundleError as error:
            assert str(error).isprintable()
            refused += 1
    assert refused > 700


def test_manifest_of_an_archive(tmp_path):
    write_archive(tmp_path / "a", {"manifest.json": write_json({"b": [1, 2.5, None], "a": "ä"})})
    assert read_json(read_archive(tmp_path / "a"), "manifest.json", "a") == {"a": "ä", "b": [1, 2.5, None]}
