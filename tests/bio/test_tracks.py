"""Counts along a genome, from bedGraph and bigWig files."""

import gzip

import numpy as np
import pyBigWig
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molgen.bio.tracks import open_track
from molgen.errors import InputError

LENGTHS = {"chr1": 500, "chr2": 80}


def dense(seed=0):
    rng = np.random.default_rng(seed)
    return {contig: rng.poisson(0.4, n).astype(np.float32) * 2.5 for contig, n in LENGTHS.items()}


def stretches(counts):
    """The same as runs of equal counts, without zeros."""
    ends = np.append(np.flatnonzero(np.diff(counts)) + 1, len(counts)).tolist()
    return [(start, stop, float(counts[start])) for start, stop in zip([0, *ends], ends, strict=False) if counts[start]]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    lines = [f"{contig}\t{a}\t{b}\t{n:g}" for contig, counts in dense().items() for a, b, n in stretches(counts)]
    rng = np.random.default_rng(1)
    text = "\n".join(["track type=bedGraph", "# about", *rng.permutation(lines), "", "browser position chr1"])
    (folder / "a.bedgraph").write_text(text + "\r\n")
    (folder / "a.bg.gz").write_bytes(gzip.compress(text.encode()))
    with pyBigWig.open(str(folder / "a.bw"), "w") as file:
        file.addHeader(list(LENGTHS.items()))
        for contig, counts in dense().items():
            starts, stops, values = map(list, zip(*stretches(counts), strict=True))
            file.addEntries([contig] * len(starts), starts, ends=stops, values=values)
    return [open_track(folder / name) for name in ("a.bedgraph", "a.bg.gz", "a.bw")]


@given(st.sampled_from(sorted(LENGTHS)), st.integers(-20, 520), st.integers(0, 90))
def test_all_formats_tell_each_place(files, contig, start, length):
    whole = np.zeros(2000, np.float32)
    whole[500 : 500 + LENGTHS[contig]] = dense()[contig]
    wanted = whole[500 + start : 500 + start + length]
    for track in files:
        found = track.fetch(contig, start, start + length)
        assert found.dtype == np.float32 and found.tolist() == wanted.tolist(), track.name


def test_what_is_not_counted_is_not_zero(files):
    for track in files:
        with pytest.raises(InputError, match=r"no counts on contig 'X'.*chr1"):
            track.fetch("X", 0, 10)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("chr1\t0\t10\t3\nchr1\t9\t12\t1\n", "two counts for one place.*chr1:9"),
        ("chr1\t0\t10\t-3\n", "line 1.*a number of 0 or more"),
        ("chr1\t0\t10\t1e300\n", "line 1.*a number of 0 or more"),
        ("chr1\t0\t10\tmany\n", "line 1.*a number of 0 or more"),
        ("chr1\t1\t99999999999999999999\t2\n", "line 1.*contig, start, stop and count"),
        ("chr1\t1_0\t20\t2\n", "line 1.*contig, start, stop and count"),
        ("chr1\t0\t10\tnan\n", "line 1.*a number of 0 or more"),
        ("chr1\t0\t10\n", "line 1.*contig, start, stop and count"),
        ("chr1\t0\t10\t3\nchr1\t20\t15\t3\n", "line 2"),
        ("chr1\t0\t10\t3\tname\n", "line 1"),
        ("# nothing\n", "no counts"),
        ("", "empty"),
    ],
)
def test_what_is_no_track_is_refused(tmp_path, text, why):
    (tmp_path / "bad.bedgraph").write_text(text)
    with pytest.raises(InputError, match=why):
        open_track(tmp_path / "bad.bedgraph")


def big_wig(path, values):
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 1000)])
        if values:
            starts = list(range(0, 10 * len(values), 10))
            file.addEntries(["chr1"] * len(values), starts, ends=[start + 5 for start in starts], values=values)
    return path


@pytest.mark.parametrize("value", [-2.0, -0.4, float("inf"), 3e38])
def test_negative_and_endless_numbers_are_no_counts(tmp_path, value):
    track = open_track(big_wig(tmp_path / "a.bw", [1.0, value]))
    assert track.fetch("chr1", 0, 8).tolist() == [1] * 5 + [0] * 3
    with pytest.raises(InputError, match=r"0 or more.*chr1:0-20"):
        track.fetch("chr1", 0, 20)


def test_a_bigwig_without_values_has_no_counts(tmp_path):
    assert open_track(big_wig(tmp_path / "a.bw", [])).fetch("chr1", 0, 3).tolist() == [0, 0, 0]


def test_a_cut_bigwig_is_refused(tmp_path):
    whole = big_wig(tmp_path / "a.bw", [float(n % 7) for n in range(90)]).read_bytes()
    for cut in (24, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.bw").write_bytes(whole[:cut])
        with pytest.raises(InputError, match="no whole bigWig file"):
            open_track(tmp_path / "cut.bw")
