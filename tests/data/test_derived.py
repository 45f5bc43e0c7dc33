"""Tables put together from others: labels and joins by id, a class for each file, drawn negatives, intervals of a genome."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from molgen.bio import Genome
from molgen.data.dataset import load_dataset
from molgen.data.intervals import IntervalTable
from molgen.data.labelled import open_labelled
from molgen.data.tables import AnyTable
from molgen.errors import ConfigError, InputError
from molgen.streams.source import Source

LETTERS = {name: "".join(random.Random(name).choices("ACGT", k=length)) for name, length in (("c1", 1000), ("c2", 600))}


def other_strand(text: str) -> str:
    return text.translate(str.maketrans("ACGTacgt", "TGCAtgca"))[::-1]


def told(table: AnyTable, *columns: str) -> list[tuple[str, ...]]:
    """The cells of some columns."""
    at = [table.columns.index(name) for name in columns]
    return [tuple(row.values[each] for each in at) for row in table.rows()]


def problems(table: AnyTable) -> list[str | None]:
    return [row.problem for row in table.rows()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "genome.fa").write_text("".join(f">{name}\n{text}\n" for name, text in LETTERS.items()))
    (tmp_path / "seqs.fa").write_text(">a first\nACGTACGATTACA\n>b\nGGGTTTACAGATACA\n>c third one\nTTTTCCGATCATCG\n")
    (tmp_path / "others.fa").write_text(">x\nCCCCGATTACAAA\n>y\nTGTGTGATCGGA\n")
    (tmp_path / "peaks.bed").write_text("c1\t100\t140\tone\t7\t+\nc1\t300\t341\t.\t9\t-\nc2\t50\t90\n")
    return tmp_path


# --- labels ----------------------------------------------------------------------------------------------------------


def test_labels_are_found_by_id(folder):
    (folder / "y.csv").write_text("name,y,z\n c ,3.5,u\na,1.5,v\nd,9,w\ne,8,w\na,1.5,v\n")
    table = open_labelled(folder / "seqs.fa", labels=folder / "y.csv")
    assert table.columns == ["sequence", "id", "description", "y", "z"]
    assert told(table, "id", "y", "z") == [("a", "1.5", "v"), ("b", "", ""), ("c", "3.5", "u")]
    assert problems(table) == [None] * 3
    assert told(table, "sequence", "description")[2] == ("TTTTCCGATCATCG", "third one")
    assert table.notes == [f"{folder / 'y.csv'}: 2 ids are not in {folder / 'seqs.fa'}, such as 'd'"]


def test_ids_are_the_first_column_of_labels_where_no_name_says_so(folder):
    (folder / "y.csv").write_text("which,y\nb,2\nc,3\n")
    assert told(open_labelled(folder / "seqs.fa", labels=folder / "y.csv"), "id", "y") == [("a", ""), ("b", "2"), ("c", "3")]


def test_labels_that_disagree_are_a_problem_of_their_row(folder):
    (folder / "y.csv").write_text("id,y,z\na,1,u\nb,2,u\na,1,v\nc,3,u\nc,3,u\n")
    table = open_labelled(folder / "seqs.fa", labels=folder / "y.csv")
    assert problems(table) == [f"{folder / 'y.csv'} says different things of 'a'", None, None]
    dataset = load_dataset(table, targets=["y"])
    assert (dataset.ids, dataset.targets[:, 0].tolist()) == (["b", "c"], [2, 3])
    assert dataset.dropped == [(1, f"{folder / 'y.csv'} says different things of 'a'")]


@pytest.mark.parametrize(
    ("labels", "got"), [("id,y\nd,1\ne,2\n", "got 'a' and 'd'"), ("id,y\nA,1\n", "got 'a' and 'A'"), ("id,y\n", "got no labels")]
)
def test_labels_of_other_ids_are_refused(folder, labels, got):
    (folder / "y.csv").write_text(labels)
    table = open_labelled(folder / "seqs.fa", labels=folder / "y.csv")
    with pytest.raises(InputError, match=rf"seqs\.fa: no id of .*y\.csv is in it; expected the same ids; {got}"):
        list(table.rows())


def test_labels_need_ids_to_be_found_by(folder):
    (folder / "rows.csv").write_text("sequence,length\nACGTACGATTACA,13\n")
    (folder / "y.csv").write_text("id,y\na,1\n")
    with pytest.raises(InputError, match=r"rows\.csv: no column of ids.*got sequence, length"):
        open_labelled(folder / "rows.csv", labels=folder / "y.csv")


def test_labels_are_part_of_the_checksum(folder):
    sums = []
    for label in "123":
        (folder / "y.csv").write_text(f"id,y\na,{label}\n")
        sums.append(open_labelled(folder / "seqs.fa", labels=folder / "y.csv").fingerprint())
    assert [each["file"] for each in sums] == ["seqs.fa, y.csv"] * 3
    assert len({each["sha256"] for each in sums}) == 3
    both = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("seqs.fa", "y.csv")]
    assert sums[2]["sha256"] == hashlib.sha256("".join(both).encode()).hexdigest()


def test_a_file_that_negatives_are_drawn_from_is_told_once(folder):
    files = [folder / "seqs.fa", folder / "others.fa"]
    assert open_labelled(files, negatives="dinucleotide").fingerprint()["file"] == "seqs.fa, others.fa"
    assert open_labelled(files[0], negatives=files[1]).fingerprint()["file"] == "seqs.fa, others.fa"


def test_a_column_of_the_rows_does_not_hide_the_labels(folder):
    (folder / "y.csv").write_text("id,score\none,0.25\n")
    with pytest.raises(InputError, match="'score'"):
        open_labelled(folder / "peaks.bed", genome=folder / "genome.fa", labels=folder / "y.csv")


def test_rows_without_an_id_get_no_label(folder):
    (folder / "rows.csv").write_text("id,sequence\na,ACGTACGATTACA\n,GGGTTTACAGATACA\n")
    (folder / "y.csv").write_text("id,y\na,1\n,2\n,3\n")
    table = open_labelled(folder / "rows.csv", labels=folder / "y.csv")
    assert told(table, "y") == [("1",), ("",)]
    assert problems(table) == [None, None]


# --- joins -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pairs(folder: Path) -> Path:
    (folder / "pairs.csv").write_text("drug_id,protein,affinity\nD1,a,5.5\nD2,c,6.5\nD1,c,7.5\nD3,z,8.5\n")
    (folder / "drugs.csv").write_text("smiles,drug_id\nCCO,D1\nCCN,D2\nCCC,D9\n")
    return folder


def test_tables_are_joined_by_the_column_that_both_have(pairs):
    table = open_labelled(pairs / "pairs.csv", joins=[pairs / "drugs.csv"])
    assert table.columns == ["drug_id", "protein", "affinity", "smiles"]
    assert told(table, "drug_id", "affinity", "smiles") == [
        ("D1", "5.5", "CCO"),
        ("D2", "6.5", "CCN"),
        ("D1", "7.5", "CCO"),
        ("D3", "8.5", ""),
    ]
    assert table.notes == [f"{pairs / 'drugs.csv'}: 1 ids are not in {pairs / 'pairs.csv'}, such as 'D9'"]


def test_sequences_are_joined_by_a_column_that_is_named(pairs):
    table = open_labelled(pairs / "pairs.csv", joins=[str(pairs / "drugs.csv"), f"Protein={pairs / 'seqs.fa'}"])
    assert table.columns == ["drug_id", "protein", "affinity", "smiles", "sequence", "description"]
    assert told(table, "smiles", "sequence", "description") == [
        ("CCO", "ACGTACGATTACA", "first"),
        ("CCN", "TTTTCCGATCATCG", "third one"),
        ("CCO", "TTTTCCGATCATCG", "third one"),
        ("", "", ""),
    ]
    assert [table.find_smiles("smiles"), table.find_sequence("sequence")] == ["smiles", "sequence"]
    dataset = load_dataset(table, targets=["affinity"], smiles="smiles", sequence="sequence")
    assert dataset.texts == [("CCO", "ACGTACGATTACA"), ("CCN", "TTTTCCGATCATCG"), ("CCO", "TTTTCCGATCATCG")]
    assert dataset.targets[:, 0].tolist() == [5.5, 6.5, 7.5]


def test_a_file_whose_name_has_an_equals_sign_is_a_file(pairs, monkeypatch):
    monkeypatch.chdir(pairs)
    (pairs / "drugs.csv").rename(pairs / "v=2.csv")
    assert told(open_labelled("pairs.csv", joins=["v=2.csv"]), "smiles")[:2] == [("CCO",), ("CCN",)]


@pytest.mark.parametrize(
    ("header", "got"),
    [
        ("drug_id,protein,x", "got 'drug_id', 'protein'"),
        ("drug,prot,x", "got drug_id, protein, affinity and drug, prot, x"),
        ("DRUG_ID,prot,x", "got drug_id, protein, affinity and DRUG_ID, prot, x"),
    ],
)
def test_joins_without_one_common_column_are_refused(pairs, header, got):
    (pairs / "more.csv").write_text(f"{header}\nD1,a,1\nD2,c,2\n")
    with pytest.raises(InputError, match=rf"one column that both have joins tables; {got}; say --join COLUMN=FILE"):
        open_labelled(pairs / "pairs.csv", joins=[pairs / "more.csv"])
    if "protein" in header:
        with pytest.raises(InputError, match="both have a column 'protein'; rename it in one of them"):
            open_labelled(pairs / "pairs.csv", joins=[f"drug_id={pairs / 'more.csv'}"])
        return
    named = open_labelled(pairs / "pairs.csv", joins=[f"drug_id={pairs / 'more.csv'}"])
    assert told(named, "drug_id", "x") == [("D1", "1"), ("D2", "2"), ("D1", "1"), ("D3", "")]


def test_a_join_by_a_column_that_is_not_there(pairs):
    with pytest.raises(InputError, match=r"pairs\.csv: no column 'proteins'.*did you mean --join protein\?"):
        open_labelled(pairs / "pairs.csv", joins=[f"proteins={pairs / 'seqs.fa'}"])


# --- negatives -------------------------------------------------------------------------------------------------------


def test_negatives_of_a_file_are_the_other_class(folder):
    table = open_labelled(folder / "seqs.fa", negatives=folder / "others.fa")
    assert told(table, "id", "positive") == [("a", "1"), ("b", "1"), ("c", "1"), ("x", "0"), ("y", "0")]
    dataset = load_dataset(open_labelled(folder / "seqs.fa", negatives=folder / "others.fa", target="bound"), targets=["bound"])
    assert dataset.targets[:, 0].tolist() == [1, 1, 1, 0, 0]
    assert dataset.texts[3:] == ["CCCCGATTACAAA", "TGTGTGATCGGA"]


def test_several_files_of_either_class(folder):
    (folder / "more.fa").write_text(">d\nACACACAGTAGTGA\n")
    table = open_labelled([folder / "seqs.fa", folder / "more.fa"], negatives=folder / "others.fa")
    assert told(table, "id", "positive") == [("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("x", "0"), ("y", "0")]


def test_classes_keep_the_columns_that_both_have(folder):
    (folder / "rows.csv").write_text("id,sequence\np,ACGTACGATTACAGATTACAA\n")
    table = open_labelled(folder / "seqs.fa", negatives=folder / "rows.csv")
    assert table.columns == ["sequence", "id", "positive"]
    assert told(table, "id", "positive", "sequence")[2:] == [("c", "1", "TTTTCCGATCATCG"), ("p", "0", "ACGTACGATTACAGATTACAA")]


def test_labels_find_both_classes(folder):
    (folder / "y.csv").write_text("id,w\ny,7\nb,5\n")
    table = open_labelled(folder / "seqs.fa", negatives=folder / "others.fa", labels=folder / "y.csv")
    assert told(table, "id", "positive", "w") == [
        ("a", "1", ""),
        ("b", "1", "5"),
        ("c", "1", ""),
        ("x", "0", ""),
        ("y", "0", "7"),
    ]


@pytest.mark.parametrize("negatives", ["others.csv", "dinucleotide"])
def test_a_class_does_not_replace_a_column(folder, negatives):
    for name in ("rows", "others"):
        (folder / f"{name}.csv").write_text("id,sequence,positive\np,ACGTACGATTACAGATTACAA,7\n")
    found = negatives if negatives == "dinucleotide" else folder / negatives
    with pytest.raises(InputError, match=r"rows\.csv: there is a column 'positive' already; name another --target"):
        open_labelled(folder / "rows.csv", negatives=found)
    table = open_labelled(folder / "rows.csv", negatives=found, target="bound")
    assert told(table, "positive", "bound") == [("7", "1"), ("7", "0")]


def test_each_sequence_is_shuffled_once(folder):
    long = "".join(random.Random(0).choices("ACGT", k=300))
    (folder / "seqs.fa").write_text(f">a first\n{long}\n>b\nggGTTTACAGATACA\n>c\nAC\n>d\n>e\n{long[::-1]}\n")
    table = open_labelled(folder / "seqs.fa", negatives="dinucleotide")
    assert told(table, "id", "positive", "description") == [
        *((name, "1", "first" if name == "a" else "") for name in "abcde"),
        *((f"{name} shuffled", "0", "first" if name == "a" else "") for name in "abcde"),
    ]
    sequences = [sequence for (sequence,) in told(table, "sequence")]
    for one, other in zip(sequences[:5], sequences[5:], strict=True):
        assert Counter(pairwise(other)) == Counter(pairwise(one.upper()))
    assert sequences[5] != long
    assert sequences[7] == "AC"
    assert problems(table)[3] == problems(table)[8] == "no sequence under this title"


def test_shuffles_are_those_of_the_seed(folder):
    (folder / "seqs.fa").write_text(f">a\n{LETTERS['c1']}\n")
    tables = [open_labelled(folder / "seqs.fa", negatives="dinucleotide", seed=seed) for seed in (0, 0, 1)]
    first, again, other = (told(table, "sequence") for table in tables)
    assert first == again == told(tables[0], "sequence")
    assert first[0] == other[0]
    assert first[1] != other[1]


def test_shuffles_stay_with_the_contig_that_ids_tell(folder):
    (folder / "seqs.fa").write_text(f">c1:10-70\n{LETTERS['c1'][10:70]}\n>c2:5-65\n{LETTERS['c2'][5:65]}\n")
    dataset = load_dataset(open_labelled(folder / "seqs.fa", negatives="dinucleotide"), targets=["positive"])
    assert dataset.contigs == ["c1", "c2", "c1", "c2"]


def test_shuffled_intervals_keep_their_places(folder):
    table = open_labelled(folder / "peaks.bed", genome=folder / "genome.fa", negatives="dinucleotide")
    assert told(table, "id", "contig", "start", "positive")[3:] == [
        ("one shuffled", "c1", "100", "0"),
        ("c1:300-341 shuffled", "c1", "300", "0"),
        ("c2:50-90 shuffled", "c2", "50", "0"),
    ]
    assert load_dataset(table, targets=["positive"]).contigs == ["c1", "c1", "c2"] * 2


# --- background ------------------------------------------------------------------------------------------------------


def test_background_without_a_genome_is_refused(folder):
    with pytest.raises(ConfigError, match=r"--negatives gc: negatives with as much G and C are drawn from a genome; add --genome"):
        open_labelled(folder / "seqs.fa", negatives="gc")


@pytest.mark.parametrize("length", [None, 30, 31])
def test_background_is_on_the_same_contigs(folder, length):
    table = open_labelled(folder / "peaks.bed", negatives="gc", genome=folder / "genome.fa", length=length)
    assert table.columns == ["sequence", "id", "contig", "start", "stop", "score", "strand", "positive"]
    rows = told(table, *table.columns)
    assert [(row[2], row[6], row[7]) for row in rows] == [
        *(("c1", "+", "1"), ("c1", "-", "1"), ("c2", "", "1")),
        *(("c1", "+", "0"), ("c1", "-", "0"), ("c2", "", "0")),
    ]
    for positive, (letters, name, contig, start, stop, _, strand, _) in zip(rows, rows[3:], strict=False):
        stretch = LETTERS[contig][int(start) : int(stop)]
        assert letters == (other_strand(stretch) if strand == "-" else stretch)
        assert len(letters) == len(positive[0])
        assert name == f"{contig}:{start}-{stop}"
    assert problems(table) == [None] * 6
    again = open_labelled(folder / "peaks.bed", negatives="gc", genome=folder / "genome.fa", length=length)
    assert told(again, *table.columns) == rows
    other = open_labelled(folder / "peaks.bed", negatives="gc", genome=folder / "genome.fa", length=length, seed=1)
    assert told(other, *table.columns)[3:] != rows[3:]
    assert told(other, *table.columns)[:3] == rows[:3]


def places(table: AnyTable) -> dict[str, list[tuple[str, int, int]]]:
    found: dict[str, list[tuple[str, int, int]]] = {"1": [], "0": []}
    for contig, start, stop, positive in told(table, "contig", "start", "stop", "positive"):
        found[positive].append((contig, int(start), int(stop)))
    return found


def overlap(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def test_background_overlaps_no_interval(folder):
    (folder / "peaks.bed").write_text("".join(f"c1\t{start}\t{start + 50}\n" for start in range(0, 1000, 125)))
    found = places(open_labelled(folder / "peaks.bed", negatives="gc", genome=folder / "genome.fa"))
    assert (len(found["1"]), len(set(found["0"]))) == (8, 8)
    assert not any(overlap(one, other) for one in found["0"] for other in found["1"])


def test_background_overlaps_no_interval_of_another_file(folder):
    for name, first in (("one", 0), ("two", 500)):
        (folder / f"{name}.bed").write_text("".join(f"c1\t{start}\t{start + 50}\n" for start in range(first, first + 500, 125)))
    found = places(open_labelled([folder / "one.bed", folder / "two.bed"], negatives="gc", genome=folder / "genome.fa"))
    assert len(set(found["0"])) == 8
    assert not any(overlap(one, other) for one in found["0"] for other in found["1"])


def test_background_of_two_files_is_not_drawn_twice(folder):
    for name, first in (("one", 0), ("two", 1)):
        (folder / f"{name}.bed").write_text("".join(f"c1\t{start}\t{start + 50}\n" for start in range(first, 950, 125)))
    found = places(open_labelled([folder / "one.bed", folder / "two.bed"], negatives="gc", genome=folder / "genome.fa"))
    assert len(set(found["0"])) == len(found["0"]) == 16


def test_background_stays_off_all_of_an_interval_that_is_cut_short(folder):
    intervals = [("c1", 100, 480), ("c1", 520, 900)]
    (folder / "peaks.bed").write_text("".join(f"{contig}\t{start}\t{stop}\n" for contig, start, stop in intervals))
    found = places(open_labelled(folder / "peaks.bed", negatives="gc", genome=folder / "genome.fa", length=20))
    assert not any(overlap(one, other) for one in found["0"] for other in intervals)


def test_a_background_that_finds_no_room_says_so(folder):
    (folder / "peaks.bed").write_text("c1\t10\t50\nc2\t0\t600\nc2\t590\t610\n")
    table = open_labelled(folder / "peaks.bed", negatives="gc", genome=folder / "genome.fa")
    past = f"not in the genome: {folder / 'genome.fa'}: no such places in c2; expected places from 0 to 600; got 590 to 610"
    assert problems(table) == [None, None, past, None, "no room for a background on c2", past]
    dataset = load_dataset(table, targets=["positive"])
    assert dataset.targets[:, 0].tolist() == [1, 1, 0]
    assert dataset.contigs == ["c1", "c2", "c1"]


# --- intervals -------------------------------------------------------------------------------------------------------


def test_intervals_have_their_letters(folder):
    table = open_labelled(folder / "peaks.bed", genome=folder / "genome.fa")
    assert table.holds_sequences
    assert told(table, *table.columns) == [
        (LETTERS["c1"][100:140], "one", "c1", "100", "140", "7", "+"),
        (other_strand(LETTERS["c1"][300:341]), "c1:300-341", "c1", "300", "341", "9", "-"),
        (LETTERS["c2"][50:90], "c2:50-90", "c2", "50", "90", "", ""),
    ]
    (folder / "y.csv").write_text("id,y\nc1:300-341,4\none,5\n")
    labelled = open_labelled(folder / "peaks.bed", genome=folder / "genome.fa", labels=folder / "y.csv")
    assert told(labelled, "y") == [("5",), ("4",), ("",)]
    dataset = load_dataset(labelled, targets=["y"])
    assert (dataset.contigs, dataset.stranded, dataset.ids) == (["c1", "c1"], True, ["one", "c1:300-341"])


@pytest.mark.parametrize(("start", "stop"), [(100, 140), (100, 141), (101, 140), (101, 141), (500, 501), (10, 900)])
@pytest.mark.parametrize("length", [1, 2, 7, 8, 201])
def test_rows_of_one_length_are_around_the_middle(folder, start, stop, length):
    (folder / "peaks.bed").write_text(f"c1\t{start}\t{stop}\ta\t0\t+\nc1\t{start}\t{stop}\tb\t0\t-\n")
    forward, backward = told(open_labelled(folder / "peaks.bed", genome=folder / "genome.fa", length=length), "sequence", "start")
    middle = (start + stop) // 2
    begin = middle - length // 2
    if begin < 0:
        assert (forward, backward) == (("", str(start)), ("", str(start)))
        return
    assert forward == (LETTERS["c1"][begin:middle] + LETTERS["c1"][middle : begin + length], str(start))
    assert len(forward[0]) == length
    assert backward == (other_strand(forward[0]), str(start))


def test_intervals_that_the_genome_does_not_have_say_so(folder):
    lines = ["c1\t990\t1000", "c1\t990\t1001", "chr1\t5\t9", "C2\t5\t9", "c2\t5\t5", "c2\tx\t9", "c2\t5", "c2\t5\t9\ta\t0\t?"]
    (folder / "peaks.bed").write_text("\n".join(["# about", *lines]) + "\n")
    genome = folder / "genome.fa"
    table = open_labelled(folder / "peaks.bed", genome=genome)
    assert problems(table) == [
        None,
        f"not in the genome: {genome}: no such places in c1; expected places from 0 to 1,000; got 990 to 1,001",
        f"not in the genome: {genome}: no contig 'chr1'; expected one of c1, c2; did you mean 'c1'?",
        f"not in the genome: {genome}: no contig 'C2'; expected one of c1, c2",
        "no letters: it stops where it starts, or before",
        "no places: 'x' and '9'",
        "too few columns: 2, where a contig, a start and a stop were expected",
        "no strand: '?'",
    ]
    assert told(table, "sequence") == [(LETTERS["c1"][990:],), *[("",)] * 7]
    assert [row.number for row in table.rows()] == list(range(1, 9))


@pytest.mark.parametrize(("start", "stop", "got"), [(0, 20, "-5 to 25"), (985, 995, "975 to 1,005")])
def test_a_length_that_reaches_out_of_its_contig(folder, start, stop, got):
    (folder / "peaks.bed").write_text(f"c1\t{start}\t{stop}\n")
    table = open_labelled(folder / "peaks.bed", genome=folder / "genome.fa", length=30)
    assert problems(table) == [
        f"not in the genome: {folder / 'genome.fa'}: no such places in c1; expected places from 0 to 1,000; got {got}"
    ]


def test_lengths_that_cannot_be_had(folder):
    with pytest.raises(ConfigError, match=r"length: a length needs a genome; got 20"):
        open_labelled(folder / "seqs.fa", length=20)
    for length in (0, -3):
        with pytest.raises(ConfigError, match=rf"length: a length is one letter or more; expected 1 or more; got {length}"):
            open_labelled(folder / "peaks.bed", genome=folder / "genome.fa", length=length)


def test_intervals_are_no_molecules_and_need_a_genome(folder):
    with Genome(folder / "genome.fa") as genome:
        table = IntervalTable(folder / "peaks.bed", genome)
        with pytest.raises(InputError, match=r"peaks\.bed: intervals of a genome, not molecules"):
            table.find_smiles()
        assert [table.place(row) for row in table.rows()] == ["interval 1", "interval 2", "interval 3"]
    with pytest.raises(ConfigError, match=r"peaks\.bed: intervals need a genome"):
        IntervalTable.open(Source(folder / "peaks.bed"))
    assert not IntervalTable.recognizes((folder / "peaks.bed").read_bytes())
