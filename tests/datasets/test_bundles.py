"""Models that come with the package: found by name, and trained on nothing that is held out."""

import hashlib
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import molgen
from molgen import datasets
from molgen.cli.main import main

ROOT = Path(__file__).parents[2]
NAMES = sorted(name for name in datasets.list_bundles() if name.startswith("admet"))


def test_a_file_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("admet-fast").write_bytes(b"mine")
    assert datasets.find_bundle("admet-fast") == Path("admet-fast")
    assert datasets.find_bundle("no-such-model") == Path("no-such-model")


@pytest.mark.parametrize("name", NAMES)
def test_it_predicts_every_endpoint(name, data_dir):
    bundle = molgen.load(name)
    folder = data_dir / "molecules" / "tdc_admet"
    assert [task.name for task in bundle.tasks] == sorted(path.name for path in folder.iterdir() if path.is_dir())
    found = bundle.predict(["CC(=O)Oc1ccccc1C(=O)O", "not a molecule", "CN1CCC[C@H]1c1cccnc1"])
    assert found["status"].tolist() == ["ok", "invalid", "ok"]
    for task in bundle.tasks:
        assert found[task.name].notna().tolist() == [True, False, True]


@pytest.mark.parametrize("name", NAMES)
def test_its_record_has_the_figures_of_its_folds(name):
    metrics = molgen.inspect(name)["cross_validation"]["metrics"]
    assert metrics["model"]["ames"]["auroc"]["mean"] > metrics["nearest neighbour"]["ames"]["auroc"]["mean"]
    assert {"tabular", "lightgbm"} & set(metrics)


def test_the_training_table_holds_no_held_out_compound(data_dir, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setenv("MOLGEN_DATA", str(data_dir))
    import admet

    monkeypatch.setattr(sys, "argv", ["admet.py", str(tmp_path / "admet.csv")])
    admet.main()
    digest = hashlib.sha256((tmp_path / "admet.csv").read_bytes()).hexdigest()
    for name in NAMES:
        assert molgen.inspect(name)["data"]["sha256"] == digest
    table = pd.read_csv(tmp_path / "admet.csv")
    for endpoint in ("herg", "solubility_aqsoldb"):
        rows = table[["smiles", endpoint]].dropna()
        rows.to_csv(tmp_path / "rows.csv", index=False)
        keys = data_dir / "molecules" / "tdc_admet" / "held_out_keys.csv.gz"
        report = molgen.audit(tmp_path / "rows.csv", exclude_keys=keys, endpoint=endpoint)
        assert report.held_out is not None
        assert not report.leaks


def test_a_screen_without_a_model_takes_the_panel(tmp_path):
    (tmp_path / "x.smi").write_text("CCO a\nCC(=O)Nc1ccc(O)cc1 b\nxx c\n")
    done = CliRunner().invoke(main, ["screen", str(tmp_path / "x.smi"), "-o", str(tmp_path / "s.csv"), "--quiet"])
    assert done.exit_code == 0, done.output
    scores = pd.read_csv(tmp_path / "s.csv")
    assert scores["status"].tolist() == ["ok", "ok", "invalid"]
    assert {task.name for task in molgen.load("admet-fast").tasks} <= set(scores)


def test_they_are_listed():
    done = CliRunner().invoke(main, ["data", "list"])
    assert done.exit_code == 0
    for name in NAMES:
        assert f"\n  {name} " in done.output
    wrong = CliRunner().invoke(main, ["screen", str(Path(__file__)), "-m", "admet-slow", "-o", "x.csv"])
    assert wrong.exit_code == 2
    assert "admet-fast" in wrong.output


def test_together_they_are_small():
    assert sum(path.stat().st_size for path in datasets.list_bundles().values()) <= 40e6


def test_the_encoder_tells_descriptors_and_is_what_a_blend_starts_from(measured_table):
    encoder = molgen.load("encoder")
    told = encoder.predict(["CC(=O)Oc1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1"])
    assert told["MolWt"].tolist() == pytest.approx([180.2, 162.2], abs=12)
    assert told["NumAromaticRings"].tolist() == pytest.approx([1, 1], abs=0.25)
    quick = {"split": "random", "graph": {"epochs": 1, "width": 16}, "tabular": {"rounds": 5}, "ensemble": 1}
    bundle = molgen.train(measured_table, target="activity", **quick).bundle
    names = [expert.name for expert in bundle.experts]
    assert bundle.experts[names.index("pretrained")].architecture["width"] == encoder.experts[0].architecture["width"]
    assert bundle.card["pretrained"]["file"] == "encoder.molgen"
    without = molgen.train(measured_table, target="activity", pretrained="none", **quick).bundle
    assert "pretrained" not in [expert.name for expert in without.experts]
    assert "pretrained" not in without.card
