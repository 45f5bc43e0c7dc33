"""The main job: every row comes out, in order, with a status; the same numbers however it is run."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.errors import ConfigError, InputError

SCORES = ["activity", "activity_lower", "activity_upper", "active", "domain"]
FIXED = ["row", "source", "id", "smiles", "status", "reason", "notes", "canonical_smiles"]


def read(path):
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values={c: [""] for c in SCORES})


@pytest.fixture(scope="module")
def library(tmp_path_factory, nci_smiles):
    path = tmp_path_factory.mktemp("library") / "library.smi"
    path.write_text("".join(f"{smiles} NCI{number}\n" for number, smiles in enumerate(nci_smiles[:1100])))
    return path


@pytest.fixture(scope="module")
def clean(library, small_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("clean") / "scores.csv"
    result = molgen.screen(library, small_bundle, out)
    return result, out


def test_one_row_an_input_row_in_order(clean, nci_smiles):
    result, out = clean
    table = read(out)
    assert table.columns.tolist() == [*FIXED, *SCORES]
    assert table["row"].tolist() == list(range(1, 1101))
    assert table["smiles"].tolist() == nci_smiles[:1100]
    assert table["id"].tolist() == [f"NCI{n}" for n in range(1100)]
    assert result.summary.rows == 1100
    assert sum(result.summary.statuses.values()) == 1100
    ok = table["status"] == "ok"
    assert table.loc[ok, SCORES].notna().all().all()
    assert table.loc[~ok, SCORES].isna().all().all()
    assert (table.loc[~ok, "reason"] != "").all()


def test_scores_are_those_of_the_bundle(clean, small_bundle, nci_smiles):
    table = read(clean[1])
    expected = molgen.load(small_bundle).predict(nci_smiles[:1100])
    for column in SCORES:
        np.testing.assert_allclose(table[column], expected[column], rtol=1e-5, atol=1e-5)


def test_workers_do_not_change_a_byte(clean, library, small_bundle, tmp_path):
    out = tmp_path / "scores.csv"
    molgen.screen(library, small_bundle, out, workers=2)
    assert out.read_bytes() == clean[1].read_bytes()


def test_parquet_holds_the_same(clean, library, small_bundle, tmp_path):
    out = tmp_path / "scores.parquet"
    molgen.screen(library, small_bundle, out)
    parquet, text = pd.read_parquet(out), read(clean[1])
    for column in SCORES:
        np.testing.assert_array_equal(parquet[column].to_numpy(), text[column].to_numpy())
    assert parquet["canonical_smiles"].fillna("").tolist() == text["canonical_smiles"].tolist()


def test_numbers_have_six_significant_digits(clean):
    with clean[1].open() as file:
        cells = [row["activity"] for row in csv.DictReader(file)]
    assert all(len(cell.lstrip("-").replace(".", "").lstrip("0")) <= 6 for cell in cells)


BAD = {
    "": "invalid",
    "   ": "invalid",
    "not_a_smiles": "invalid",
    "aspirin": "invalid",
    "InChI=1S/CH4/h1H4": "invalid",
    "C(C)(C)(C)(C)C": "invalid",
    "CCO>>CC=O": "invalid",
    "*CCO": "invalid",
    "C" * 400: "too_large",
    "C" * 50_000: "too_large",
    "CC[O\u2212]": "invalid",
}


@pytest.mark.parametrize("place", ["first", "middle", "last", "all"])
def test_bad_rows_keep_their_place_and_leave_the_others_alone(place, small_bundle, nci_smiles, tmp_path):
    good = [smiles for smiles in nci_smiles[:60] if "." not in smiles]
    bad = list(BAD)
    rows = {
        "first": bad + good,
        "middle": good[:30] + bad + good[30:],
        "last": good + bad,
        "all": [text for pair in zip(good, bad * 6, strict=False) for text in pair],
    }[place]
    path, out = tmp_path / "library.csv", tmp_path / "scores.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["name", "smiles"], *([f"m{n}", text] for n, text in enumerate(rows))])
    molgen.screen(path, small_bundle, out)
    table = read(out)
    assert table["smiles"].tolist() == rows
    assert [BAD.get(text, "ok") for text in rows] == table["status"].tolist()
    expected = dict(zip(good, molgen.load(small_bundle).predict(good)["activity"], strict=True))
    for text, value in zip(table["smiles"], table["activity"], strict=True):
        if text in expected:
            assert value == pytest.approx(expected[text], rel=1e-5)
        else:
            assert np.isnan(value)


def test_unknown_columns_pass_through_and_a_taken_name_is_changed(small_bundle, tmp_path):
    path, out = tmp_path / "library.csv", tmp_path / "scores.csv"
    path.write_text('smiles,vendor,status,activity\nCCO,"A, Inc",new,"5,1"\nCCN,B,old,x\n')
    molgen.screen(path, small_bundle, out)
    table = read(out)
    assert table.columns.tolist() == [*FIXED, *SCORES, "vendor", "input_status", "input_activity"]
    assert table["vendor"].tolist() == ["A, Inc", "B"]
    assert table["input_activity"].tolist() == ["5,1", "x"]


def test_several_files_with_different_columns(small_bundle, tmp_path):
    first, second, out = tmp_path / "a.csv", tmp_path / "b.csv.gz", tmp_path / "scores.csv"
    first.write_text("smiles,price\nCCO,3\n")
    with gzip.open(second, "wt") as file:
        file.write("id\tSMILES\tstock\nx1\tCCN\t9\n\n")
    molgen.screen([first, second], small_bundle, out)
    table = read(out)
    assert table["source"].tolist() == [str(first), str(second), str(second)]
    assert table["row"].tolist() == [1, 1, 2]
    assert table["price"].astype(str).tolist() == ["3", "", ""] or table["price"].tolist()[0] in ("3", 3, 3.0)
    assert table["status"].tolist() == ["ok", "ok", "invalid"]
    assert "line 3" in table["reason"][2]


def test_fewer_columns(library, small_bundle, clean, tmp_path):
    out = tmp_path / "scores.csv"
    molgen.screen(library, small_bundle, out, columns=["id", "activity", "status"])
    table = read(out)
    assert table.columns.tolist() == ["id", "activity", "status"]
    np.testing.assert_array_equal(table["activity"], read(clean[1])["activity"])
    with pytest.raises(ConfigError, match="no output column 'actvity'"):
        molgen.screen(library, small_bundle, tmp_path / "x.csv", columns=["actvity"])


def test_hits_are_the_best_in_the_tasks_direction(library, small_bundle, clean, tmp_path):
    hits = tmp_path / "hits.csv"
    molgen.screen(library, small_bundle, tmp_path / "s.csv", hits=hits, top=20, rank_by="activity")
    table, everything = read(hits), read(clean[1])
    assert table["rank"].tolist() == list(range(1, 21))
    best = everything.dropna(subset="activity").sort_values("activity", ascending=False, kind="stable")
    assert table["row"].tolist() == best["row"].head(20).tolist()


def test_a_low_direction_ranks_the_lowest_first(library, measured_table, tmp_path):
    low = tmp_path / "low.molgen"
    molgen.train(
        measured_table, low, target="activity", directions=["low"], split="random", experts="tabular", tabular={"rounds": 10}
    )
    molgen.screen(library, low, tmp_path / "s.csv", hits=tmp_path / "h.csv", top=10)
    values = read(tmp_path / "h.csv")["activity"].tolist()
    assert values == sorted(values)
    assert values[0] == read(tmp_path / "s.csv")["activity"].min()


def test_ranking_several_tasks_needs_a_choice(library, small_bundle, tmp_path):
    with pytest.raises(ConfigError, match="--rank-by"):
        molgen.screen(library, small_bundle, tmp_path / "s.csv", hits=tmp_path / "h.csv")
    with pytest.raises(ConfigError, match="activty"):
        molgen.screen(library, small_bundle, tmp_path / "s.csv", hits=tmp_path / "h.csv", rank_by="activty")


def test_strict_stops_at_the_first_bad_row_and_leaves_no_file(small_bundle, tmp_path):
    path = tmp_path / "library.csv"
    path.write_text("smiles\nCCO\nnot_a_smiles\n")
    with pytest.raises(InputError, match="row 2"):
        molgen.screen(path, small_bundle, tmp_path / "s.csv", strict=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["library.csv"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_truncated_gzip_stops_with_one_line_and_leaves_no_half_table(small_bundle, nci_smiles, tmp_path, workers):
    whole = gzip.compress("\n".join(["smiles", *nci_smiles]).encode())
    path = tmp_path / "library.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError) as refusal:
        molgen.screen(path, small_bundle, tmp_path / "s.csv", workers=workers, columns=["row", "status"])
    assert "\n" not in str(refusal.value)
    assert "library.csv.gz" in str(refusal.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["library.csv.gz"]


def test_outputs_are_checked_before_anything_is_scored(library, small_bundle, tmp_path):
    there = tmp_path / "there.csv"
    there.write_text("precious")
    with pytest.raises(InputError, match="--overwrite"):
        molgen.screen(library, small_bundle, there)
    with pytest.raises(InputError, match="--overwrite"):
        molgen.screen(library, small_bundle, tmp_path / "s.csv", hits=there, rank_by="activity")
    assert there.read_text() == "precious"
    with pytest.raises(InputError, match="does not exist"):
        molgen.screen(library, small_bundle, tmp_path / "nowhere" / "s.csv")
    with pytest.raises(InputError, match="same command"):
        molgen.screen(library, small_bundle, library, overwrite=True)
    with pytest.raises(InputError, match="same command"):
        same = tmp_path / "same.csv"
        molgen.screen(library, small_bundle, same, hits=same, rank_by="activity")
    for name in ("s.xlsx", "s.csv.bz2", "s.sdf", "s.parquet.gz"):
        with pytest.raises(InputError, match="written"):
            molgen.screen(library, small_bundle, tmp_path / name)
    with pytest.raises(InputError, match="standard output"):
        molgen.screen(library, small_bundle, "-")


def test_an_empty_library_is_refused(small_bundle, tmp_path):
    path = tmp_path / "empty.smi"
    path.write_text("")
    with pytest.raises(InputError, match="empty"):
        molgen.screen(path, small_bundle, tmp_path / "s.csv")
    assert not Path(tmp_path / "s.csv").exists()


def test_networks_compute_where_they_are_told_to(small_bundle, tmp_path, monkeypatch):
    import torch

    from molgen.experts.graph import GraphExpert

    (tmp_path / "x.smi").write_text("CCO\nc1ccccc1O\n")
    moved = []
    monkeypatch.setattr("molgen.device.choose_device", lambda name: torch.device("cpu") if name != "cpu" else pytest.fail(name))
    monkeypatch.setattr("molgen.screening.screen.choose_device", lambda name: name)
    monkeypatch.setattr(GraphExpert, "to", lambda self, device: moved.append(device))
    molgen.screen(tmp_path / "x.smi", small_bundle, tmp_path / "gpu.csv", device="cuda:0")
    assert set(moved) == {torch.device("cpu")}
    moved.clear()
    molgen.screen(tmp_path / "x.smi", small_bundle, tmp_path / "cpu.csv")
    assert not moved
    assert (tmp_path / "gpu.csv").read_bytes() == (tmp_path / "cpu.csv").read_bytes()


def test_a_device_that_is_not_there_is_refused_before_anything_is_done(small_bundle, tmp_path):
    (tmp_path / "x.smi").write_text("CCO\n")
    for device in ("cuda:63", "tpu", "gpu"):
        with pytest.raises(ConfigError, match="device"):
            molgen.screen(tmp_path / "x.smi", small_bundle, tmp_path / "s.csv", device=device)
    assert [path.name for path in tmp_path.iterdir()] == ["x.smi"]
