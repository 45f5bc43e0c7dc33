"""The learning curve: nested shares of the same rows, measured on the same parts, ending in the run itself."""

import json

from click.testing import CliRunner

import molgen
from molgen.cli.main import main
from molgen.training import learning_curve as module

QUICK = {"split": "random", "experts": "tabular", "tabular": {"rounds": 30}}


def test_the_error_falls_over_nested_shares(measured_table, monkeypatch):
    seen = []
    fit = module.fit_experts
    monkeypatch.setattr(module, "fit_experts", lambda *a, **k: (seen.append(set(a[4].train.tolist())), fit(*a, **k))[1])
    result = molgen.train(measured_table, target="activity", curve=True, **QUICK)
    assert [point.rows for point in result.curve] == [19, 38, 77, 154, 192]
    assert all(small < large for small, large in zip(seen, [*seen[1:], set(result.split.train.tolist())], strict=True))
    errors = [point.metrics["valid"]["activity"]["rmse"] for point in result.curve]
    assert errors[-1] < errors[0]
    assert errors[-1] == result.metrics["valid"]["model"]["activity"]["rmse"]
    assert json.loads(json.dumps(result.bundle.card["learning_curve"]))[-1]["rows"] == 192
    assert len(molgen.inspect(result.bundle)["learning_curve"]) == 5
    plain = molgen.train(measured_table, target="activity", **QUICK)
    assert plain.curve == []
    assert "learning_curve" not in plain.bundle.card


def test_a_share_that_tells_nothing_apart_is_left_out(measured_table, monkeypatch):
    monkeypatch.setattr(module, "SHARES", (0.006, 0.8))
    result = molgen.train(measured_table, target="activity", curve=True, **QUICK)
    assert [point.rows for point in result.curve] == [154, 192]


def test_the_command_prints_it(measured_table, tmp_path):
    command = ["train", str(measured_table), "--target", "activity", "--split", "random", "--experts", "tabular", "--curve"]
    done = CliRunner().invoke(main, [*command, "-o", str(tmp_path / "m.molgen")])
    assert done.exit_code == 0, done.output
    assert "Learning curve: activity" in done.output
    assert "valid rmse" in done.output
