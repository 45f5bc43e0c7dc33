"""Motifs: files of JASPAR, best matches against Biopython, and what is like what."""

import numpy as np
import pytest
from Bio import motifs as bio_motifs
from Bio.Seq import Seq

from molgen.bio.motifs import Motif, match_motif, read_motifs, scan_motif, similarity
from molgen.errors import InputError


def motif(consensus, name="x", share=0.91):
    shares = np.full((len(consensus), 4), (1 - share) / 3)
    shares[range(len(consensus)), ["ACGT".index(letter) for letter in consensus]] = share
    return Motif(name, name, shares)


def test_files_come_back(tmp_path):
    path = tmp_path / "m.jaspar"
    path.write_text(motif("TATAATGC", "one").to_jaspar() + motif("GGGACT", "two").to_jaspar())
    read = read_motifs(path)
    assert [(each.id, each.consensus) for each in read] == [("one", "TATAATGC"), ("two", "GGGACT")]
    assert np.allclose(read[0].shares, motif("TATAATGC").shares, atol=1e-3)
    with path.open() as handle:
        assert [each.matrix_id for each in bio_motifs.parse(handle, "jaspar")] == ["one", "two"]


@pytest.mark.parametrize("text", ["", "no motifs\n", ">x\ty\nA [ 1 2 ]\nC [ 1 ]\n", ">x\ty\nA [0 1]\nC [0 1]\nG [0 1]\nT [0 1]\n"])
def test_files_that_hold_none_are_refused(tmp_path, text):
    (tmp_path / "m.jaspar").write_text(text)
    with pytest.raises(InputError):
        read_motifs(tmp_path / "m.jaspar")


def test_best_matches_are_biopythons(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(50)]
    one = Motif("x", "x", rng.dirichlet(np.ones(4), 8))
    theirs = bio_motifs.Motif(alphabet="ACGT", counts={letter: one.shares[:, at] for at, letter in enumerate("ACGT")})
    scoring = theirs.counts.normalize(pseudocounts=0.05).log_odds()
    for row, hit in zip(rows, scan_motif(one, rows), strict=True):
        forward, reverse = scoring.calculate(Seq(row)), scoring.reverse_complement().calculate(Seq(row))
        assert hit.score == pytest.approx(max(forward.max(), reverse.max()), abs=1e-4)
        assert hit.strand == ("+" if forward.max() >= reverse.max() else "-")
        assert hit.start == (forward if hit.strand == "+" else reverse).argmax()


def test_short_rows_have_no_match_and_unclear_letters_count_for_nothing():
    hits = scan_motif(motif("TATAAT"), ["TATA", "NNTATAATNN", "ccattatacc"])
    assert hits[0] is None and (hits[1].start, hits[1].strand) == (2, "+") and (hits[2].start, hits[2].strand) == (2, "-")


def test_a_motif_is_most_like_itself_wherever_and_whichever_way_it_is_read():
    one = motif("TTGACATATAAT")
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, one.other_strand) == pytest.approx(1)
    assert similarity(one, motif("GACATATA")) > 0.9
    assert similarity(one, motif("CCGGCCGGCCGG")) < 0.5
    found, score = match_motif(motif("ATTATATG"), [motif("CCCGGGCC", "no"), one])
    assert found.name == "x" and score > 0.8
