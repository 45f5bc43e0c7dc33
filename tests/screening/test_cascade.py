"""A fast model on every row, the full one on the best of them."""

import json

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.errors import ConfigError, InputError
from molgen.screening.cascade import _wilson


@pytest.fixture(scope="module")
def library(tmp_path_factory, nci_smiles):
    path = tmp_path_factory.mktemp("library") / "library.smi"
    path.write_text("".join(f"{smiles} N{n}\n" for n, smiles in enumerate(nci_smiles[:400])))
    return path


@pytest.fixture(scope="module")
def fast(measured_table, tmp_path_factory):
    path = tmp_path_factory.mktemp("fast") / "fast.molgen"
    molgen.train(measured_table, path, target="activity", split="random", experts="graph", graph={"epochs": 2, "width": 16})
    return path


@pytest.fixture(scope="module")
def cascade(library, fast, small_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cascade")
    options = {"rescore": 50, "rescore_with": small_bundle, "rank_by": "activity"}
    result = molgen.screen(library, fast, folder / "s.csv", hits=folder / "h.csv", top=20, report=folder / "r.html", **options)
    return result, folder, options


def test_the_best_rows_get_both_scores_and_the_full_model_ranks(cascade, small_bundle):
    result, folder, _ = cascade
    table, hits = pd.read_csv(folder / "s.csv"), pd.read_csv(folder / "h.csv")
    rescored = table["rescored_activity"].notna()
    assert rescored.sum() == 50
    best = table["activity"].sort_values(ascending=False, kind="stable").index[:50]
    assert set(table.index[rescored]) == set(best)
    expected = molgen.load(small_bundle).predict(table.loc[rescored, "smiles"])
    for name in ("activity", "activity_lower", "active"):
        np.testing.assert_allclose(table.loc[rescored, f"rescored_{name}"], expected[name], rtol=2e-5, atol=1e-6)
    order = table["rescored_activity"].sort_values(ascending=False, kind="stable").index[:20] + 1
    assert hits["row"].tolist() == order.tolist()
    assert result.summary.statuses["ok"] == (table["status"] == "ok").sum()


def test_the_sample_says_how_much_is_kept(cascade, library, small_bundle, tmp_path):
    result, folder, _ = cascade
    recall = result.summary.recall
    assert recall.rescored == 50
    # Everything that both models can score is in the sample here.
    table = pd.read_csv(folder / "s.csv")
    ok = table["status"] == "ok"
    assert recall.sample == ok.sum()
    full = molgen.load(small_bundle).predict(table.loc[ok, "smiles"])["activity"].to_numpy()
    through = table.loc[ok, "rescored_activity"].notna().to_numpy()
    for share, rows, kept, low, high in recall.kept:
        assert rows == round(share * len(full))
        assert kept == pytest.approx(through[np.argsort(-full, kind="stable")[:rows]].sum(), abs=1)
        assert low <= kept / rows <= high
    assert json.loads(json.dumps(result.to_json()))["cascade"]["rescored"] == 50
    assert "were scored again" in (folder / "r.html").read_text()


def test_shards_give_the_same_bytes(cascade, library, fast, tmp_path):
    _, folder, options = cascade
    for number in (1, 2):
        molgen.screen(library, fast, tmp_path / "s.csv", shard=f"{number}/2")
    shards = [tmp_path / f"s.csv.shard-{number}-of-2" for number in (1, 2)]
    molgen.merge(shards, tmp_path / "m.csv", **options)
    assert (tmp_path / "m.csv").read_bytes() == (folder / "s.csv").read_bytes()


def test_more_than_there_is_rescores_all(library, fast, small_bundle, tmp_path):
    few = tmp_path / "few.smi"
    few.write_text("CCO a\nc1ccccc1 b\nnot-one c\n")
    result = molgen.screen(few, fast, tmp_path / "s.csv", rescore=10, rescore_with=small_bundle, rank_by="activity")
    assert result.summary.recall.rescored == 2
    assert result.summary.recall.kept == []
    none = tmp_path / "none.smi"
    none.write_text("not-one a\n")
    result = molgen.screen(none, fast, tmp_path / "n.csv", rescore=10, rescore_with=small_bundle, rank_by="activity")
    assert result.summary.recall.rescored == 0
    assert pd.read_csv(tmp_path / "n.csv")["rescored_activity"].isna().all()


def test_half_a_cascade_is_refused(library, fast, small_bundle, tmp_path):
    for options in ({"rescore": 10}, {"rescore_with": small_bundle}, {"rescore": 0, "rescore_with": small_bundle}):
        with pytest.raises(ConfigError, match="a number of rows and a model"):
            molgen.screen(library, fast, tmp_path / "s.csv", **options)
    with pytest.raises(ConfigError, match="no cascade"):
        molgen.screen(library, fast, tmp_path / "s.csv", shard="1/2", rescore=5, rescore_with=small_bundle)
    with pytest.raises(InputError, match="read by the same command"):
        options = {"rescore": 5, "rescore_with": small_bundle, "rank_by": "activity"}
        molgen.screen(library, fast, small_bundle, overwrite=True, **options)
    with pytest.raises(ConfigError, match="which task ranks"):
        molgen.screen(library, fast, tmp_path / "s.csv", rescore=5, rescore_with=small_bundle)
    assert not list(tmp_path.iterdir())


def test_intervals_are_wilsons():
    # Newcombe 1998, table I: 81 of 263, and 0 of 20.
    np.testing.assert_allclose(_wilson(81, 263), (0.2553, 0.3662), atol=5e-5)
    np.testing.assert_allclose(_wilson(0, 20), (0.0, 0.1611), atol=5e-5)
