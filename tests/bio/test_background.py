"""Backgrounds of intervals: other stretches of the same contig that hold as much G and C."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from molgen.bio import Genome
from molgen.bio.background import Place, match_background

BLOCK = 400


def in_blocks(rng: np.random.Generator, blocks: int) -> str:
    """Letters whose share of G and C changes from block to block, some blocks in lower case."""
    texts = []
    for gc in rng.uniform(0.2, 0.8, blocks):
        text = "".join(rng.choice(list("ACGT"), BLOCK, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))
        texts.append(text.lower() if rng.random() < 0.3 else text)
    return "".join(texts)


def share(letters: str) -> float:
    return sum(letter in "GC" for letter in letters.upper()) / len(letters)


def overlaps(one: Place, other: Place) -> bool:
    return one.contig == other.contig and one.start < other.stop and other.start < one.stop


@pytest.fixture(scope="module")
def letters() -> dict[str, str]:
    rng = np.random.default_rng(0)
    one, two = in_blocks(rng, 150), in_blocks(rng, 60)
    scattered = "".join("N" if at % 701 == 0 else letter for at, letter in enumerate(one))
    return {"one": scattered, "two": two[:9000] + "N" * 3000 + "n" * 1000 + two[13_000:]}


@pytest.fixture
def genome(tmp_path, letters) -> Iterator[Genome]:
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in letters.items()))
    with Genome(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def places(letters) -> list[Place]:
    """Some 80 stretches of three lengths, overlapping ones and such with more G and C than most among them."""
    rng = np.random.default_rng(1)
    found: list[Place] = []
    while len(found) < 80:
        contig, length = str(rng.choice(["one", "one", "two"])), int(rng.choice([100, 200, 201]))
        start = int(rng.integers(0, len(letters[contig]) - length))
        text = letters[contig][start : start + length].upper()
        if "N" not in text and (share(text) > 0.5 or rng.random() < 0.4):
            found.append(Place(contig, start, start + length))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_matches_are_like_their_places_and_none_of_them(genome, letters, places, seed):
    found = match_background(genome, places, np.random.default_rng(seed))
    assert None not in found
    for place, match in zip(places, found, strict=True):
        assert (match.contig, match.stop - match.start) == (place.contig, place.stop - place.start)
        assert match.start >= 0
        assert match.stop <= len(letters[match.contig])
        assert not any(overlaps(match, other) for other in places)
        assert "N" not in letters[match.contig][match.start : match.stop].upper()
    assert len(set(found)) == len(places)


def test_matches_hold_as_much_g_and_c(genome, letters, places):
    found = match_background(genome, places, np.random.default_rng(0))
    wanted, got = (np.array([share(letters[contig][start:stop]) for contig, start, stop in each]) for each in (places, found))
    assert np.abs(wanted - got).mean() < 0.03
    by_chance = np.random.default_rng(0).permutation(got)
    assert np.abs(wanted - by_chance).mean() > 0.1


def test_the_seed_decides_which(genome, places):
    first, again, other = (match_background(genome, places, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first == again
    assert len(set(first) & set(other)) < len(places) / 4


def test_no_places_have_no_matches(genome):
    assert match_background(genome, [], np.random.default_rng(0)) == []


def small(tmp_path, **contigs: str) -> Genome:
    path = tmp_path / "small.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in contigs.items()))
    return Genome(path)


def test_contigs_without_room_have_none(tmp_path):
    places = [
        Place("covered", 0, 50),
        Place("wide", 100, 150),
        Place("covered", 50, 100),
        Place("unknown", 20, 60),
        Place("narrow", 20, 60),
        Place("whole", 0, 30),
    ]
    contigs = {"covered": "ACGT" * 25, "wide": "ACGT" * 100, "unknown": "N" * 20 + "ACGT" * 10 + "n" * 400}
    with small(tmp_path, **contigs, narrow="ACGT" * 22, whole="A" * 30) as genome:
        found = match_background(genome, places, np.random.default_rng(0))
    assert [place is None for place in found] == [True, False, True, True, True, True]
    assert found[1].contig == "wide"
    assert not overlaps(found[1], places[1])


@pytest.mark.parametrize("seed", range(3))
def test_the_one_room_that_is_left_is_found(tmp_path, seed):
    with small(tmp_path, one="ACGT" * 50) as genome:
        found = match_background(genome, [Place("one", 0, 100)], np.random.default_rng(seed))
    assert found == [Place("one", 100, 200)]


def test_too_little_room_is_given_out_once(tmp_path):
    places = [Place("one", at, at + 1) for at in range(2, 10)]
    with small(tmp_path, one="ACGTACGTACGT") as genome:
        found = match_background(genome, places, np.random.default_rng(0))
    assert sorted(place for place in found if place is not None) == [Place("one", at, at + 1) for at in (0, 1, 10, 11)]


def test_a_long_place_is_kept_clear_of_to_its_end(tmp_path):
    places = [Place("one", 0, 950), *(Place("one", at, at + 10) for at in range(0, 400, 20))]
    with small(tmp_path, one="ACGT" * 250) as genome:
        long, *found = match_background(genome, places, np.random.default_rng(0))
    assert long is None
    starts = [place.start for place in found if place is not None]
    assert len(starts) > 10
    assert min(starts) >= 950
