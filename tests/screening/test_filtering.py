"""Filters in a screen: what they reject is not scored, what they let pass scores as ever, and the funnel adds up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.errors import ConfigError, InputError
from molgen.screening.duplicates import SeenKeys, parent_keys, repeated

FILTERS = ["brenk", "lipinski", "qed:min=0.4"]
SCORES = ["activity", "activity_lower", "activity_upper", "active", "domain"]


@pytest.fixture(scope="module")
def library(tmp_path_factory, nci_smiles):
    # 300 rows, and some of them again: further down and in another file, which is another block; as they were, and as a salt.
    folder = tmp_path_factory.mktemp("library")
    first, second = folder / "first.smi", folder / "second.smi"
    rows = nci_smiles[2500:2800]
    again = [f"{smiles}.Cl" if at % 2 else smiles for at, smiles in enumerate(rows[:40])]
    first.write_text("".join(f"{smiles} A{number}\n" for number, smiles in enumerate([*rows, *again])))
    second.write_text("".join(f"{smiles} B{number}\n" for number, smiles in enumerate(rows[20:80])))
    return [first, second]


def read(path):
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values={c: [""] for c in [*SCORES, "qed", "lipinski"]})


@pytest.fixture(scope="module")
def clean(library, small_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("clean") / "scores.csv"
    molgen.screen(library, small_bundle, out)
    return read(out)


@pytest.fixture(scope="module")
def filtered(library, small_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("filtered") / "scores.csv"
    result = molgen.screen(library, small_bundle, out, filters=FILTERS, annotate=["qed", "pains", "lipinski"], drop_duplicates=True)
    return result, out


def test_rows_that_are_kept_score_as_ever_and_the_others_not_at_all(clean, filtered):
    table = read(filtered[1])
    assert table["smiles"].tolist() == clean["smiles"].tolist()
    assert table.columns.tolist() == [*clean.columns, "qed", "pains", "lipinski"]
    ok, rejected = table["status"] == "ok", table["status"] == "filtered"
    assert ok.sum() > 50
    assert rejected.sum() > 50
    assert (clean.loc[ok | rejected, "status"] == "ok").all()
    np.testing.assert_allclose(table.loc[ok, SCORES], clean.loc[ok, SCORES], rtol=1e-5, atol=1e-5)
    assert table["canonical_smiles"].tolist() == clean["canonical_smiles"].tolist()
    assert table.loc[~ok, [*SCORES, "qed", "lipinski"]].isna().all().all()
    assert table.loc[ok, ["qed", "lipinski"]].notna().all().all()
    assert (table.loc[ok, "qed"] >= 0.4).all()
    kinds = set(table.loc[rejected, "reason"].str.split(":").str[0])
    assert kinds == {"brenk", "qed", "duplicates"} | ({"lipinski"} & kinds)


def test_the_same_compound_is_scored_once_and_the_reason_names_the_first(filtered, library, clean):
    table = read(filtered[1])
    passed = table[(table["status"] == "ok") | table["reason"].str.startswith("duplicates")]
    canonical = clean.loc[passed.index, "canonical_smiles"]
    first = {}
    for at, text in canonical.items():
        first.setdefault(text, at)
    assert len(first) < len(passed) - 10
    for at, text in canonical.items():
        row = table.loc[at]
        if first[text] == at:
            assert row["status"] == "ok"
            continue
        origin = table.loc[first[text]]
        file = "" if origin["source"] == row["source"] else f" of {origin['source']}"
        assert row["reason"] == f"duplicates: same compound as row {origin['row']}{file}"


def test_workers_do_not_change_a_byte(filtered, library, small_bundle, tmp_path):
    out = tmp_path / "scores.csv"
    molgen.screen(
        library, small_bundle, out, filters=FILTERS, annotate=["qed", "pains", "lipinski"], drop_duplicates=True, workers=2
    )
    assert out.read_bytes() == filtered[1].read_bytes()


def test_the_funnel_adds_up(filtered):
    summary = filtered[0].summary
    stages = list(summary.funnel.values())
    assert [stage.name for stage in stages] == ["read", "brenk", "lipinski", "qed:min=0.4", "duplicates", "annotate", "predict"]
    read_, brenk, lipinski, qed, duplicates, annotate, predict = stages
    assert read_.rows == summary.rows == 400
    for before, after in ((read_, brenk), (brenk, lipinski), (lipinski, qed), (qed, duplicates)):
        assert after.rows == before.rows - before.rejected
    assert sum(stage.rejected for stage in stages[1:5]) == summary.statuses["filtered"]
    assert read_.rejected + predict.rejected == summary.statuses["invalid"] + summary.statuses["too_large"]
    # Repetitions of another block are known only after they were scored.
    assert predict.rows == annotate.rows >= summary.statuses["ok"]
    assert all(stage.seconds >= 0 for stage in stages)
    assert predict.seconds > 0
    assert predict.fixed > 0
    price = max(0, predict.seconds - predict.fixed) / predict.rows
    assert summary.seconds_saved == pytest.approx(summary.statuses["filtered"] * price)
    assert summary.seconds_filtering == pytest.approx(sum(stage.seconds for stage in stages[1:5]))


def test_hits_hold_no_repetition(library, small_bundle, tmp_path):
    hits = tmp_path / "hits.csv"
    molgen.screen(library, small_bundle, tmp_path / "s.csv", hits=hits, top=50, rank_by="activity", drop_duplicates=True)
    assert read(hits)["canonical_smiles"].is_unique


def test_an_annotation_that_is_not_written_is_not_computed(library, small_bundle, tmp_path):
    out = tmp_path / "scores.csv"
    result = molgen.screen(library[1], small_bundle, out, annotate=["qed", "pains"], columns=["id", "pains"])
    assert read(out).columns.tolist() == ["id", "pains"]
    assert "annotate" in result.summary.funnel
    with pytest.raises(ConfigError, match="no output column 'brenk'"):
        molgen.screen(library[1], small_bundle, tmp_path / "x.csv", annotate=["qed"], columns=["brenk"])


def test_a_column_of_a_task_is_not_overwritten(measured_table, tmp_path):
    table, model = tmp_path / "qed.csv", tmp_path / "qed.molgen"
    table.write_text(measured_table.read_text().replace("activity,active", "qed,active", 1))
    molgen.train(table, model, target="qed", split="random", experts="tabular", tabular={"rounds": 5})
    with pytest.raises(ConfigError, match="a column 'qed' already"):
        molgen.screen(table, model, tmp_path / "s.csv", annotate=["qed"])


def test_strict_stops_at_bad_rows_but_not_at_filtered_ones(small_bundle, tmp_path):
    path = tmp_path / "library.csv"
    path.write_text("smiles\nCCO\nO=[N+]([O-])c1ccccc1\n")
    result = molgen.screen(path, small_bundle, tmp_path / "s.csv", filters=["brenk"], strict=True)
    assert result.summary.statuses == {"ok": 1, "filtered": 1}
    path.write_text("smiles\nCCO\nnot_a_smiles\n")
    with pytest.raises(InputError, match="row 2"):
        molgen.filter_library(path, tmp_path / "k.csv", filters=["brenk"], strict=True)


# --- without a model --------------------------------------------------------------------------------------------


def test_a_library_is_split_into_kept_and_rejected_rows(library, filtered, tmp_path):
    kept, rejected = tmp_path / "kept.csv", tmp_path / "rejected.csv"
    result = molgen.filter_library(library, kept, filters=FILTERS, annotate=["qed"], drop_duplicates=True, rejected=rejected)
    screened = read(filtered[1])
    good, bad = read(kept), read(rejected)
    ok = screened["status"] == "ok"
    assert good[["source", "row"]].values.tolist() == screened.loc[ok, ["source", "row"]].values.tolist()
    assert good["qed"].tolist() == screened.loc[ok, "qed"].tolist()
    assert bad["reason"].tolist() == screened.loc[~ok, "reason"].tolist()
    assert len(good) + len(bad) == result.summary.rows
    again = tmp_path / "again.csv"
    molgen.filter_library(library, again, filters=FILTERS, annotate=["qed"], drop_duplicates=True, workers=2)
    assert again.read_bytes() == kept.read_bytes()
    # What is kept is a library again, and nothing more is taken from it.
    twice = molgen.filter_library(kept, tmp_path / "twice.csv", filters=FILTERS, drop_duplicates=True)
    assert twice.summary.statuses == {"ok": len(good)}


def test_nothing_to_do_is_refused(library, tmp_path):
    with pytest.raises(ConfigError, match="no filter was given"):
        molgen.filter_library(library, tmp_path / "kept.csv")


# --- what was seen before ---------------------------------------------------------------------------------------


def test_first_places_are_those_of_a_dictionary():
    rng = np.random.default_rng(0)
    seen, expected = SeenKeys(), {}
    for block in range(40):
        keys = rng.integers(0, 4000, 137).astype(np.uint64) * np.uint64(2**50)
        places = np.arange(block * 137, block * 137 + 137).astype(np.uint64)
        for key, place in zip(keys.tolist(), places.tolist(), strict=True):
            expected.setdefault(key, place)
        assert seen.first_places(keys, places).tolist() == [expected[key] for key in keys.tolist()]
    assert len(seen._runs) < 8
    assert seen.first_places(keys[:0], places[:0]).tolist() == []


def test_keys_tell_compounds_apart(nci_smiles):
    texts = list(dict.fromkeys(nci_smiles))
    assert len(set(parent_keys(texts).tolist())) == len(texts)
    assert repeated(parent_keys(["C", "CC", "C", "C"])).tolist() == [False, False, True, True]
