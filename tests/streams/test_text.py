"""Bytes to lines, for everything that files do to them."""

from __future__ import annotations

import gzip
import os
import re
import threading
import tracemalloc
from pathlib import Path

import pytest

from molgen.errors import InputError
from molgen.streams.text import KEPT, MAX_LINE, read_blocks, read_lines


def write(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def texts(path: Path) -> list[str]:
    return [line.text for line in read_lines(path)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n", "\r\n\n"])
@pytest.mark.parametrize("final", [True, False])
def test_line_ends(tmp_path, end, final):
    path = write(tmp_path, (end.join(["a,b", "C,1", "N,2"]) + (end if final else "")).encode())
    assert texts(path) == ["a,b", "C,1", "N,2"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_blank_lines_are_lines(tmp_path, end):
    path = write(tmp_path, f"a{end}{end}b{end}{end}".encode() if end != "\r\r\n" else b"a\r\r\n\r\r\nb\r\r\n\r\r\n")
    assert texts(path) == ["a", "", "b", ""]


def test_a_blank_line_in_a_crlf_file_is_a_line(tmp_path):
    assert texts(write(tmp_path, b"a\r\n\nb\r\n")) == ["a", "", "b"]


def test_mixed_line_ends(tmp_path):
    lines = list(read_lines(write(tmp_path, b"a\nb\r\nc\rd\r\r\ne")))
    assert [line.text for line in lines] == ["a", "b", "c", "d", "e"]
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]


def test_numbers_count_feeds_where_the_file_doubles_them(tmp_path):
    lines = list(read_lines(write(tmp_path, b"a\r\n\nb\r\n\nc\r\n\n")))
    assert [(line.number, line.text) for line in lines] == [(1, "a"), (3, "b"), (5, "c")]


def test_other_unicode_line_ends_are_text(tmp_path):
    content = "a\x0bb\x0cc\x85d\u2028e\x1cf and a few words more\n"
    assert texts(write(tmp_path, content.encode())) == [content[:-1]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n", "\r\n\n"])
def test_ends_at_every_place_of_a_chunk(tmp_path, monkeypatch, end):
    lines = ["CCO" * (i % 7) + str(i) for i in range(60)]
    path = write(tmp_path, (end.join(lines) + end).encode())
    for size in range(20 if end == "\r\n\n" else 1, 60):  # the doubled end shows only where there are two of them
        monkeypatch.setattr("molgen.streams.source._CHUNK", size)
        monkeypatch.setattr("molgen.streams.source._HEAD", max(size, 12))
        assert texts(path) == lines


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(tmp_path, encoding):
    text = "smiles,name\r\nCCO,\u00e9thanol\r\nCCN,\u03b1-amine\r\n"
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    assert texts(write(tmp_path, marks.get(encoding, b"") + text.encode(encoding))) == text.split("\r\n")[:-1]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(tmp_path, encoding):
    assert texts(write(tmp_path, "smiles,id\nCCO,1\n".encode(encoding))) == ["smiles,id", "CCO,1"]


def test_each_line_is_decoded_for_itself(tmp_path):
    notes: list[str] = []
    path = write(tmp_path, "a\n\u00e9 utf8\n".encode() + "\u00e9 cp1252 \u20ac\n".encode("cp1252") + b"\x81 latin\n")
    lines = [line for block in read_blocks(path, notes) for line in block.lines]
    assert lines == ["a", "\u00e9 utf8", "\u00e9 cp1252 \u20ac", "\x81 latin"]
    assert notes == ["some lines are not UTF-8: they were read as Windows-1252"]


def test_gzip_by_content_and_several_members(tmp_path):
    content = gzip.compress(b"a\nb") + gzip.compress(b"") + gzip.compress(b"c\nd\n") + b"\0" * 100
    assert texts(write(tmp_path, content, "no_suffix.csv")) == ["a", "bc", "d"]
    assert texts(write(tmp_path, b"a\nb\n", "plain.csv.gz")) == ["a", "b"]


def test_many_small_members(tmp_path):
    content = b"".join(gzip.compress(f"line {i}\n".encode()) for i in range(500))
    assert texts(write(tmp_path, content)) == [f"line {i}" for i in range(500)]


def read_until_error(path: Path) -> tuple[list[str], str]:
    found = []
    with pytest.raises(InputError) as error:
        for line in read_lines(path):
            found.append(line.text)
    return found, str(error.value)


def test_truncated_gzip_delivers_the_lines_before_the_cut(tmp_path):
    lines = [os.urandom(20).hex() for _ in range(20_000)]
    packed = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    found, message = read_until_error(write(tmp_path, packed[: len(packed) // 2]))
    assert found == lines[: len(found)]
    assert 0.45 * len(lines) < len(found) < 0.55 * len(lines)
    assert f"good lines up to line {len(found)};" in message
    assert "t.csv" in message
    assert "ends too early" in message


def test_gzip_cut_in_its_trailer_or_a_second_header(tmp_path):
    packed = gzip.compress(b"a\nb\n")
    assert read_until_error(write(tmp_path, packed[:-3]))[0] == ["a", "b"]
    assert read_until_error(write(tmp_path, packed + packed[:5]))[0] == ["a", "b"]
    assert read_until_error(write(tmp_path, packed[:12]))[0] == []


def test_corrupt_gzip_delivers_the_lines_before_the_fault(tmp_path):
    lines = [os.urandom(20).hex() for _ in range(20_000)]
    packed = bytearray(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    fault = len(packed) * 3 // 4
    packed[fault : fault + 50] = b"\xff" * 50
    found, message = read_until_error(write(tmp_path, bytes(packed)))
    good = next((i for i, (a, b) in enumerate(zip(found, lines, strict=False)) if a != b), len(found))
    assert good > 0.7 * len(lines)
    assert "cannot be unpacked" in message


def test_wrong_gzip_checksum(tmp_path):
    packed = bytearray(gzip.compress(b"a\nb\n"))
    packed[-6] ^= 1
    found, message = read_until_error(write(tmp_path, bytes(packed)))
    assert found == ["a", "b"]
    assert "incorrect data check" in message


def test_bytes_after_the_gzip_data(tmp_path):
    found, message = read_until_error(write(tmp_path, gzip.compress(b"a\nb\n") + b"CCO,1\n"))
    assert found == ["a", "b"]
    assert "good lines up to line 2" in message


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PAR1\x15\x04\x15\x10" + bytes(50), "a Parquet file"),
        (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml" + bytes(90), "an Excel workbook"),
        (b"PK\x03\x04\x14\0\x06\0a.csv" + bytes(90), "a zip archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "an old Excel or Word file"),
        (b"a,b\nC\0C,1\n", "NUL"),
        (bytes(range(256)) * 4, "binary data"),
        (gzip.compress(gzip.compress(b"a\n", mtime=0), mtime=0), "gzip file inside a packed file"),
    ],
)
def test_binary_files_are_named(tmp_path, content, kind):
    for data in (content, gzip.compress(content)):
        with pytest.raises(InputError, match=re.escape(kind)) as error:
            texts(write(tmp_path, data))
        assert error.value.remedy


def test_text_that_begins_like_a_binary_file(tmp_path):
    assert texts(write(tmp_path, b"PAR1,smiles\n1,CCO\n")) == ["PAR1,smiles", "1,CCO"]


def test_nul_far_into_a_file_is_a_problem_of_its_line(tmp_path):
    path = write(tmp_path, b"CCO\n" * 5000 + b"C\0C\n" + b"CCN\n")
    lines = list(read_lines(path))
    assert len(lines) == 5002
    assert lines[5000].text == "C\ufffdC"
    assert "NUL" in (lines[5000].problem or "")
    assert lines[5001] == (5002, "CCN", None)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xff\xfe", gzip.compress(b"", mtime=0)])
def test_empty_files(tmp_path, content):
    with pytest.raises(InputError, match="the file is empty"):
        texts(write(tmp_path, content))


def test_missing_file_and_folder(tmp_path):
    write(tmp_path, b"a\n", "library.csv")
    with pytest.raises(InputError, match=r"no such file.*did you mean .*library\.csv"):
        texts(tmp_path / "libary.csv")
    with pytest.raises(InputError, match="no such file"):
        texts(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(InputError, match="a folder where a file was expected"):
        texts(tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_long_lines_are_cut(tmp_path, pack, end):
    long = "\u00e9".encode() * (2 * MAX_LINE)
    middle = b"N" * (MAX_LINE + 5)
    path = write(tmp_path, pack(end.join([b"first", long, b"next", middle, b"last"]) + end))
    lines = list(read_lines(path))
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert [line.problem is None for line in lines] == [True, False, True, False, True]
    assert lines[1].text == "\u00e9" * (len(lines[1].text))
    assert KEPT // 2 <= len(lines[1].text) <= KEPT
    assert (lines[2].text, lines[4].text) == ("next", "last")


def test_long_line_at_the_end(tmp_path):
    lines = list(read_lines(write(tmp_path, b"a\n" + b"C" * 3_000_000)))
    assert [line.text for line in lines] == ["a", "C" * KEPT]
    assert lines[1].problem


def test_constant_memory(tmp_path):
    path = tmp_path / "long.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(40):
            file.write(b"C" * 1_000_000)
        file.write(b"\n" + b"CCO,1\n" * 100_000)
    tracemalloc.start()
    count = sum(1 for _ in read_lines(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_001
    assert peak < 12e6


def test_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a\nb\n",))
    writer.start()
    assert texts(path) == ["a", "b"]
    writer.join()
