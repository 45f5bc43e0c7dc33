"""Splits of sequences: contigs and clusters of them are in one part each, and other subjects are refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from rdkit import Chem

from molgen.bio.clusters import cluster_sequences
from molgen.data.dataset import load_dataset
from molgen.data.labelled import open_labelled
from molgen.data.splits import Split, SplitRows, make_folds, make_split
from molgen.errors import ConfigError, InputError
from molgen.subjects.pair import Pair

#: Rows of each contig.
SIZES = {"chr1": 40, "chr2": 30, "chr10": 25, "chr11": 20, **{f"s{at}": 5 for at in range(17)}}
PARTS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def contigs() -> list[str]:
    """200 rows, their contigs in random order."""
    return np.random.default_rng(0).permutation(np.repeat(list(SIZES), list(SIZES.values()))).tolist()


def from_contigs(contigs: list[str]) -> SplitRows:
    return SplitRows([None] * len(contigs), contigs=contigs)


def covered(split: Split, groups: list) -> dict[str, set]:
    """The groups of each part, every row of which is in it, and every row in one part."""
    parts = split.parts(len(groups))
    assert "" not in parts
    assert sum(split.sizes().values()) == len(groups)
    found = {name: {group for group, part in zip(groups, parts, strict=True) if part == name} for name in PARTS}
    assert sum(map(len, found.values())) == len(set(groups))
    return found


# --- contigs ---------------------------------------------------------------------------------------------------------


def test_named_contigs_are_held_out_and_nothing_else(contigs):
    split = make_split(from_contigs(contigs), "chromosome", valid="chr2", test=" chr10, s3,,chr10 ")
    rest = set(SIZES) - {"chr2", "chr10", "s3"}
    assert covered(split, contigs) == {"train": rest, "valid": {"chr2"}, "test": {"chr10", "s3"}}
    assert split.sizes() == {"train": 140, "valid": 30, "test": 30}
    for part in PARTS:
        assert (np.diff(getattr(split, part)) > 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_contigs_are_divided_where_none_is_named(contigs, seed):
    split = make_split(from_contigs(contigs), "chromosome", seed=seed)
    found = covered(split, contigs)
    assert {"chr1", "chr2", "chr10", "chr11"} <= found["train"]
    assert split.sizes() == {"train": 160, "valid": 20, "test": 20}


def test_the_seed_divides_contigs(contigs):
    tests = [covered(make_split(from_contigs(contigs), "chromosome", seed=seed), contigs)["test"] for seed in (0, 0, 1)]
    assert tests[0] == tests[1] != tests[2]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("named", "other"), [("test", "valid"), ("valid", "test")])
def test_one_part_is_named_and_the_rest_is_divided(contigs, seed, named, other):
    split = make_split(from_contigs(contigs), "chromosome", seed=seed, **{named: "chr2,s0"})
    found = covered(split, contigs)
    assert found[named] == {"chr2", "s0"}
    assert split.sizes()[named] == 35
    assert 0 < split.sizes()[other] <= 50
    assert split.sizes()["train"] >= 115


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("named", [{}, {"test": "chr0"}, {"valid": "chr0"}])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_few_contigs_leave_no_part_empty(named, n, seed):
    alike = [f"chr{at}" for at in range(n) for _ in range(10)]
    split = make_split(from_contigs(alike), "chromosome", seed=seed, **named)
    found = covered(split, alike)
    assert all(found[part] for part in PARTS)
    assert all(found[part] == {contig} for part, contig in named.items())


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_of_few_contigs_is_validated_on(seed):
    few = ["large"] * 30 + ["middle"] * 20 + ["small"] * 12
    found = covered(make_split(from_contigs(few), "chromosome", seed=seed), few)
    assert found["valid"] == {"small"}
    assert sorted([found["train"], found["test"]], key=str) == [{"large"}, {"middle"}]


def test_a_part_without_a_share_stays_empty(contigs):
    split = make_split(from_contigs(contigs), "chromosome", fractions=(0.9, 0.0, 0.1), test="chr2")
    assert covered(split, contigs) == {"train": set(SIZES) - {"chr2"}, "valid": set(), "test": {"chr2"}}


@pytest.mark.parametrize("part", ["valid", "test"])
def test_contigs_that_no_row_has_are_refused(contigs, part):
    with pytest.raises(InputError, match="split 'chromosome': no row of contig 'Chr2'; expected some of chr1, chr10, chr11, chr2"):
        make_split(from_contigs(contigs), "chromosome", **{part: "chr1,Chr2"})


def test_a_contig_has_one_part(contigs):
    with pytest.raises(ConfigError, match="split 'chromosome': a contig is in two parts; got chr2"):
        make_split(from_contigs(contigs), "chromosome", valid="chr1,chr2", test="s1,chr2,s2")


@pytest.mark.parametrize("data", [["ACGT" * 5] * 20, SplitRows([None] * 20)])
def test_without_contigs_there_is_no_split_by_them(data):
    message = "split 'chromosome': no contigs to split by; expected a BED file over a genome, or ids such as chr1:100-200"
    with pytest.raises(ConfigError, match=message):
        make_split(data, "chromosome", test="chr1")
    with pytest.raises(ConfigError, match=message):
        make_folds(data, "chromosome", 3)


@pytest.mark.parametrize("k", [3, 5])
def test_folds_keep_contigs_whole(contigs, k):
    folds = make_folds(from_contigs(contigs), "chromosome", k, seed=1)
    tested = [covered(fold, contigs)["test"] for fold in folds]
    assert sum(map(len, tested)) == len(set().union(*tested)) == len(SIZES)
    sizes = [len(fold.test) for fold in folds]
    assert sum(sizes) == 200
    assert max(sizes) - min(sizes) <= 5
    for at, fold in enumerate(folds):
        assert fold.valid.tolist() == folds[(at + 1) % k].test.tolist()


def test_more_folds_than_contigs_are_refused():
    with pytest.raises(InputError, match="split 'chromosome' cannot make 4 parts; got rows or groups for 3 only"):
        make_folds(from_contigs(["a", "b", "c"] * 5), "chromosome", 4)


@pytest.mark.parametrize("kind", ["bed", "ids", "column"])
def test_data_sets_know_their_contigs(tmp_path, kind):
    rng = np.random.default_rng(0)
    letters = {name: "".join(rng.choice(list("ACGT"), 300)) for name in ("c1", "c2", "c3")}
    places = [(name, start, start + 40) for start in (0, 50, 100, 150) for name in letters]
    (tmp_path / "genome.fa").write_text("".join(f">{name}\n{text}\n" for name, text in letters.items()))
    (tmp_path / "x.bed").write_text("".join(f"{name}\t{start}\t{stop}\n" for name, start, stop in places))
    (tmp_path / "x.fa").write_text("".join(f">{c}:{start}-{stop}(+)\n{letters[c][start:stop]}\n" for c, start, stop in places))
    rows = "".join(f"{at},{letters[c][start:stop]},{c}\n" for at, (c, start, stop) in enumerate(places))
    (tmp_path / "x.csv").write_text(f"id,sequence,Contig\n{rows}")
    labels = "".join(f"{at if kind == 'column' else f'{c}:{start}-{stop}'},{at}\n" for at, (c, start, stop) in enumerate(places))
    (tmp_path / "y.csv").write_text("id,y\n" + (labels.replace(",", "(+),") if kind == "ids" else labels))
    file, genome = {"bed": ("x.bed", tmp_path / "genome.fa"), "ids": ("x.fa", None), "column": ("x.csv", None)}[kind]
    table = open_labelled(tmp_path / file, labels=tmp_path / "y.csv", genome=genome)
    dataset = load_dataset(table, targets=["y"], reads="sequence")
    assert dataset.contigs == [name for name, _, _ in places]
    split = make_split(dataset, "chromosome", valid="c3", test="c1")
    assert (split.test.tolist(), split.valid.tolist(), split.train.tolist()) == ([0, 3, 6, 9], [2, 5, 8, 11], [1, 4, 7, 10])


# --- clusters --------------------------------------------------------------------------------------------------------


def related(letters: str, n: int, seed: int = 0) -> tuple[list[str], list[int]]:
    """Families of sequences with a letter in fifty changed, and the family of each, in random order."""
    rng = np.random.default_rng(seed)
    made = []
    for family in range(n):
        ancestor = rng.choice(list(letters), 100)
        for _ in range(1 + family % 8):
            changed = np.where(rng.random(100) < 0.02, rng.choice(list(letters), 100), ancestor)
            made.append(("".join(changed[int(rng.integers(0, 20)) :]), family))
    order = rng.permutation(len(made))
    return [made[at][0] for at in order], [made[at][1] for at in order]


DNA, PROTEIN = "ACGT", "ACDEFGHIKLMNPQRSTVWY"


@pytest.mark.parametrize("letters", [DNA, PROTEIN])
@pytest.mark.parametrize("seed", range(3))
def test_families_are_in_one_part(letters, seed):
    sequences, family = related(letters, 48)
    split = make_split(sequences, "cluster", seed=seed)
    found = covered(split, family)
    assert all(len(found[part]) > 1 for part in PARTS)
    assert split.sizes()["train"] == pytest.approx(0.8 * len(sequences), abs=8)


def test_families_need_not_be_in_one_part_of_a_random_split():
    sequences, family = related(DNA, 48)
    parts = make_split(sequences, "random").parts(len(sequences))
    assert len(set(zip(family, parts, strict=True))) > 48


@pytest.mark.parametrize("letters", [DNA, PROTEIN])
def test_folds_keep_families_whole(letters):
    sequences, family = related(letters, 40)
    folds = make_folds(sequences, "cluster", 4, seed=2)
    tested = [covered(fold, family)["test"] for fold in folds]
    assert sum(map(len, tested)) == len(set().union(*tested)) == 40
    assert max(len(fold.test) for fold in folds) - min(len(fold.test) for fold in folds) <= 8


@pytest.mark.parametrize("share", [0.02, 0.2, 0.7, 1])
def test_no_two_parts_share_as_many_words(share):
    sequences, _ = related(PROTEIN, 30, seed=1)
    split = make_split(sequences, "cluster", share=share)
    words = [{text[at : at + 5] for at in range(len(text) - 4)} for text in sequences]
    parts = split.parts(len(sequences))
    for at, one in enumerate(words):
        for other, part in zip(words, parts, strict=True):
            assert part == parts[at] or Fraction(len(one & other), min(len(one), len(other))) < Fraction(str(share))
    clusters = cluster_sequences(sequences, "protein", share).tolist()
    assert sum(map(len, covered(split, clusters).values())) == len(set(clusters))


def test_the_share_decides_what_is_related():
    start, *ends = ("".join(np.random.default_rng(at).choice(list(PROTEIN), 30)) for at in range(5))
    sequences = [start + end for end in ends]  # some 26 of 56 words in common
    assert [len(fold.test) for fold in make_folds(sequences, "cluster", 4, share=0.6)] == [1] * 4
    with pytest.raises(InputError, match="split 'cluster' cannot make 4 parts; got rows or groups for 1 only"):
        make_folds(sequences, "cluster", 4, share=0.4)


@pytest.mark.parametrize("both_strands", [True, False])
def test_other_strands_are_together_where_that_is_asked_for(both_strands):
    rng = np.random.default_rng(0)
    forward = ["".join(rng.choice(list(DNA), 60)) for _ in range(40)]
    backward = [text.translate(str.maketrans("ACGT", "TGCA"))[::-1] for text in forward]
    parts = make_split([*forward, *backward], "cluster", both_strands=both_strands).parts(80)
    assert (parts[:40] == parts[40:]) == both_strands
    assert set(parts) == set(PARTS)


def test_pairs_are_split_by_either_side():
    sequences, family = related(PROTEIN, 20)
    molecules = [
        Chem.MolFromSmiles("C" * (1 + at % 7) + "c1ccccc1" * (at % 2) + "C1CC1" * (at % 3)) for at in range(len(sequences))
    ]
    pairs = [Pair(mol, text) for mol, text in zip(molecules, sequences, strict=True)]
    by_sequence = make_split(pairs, "cluster")
    covered(by_sequence, family)
    assert by_sequence.parts(len(pairs)) == make_split(sequences, "cluster").parts(len(pairs))
    assert make_split(pairs, "scaffold").parts(len(pairs)) == make_split(molecules, "scaffold").parts(len(pairs))


@pytest.mark.parametrize("split", [make_split, make_folds])
@pytest.mark.parametrize("name", ["scaffold", "scaffold-deepchem", "scaffold-balanced", "butina"])
def test_sequences_have_no_scaffolds(split, name):
    with pytest.raises(ConfigError, match="sequences cannot be split by molecular structure; use cluster, chromosome, random"):
        split(["ACGTACGTACGTACG"] * 10, name)


@pytest.mark.parametrize("split", [make_split, make_folds])
def test_molecules_have_no_words(split):
    with pytest.raises(ConfigError, match="molecules cannot be split by sequence; use scaffold or butina"):
        split([Chem.MolFromSmiles("CCO")] * 10, "cluster")


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_shares_that_are_none(share):
    with pytest.raises(ConfigError, match="unusable share of split 'cluster'; expected above 0, up to 1"):
        make_split(["ACGT" * 5] * 10, "cluster", share=share)


def test_proteins_have_no_other_strand():
    with pytest.raises(ConfigError, match="split 'cluster': proteins have no other strand; got both_strands true"):
        make_split(["MKLVINGKWE" * 3] * 10, "cluster", both_strands=True)
