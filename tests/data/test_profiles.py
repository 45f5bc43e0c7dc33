"""Tables of what was measured of samples, and rows that name them."""

import pickle

import numpy as np
import pytest

from molgen.bio.profiles import Profile
from molgen.data.gene_graph import read_gene_graph
from molgen.data.labelled import open_labelled
from molgen.data.profiles import read_profiles
from molgen.errors import ConfigError, InputError
from molgen.subjects import ProfileSubject, ResponseSubject, subject_from_json


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "e.csv").write_text("line,7157,3845\nA,1.5,2\nB,-1,\n")
    (tmp_path / "m.tsv").write_text("line\t7157\nB\t1\nC\t0\n")
    (tmp_path / "r.csv").write_text("smiles,line,y\nCCO,A,1\nCCC,B ,2\nCCN,Z,3\n")
    return tmp_path


def test_tables_stand_side_by_side_and_what_was_not_measured_is_missing(tables):
    found = read_profiles([f"e={tables / 'e.csv'}", f"m={tables / 'm.tsv'}"])
    assert found.names == ("e:7157", "e:3845", "m:7157")
    assert [str(each) for each in found.samples] == ["A", "B", "C"]
    values = np.array([each.values for each in found.samples])
    assert np.array_equal(values, [[1.5, 2, np.nan], [-1, np.nan, 1], [np.nan, np.nan, 0]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("line,x\nA,1\nA,2\n", "two samples are called 'A'"),
        ("line,x,note\nA,1,lung\n", "no number in column 'note'.*'lung'"),
        ("line,x\n,1\n", "a sample without a name"),
        ("line,x\nA,1\nB,1,2\n", "no number in column 'x'|line 3"),
        ("line\nA\n", "no samples with numbers"),
    ],
)
def test_tables_that_leave_doubts_are_refused(tmp_path, text, message):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_profiles([tmp_path / "p.csv"])


def test_columns_of_one_name_need_to_be_told_apart(tables):
    with pytest.raises(InputError, match=r"two columns are called '7157'.*NAME=FILE"):
        read_profiles([tables / "e.csv", tables / "m.tsv"])


def test_rows_get_the_profile_of_their_sample(tables):
    table = open_labelled(tables / "r.csv", sample="line", profiles=[tables / "e.csv"])
    cells = [row.values[-1] for row in table.rows()]
    assert [type(each) for each in cells] == [Profile, Profile, str] and cells == [*cells[:2], "Z"]
    plain = open_labelled(tables / "r.csv")
    assert table.fingerprint()["sha256"] != plain.fingerprint()["sha256"]
    for wrong in ({"sample": "line"}, {"profiles": [tables / "e.csv"]}):
        with pytest.raises(ConfigError, match="--sample COLUMN --profiles FILE"):
            open_labelled(tables / "r.csv", **wrong)


def test_genes_that_are_joined(tables):
    (tables / "g.csv").write_text("gene,other,score\n7157,3845,900\n3845,7157,900\n7157,7157,1\n7157,1,1\n")
    graph = read_gene_graph(tables / "g.csv", ("e:7157", "e:3845", "m:7157"))
    assert graph.edges in ([[0, 1]], [[1, 0]])
    first, second = (graph.genes[at] for at in graph.edges[0])
    assert sorted([first, second]) == [[0, 2], [1, -1]]
    (tables / "h.csv").write_text("7157,3845\n")
    assert len(read_gene_graph(tables / "h.csv", ("7157", "3845")).edges) == 1
    with pytest.raises(InputError, match="no two genes of the profiles are joined"):
        read_gene_graph(tables / "g.csv", ("TP53", "KRAS"))


def test_profiles_are_read_by_name_and_lacks_are_told():
    subject = ProfileSubject(tuple(f"g{n}" for n in range(20)))
    whole = Profile("A", subject.names[::-1], range(20))
    few = Profile("B", subject.names, [np.nan, *range(19)])
    read = subject.read([whole, few, Profile("C", ("g0",), [1]), "D", None, {"g0": "x"}, dict.fromkeys(subject.names, 1)])
    assert read.items[0].values.tolist() == list(range(19, -1, -1))
    assert read.notes == {1: ["numbers are missing: 1 of 20"]}
    assert read.reasons[2] == "numbers are missing: 19 of 20, such as 'g1'"
    assert read.reasons[3] == "no profile of 'D'" and read.reasons[4] == "no profile: NoneType"
    assert read.statuses == ["ok", "ok", "invalid", "invalid", "invalid", "invalid", "ok"]


def test_profiles_are_the_same_by_name_and_numbers():
    one = Profile("A", ("x",), [1.0])
    assert one == Profile("A", ("x",), [1.0]) == pickle.loads(pickle.dumps(one)) and one != "A"
    assert one != Profile("A", ("x",), [2.0]) and one != Profile("B", ("x",), [1.0])
    assert Profile.of({"x": 1}) == Profile.of({"x": 1.0}) != Profile.of({"x": 2})


def test_what_rows_are_goes_to_plain_data_and_back():
    subject = ResponseSubject(profiles=ProfileSubject(("x", "y")))
    assert subject_from_json(subject.to_json()) == subject
    assert subject.limit == "more than 300 heavy atoms" and subject.columns == ("smiles", "profile")
    for wrong in ({"kind": "response"}, {**subject.to_json(), "profiles": {"kind": "profile", "names": ["x", "x"]}}):
        with pytest.raises(ConfigError):
            subject_from_json(wrong)
