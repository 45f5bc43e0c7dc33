"""Several properties as one number, and as layers."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen

import molgen
from molgen.errors import ConfigError
from molgen.screening.objective import Objective, Wish, pareto_ranks, read_objective


def test_desirabilities_are_ramps():
    x = [-1, 0, 1, 2, 3, 4, 5, np.nan]
    high = Wish(direction="high", low=0, high=4).desirability(x)
    np.testing.assert_allclose(high, [0, 0, 0.25, 0.5, 0.75, 1, 1, np.nan])
    np.testing.assert_allclose(Wish(direction="low", low=0, high=4).desirability(x), 1 - high)
    inside = Wish(direction="range", low=1, high=3, margin=2).desirability(x)
    np.testing.assert_allclose(inside, [0, 0.5, 1, 1, 1, 0.5, 0, np.nan])
    assert Wish(direction="range", low=1, high=3).desirability([3.5])[0] == 0.5


def test_the_mean_is_geometric_and_weighted():
    wishes = {"a": Wish(direction="high", low=0, high=1, weight=3), "b": Wish(direction="low", low=0, high=1)}
    values = {"a": [0.5, 1.0, 0.0, np.nan], "b": [0.2, 0.0, 0.0, 0.0]}
    found = Objective(wishes).desirability(values)
    np.testing.assert_allclose(found, [(0.5**3 * 0.8) ** 0.25, 1.0, 0.0, np.nan])


def test_layers_are_those_of_the_definition():
    values = np.random.default_rng(0).integers(0, 6, (200, 3)).astype(float)
    values[7, 1] = np.nan
    ranks = pareto_ranks(values)

    def beats(one, other):
        return (one >= other).all() and (one > other).any()

    known = [row for row in range(200) if row != 7]
    for row in known:
        above = [ranks[other] for other in known if beats(values[other], values[row])]
        assert ranks[row] == max(above, default=0) + 1
    assert ranks[7] == ranks[known].max() + 1
    assert pareto_ranks(np.zeros((0, 2))).tolist() == []


def test_a_file_is_read(tmp_path):
    path = tmp_path / "objective.toml"
    path.write_text(
        '[pIC50]\ndirection = "high"\nlow = 5\nhigh = 8\nweight = 2.0\n["Mol Wt"]\ndirection = "low"\nlow = 1\nhigh = 2\n'
    )
    objective = read_objective(path)
    assert list(objective.wishes) == ["pIC50", "Mol Wt"]
    assert objective.wishes["pIC50"] == Wish(direction="high", low=5, high=8, weight=2)
    assert objective.to_json()["pIC50"]["weight"] == 2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no property"),
        ("a = 1", "'a' is no table"),
        ("[a", "not TOML"),
        ('[a]\ndirection = "up"\nlow = 1\nhigh = 2', "one of high, low, range"),
        ('[a]\ndirection = "high"\nlow = 2\nhigh = 2', "low must be less than high"),
        ('[a]\ndirection = "high"\nlow = 1\nhigh = 2\nweight = 0', "a.weight"),
        ('[a]\ndirection = "high"\nlow = 1\nhigh = nan', "a.high"),
        ('[a]\ndirection = "high"\nlow = 1\nhigh = 2\nmargin = 1', "margin belongs to a range"),
        ('[a]\ndirection = "high"\nhigh = 2', "a.low"),
        ('[a]\ndirection = "high"\nlow = 1\nhigh = 2\ncolour = 3', "known are direction"),
    ],
)
def test_what_does_not_hold_is_named(tmp_path, text, words):
    path = tmp_path / "objective.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_objective(path)


OBJECTIVE = """
[activity]
direction = "high"
low = 4.0
high = 8.0
weight = 2.0
[MolLogP]
direction = "range"
low = 1.0
high = 3.0
[qed]
direction = "high"
low = 0.2
high = 0.9
[price]
direction = "low"
low = 1.0
high = 50.0
"""


@pytest.fixture
def priced(tmp_path, nci_smiles):
    path = tmp_path / "library.csv"
    rows = [f"{smiles},{'' if n == 5 else n % 60}" for n, smiles in enumerate(nci_smiles[:120])]
    path.write_text("\n".join(["smiles,price", *rows]) + "\n")
    return path


@pytest.fixture
def wishes(tmp_path):
    path = tmp_path / "objective.toml"
    path.write_text(OBJECTIVE)
    return path


def test_a_screen_ranks_by_it(priced, wishes, small_bundle, tmp_path):
    out, hits = tmp_path / "scores.csv", tmp_path / "hits.csv"
    molgen.screen(priced, small_bundle, out, objective=wishes, hits=hits, top=15, report=tmp_path / "report.html")
    table, best = pd.read_csv(out), pd.read_csv(hits)
    assert table.columns[-1] == "desirability"
    ok = table["status"] == "ok"
    expected = read_objective(wishes).desirability(table[ok])
    np.testing.assert_allclose(table.loc[ok, "desirability"], expected, rtol=1e-3, atol=1e-5)
    assert np.isnan(table["desirability"][5])
    assert table.loc[~ok, "desirability"].isna().all()
    np.testing.assert_allclose(table["MolLogP"][0], Crippen.MolLogP(Chem.MolFromSmiles(table["smiles"][0])), rtol=1e-5)
    order = table["desirability"].sort_values(ascending=False, kind="stable").index[:15] + 1
    assert best["row"].tolist() == order.tolist()
    assert best.columns[-1] == "pareto_rank"
    assert best["pareto_rank"].min() == 1
    assert "desirability" in (tmp_path / "report.html").read_text()
    # A task can still rank, and shards merged with the objective are the same.
    for number in (1, 2):
        molgen.screen(priced, small_bundle, tmp_path / "s.csv", objective=wishes, shard=f"{number}/2")
    shards = [tmp_path / f"s.csv.shard-{number}-of-2" for number in (1, 2)]
    molgen.merge(shards, tmp_path / "merged.csv", objective=wishes, hits=tmp_path / "merged-hits.csv", top=15)
    assert (tmp_path / "merged.csv").read_bytes() == out.read_bytes()
    assert (tmp_path / "merged-hits.csv").read_bytes() == hits.read_bytes()


def test_what_cannot_be_had_is_refused_before_any_row(priced, small_bundle, tmp_path):
    path = tmp_path / "other.toml"
    path.write_text('[colour]\ndirection = "high"\nlow = 1\nhigh = 2\n')
    with pytest.raises(ConfigError, match="no property 'colour'"):
        molgen.screen(priced, small_bundle, tmp_path / "scores.csv", objective=path)
    assert not list(tmp_path.glob("scores*"))
