"""Percentiles: where a prediction stands among those for a library, in the bundle, its file and a screen."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.archive import read_archive, write_archive
from molgen.errors import BundleError, ConfigError, InputError
from molgen.experts.percentiles import Percentiles

QUICK = {"target": ["activity", "active"], "experts": "graph", "split": "random", "graph": {"epochs": 2, "width": 16}}


@pytest.fixture(scope="module")
def drugs(nci_smiles, tmp_path_factory):
    path = tmp_path_factory.mktemp("drugs") / "drugs.smi"
    path.write_text("".join(f"{smiles} {at}\n" for at, smiles in enumerate(nci_smiles[:400])))
    return path


@pytest.fixture(scope="module")
def model(measured_table, drugs, tmp_path_factory):
    path = tmp_path_factory.mktemp("ranked") / "ranked.molgen"
    molgen.train(measured_table, path, percentiles_of=str(drugs), **QUICK)
    return path


def test_percentiles_are_those_of_the_library(model, nci_smiles):
    bundle = molgen.load(model)
    predicted = bundle.predict(nci_smiles[:400], percentiles=True)
    for task in ("activity", "active"):
        values = predicted[task].dropna()
        exact = values.rank(pct=True) * 100
        assert np.abs(predicted[f"{task}_percentile"].dropna() - exact).max() < 1
    assert bundle.percentiles.name == "drugs"
    assert bundle.percentiles.compounds == predicted["activity"].notna().sum()


def test_they_are_columns_on_request(model):
    bundle = molgen.load(model)
    assert not [name for name in bundle.predict(["CCO"]) if "percentile" in name]
    row = bundle.predict(["CCO", "nonsense"], percentiles=True)
    assert list(row).index("activity_percentile") == list(row).index("activity_upper") + 1
    assert row["activity_percentile"].between(0, 100).tolist() == [True, False]


def test_a_screen_writes_them_where_they_are_asked_for(model, drugs, tmp_path):
    molgen.screen(drugs, model, tmp_path / "all.csv", percentiles=True)
    molgen.screen(drugs, model, tmp_path / "some.csv", columns=["id", "active_percentile"], workers=2)
    every, some = (pd.read_csv(tmp_path / name) for name in ("all.csv", "some.csv"))
    assert list(every)[-3:] == ["domain", "activity_percentile", "active_percentile"]
    assert list(some) == ["id", "active_percentile"]
    pd.testing.assert_series_equal(some["active_percentile"], every["active_percentile"])
    molgen.screen(drugs, model, tmp_path / "both.csv", columns=["id", "active_percentile"], percentiles=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "both.csv"), some)
    with pytest.raises(ConfigError, match=r"no column of percentiles is named.*such as activity_percentile"):
        molgen.screen(drugs, model, tmp_path / "none.csv", columns=["id"], percentiles=True)
    molgen.screen(drugs, model, tmp_path / "plain.csv")
    assert "active_percentile" not in pd.read_csv(tmp_path / "plain.csv")


def test_a_model_without_them_says_how_to_get_them(small_bundle, drugs, tmp_path):
    with pytest.raises(ConfigError, match="--percentiles-of"):
        molgen.screen(drugs, small_bundle, tmp_path / "out.csv", percentiles=True)
    assert "activity_percentile" not in molgen.load(small_bundle).predict(["CCO"], percentiles=True)


def test_the_record_tells_of_them(model, small_bundle):
    assert molgen.inspect(model)["percentiles"]["of"] == "drugs"
    assert molgen.inspect(small_bundle)["percentiles"] is None


def test_values_between_outside_and_tied():
    ranked = Percentiles.fit("numbers", np.column_stack([np.arange(1001.0), np.r_[np.zeros(500), np.ones(501)]]))
    found = ranked.of(np.array([-5.0, 0.0, 250.5, 1000.0, 2000.0, np.nan]), 0)
    np.testing.assert_allclose(found, [0, 0, 25.05, 100, 100, np.nan], atol=1e-9)
    np.testing.assert_allclose(ranked.of(np.array([-1.0, 0.0, 1.0, 2.0]), 1), [0, 25, 75, 100], atol=0.6)


def test_a_library_that_cannot_be_used_is_refused_before_training(measured_table, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        molgen.train(measured_table, percentiles_of="nowhere.csv", **QUICK)
    (tmp_path / "few.smi").write_text("CCO\nCCN\nnonsense\n")
    stages = []
    with pytest.raises(InputError, match=r"too few compounds.*got 2"):
        molgen.train(
            measured_table, percentiles_of=str(tmp_path / "few.smi"), progress=lambda *told: stages.append(told[0]), **QUICK
        )
    assert stages == ["reading"]


def test_a_task_of_the_name_of_percentiles_is_refused(measured_table, drugs, model, tmp_path):
    frame = pd.read_csv(measured_table)
    frame["activity_percentile"] = frame["activity"] * 2
    frame.to_csv(tmp_path / "twice.csv", index=False)
    asked = {**QUICK, "target": ["activity", "activity_percentile"]}
    with pytest.raises(ConfigError, match="percentiles of 'activity'"):
        molgen.train(tmp_path / "twice.csv", percentiles_of=str(drugs), **asked)
    bundle = molgen.load(model)
    bundle.tasks[1] = dataclasses.replace(bundle.tasks[1], name="activity_percentile")
    bundle.save(tmp_path / "crafted.molgen")
    with pytest.raises(BundleError, match="do not go with the tasks"):
        molgen.load(tmp_path / "crafted.molgen")


@pytest.mark.parametrize(
    ("member", "data"),
    [
        ("percentiles/percentiles.json", b'{"name": 5, "compounds": 3}'),
        ("percentiles/percentiles.json", b'{"name": "x", "compounds": 0}'),
        ("percentiles/percentiles.json", b"[]"),
        ("percentiles/percentiles.json", b'{"name": "x", "compounds": 1' + b"0" * 4000 + b"}"),
        ("percentiles/percentiles.safetensors", b"nonsense"),
    ],
)
def test_a_damaged_file_is_refused(model, tmp_path, member, data):
    members = read_archive(model)
    write_archive(tmp_path / "bad.molgen", {**members, member: data})
    with pytest.raises(BundleError):
        molgen.load(tmp_path / "bad.molgen")


def test_quantiles_that_do_not_ascend_are_refused(model, tmp_path):
    bundle = molgen.load(model)
    bundle.percentiles.quantiles[0] = bundle.percentiles.quantiles[0, ::-1].copy()
    bundle.save(tmp_path / "bad.molgen")
    with pytest.raises(BundleError, match="ascend"):
        molgen.load(tmp_path / "bad.molgen")
