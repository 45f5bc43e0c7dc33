"""A run that was stopped goes on to the result that it would have had."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import molgen
from molgen.errors import BundleError, ConfigError, InputError
from molgen.training import experts

SETTINGS = {
    "split": "random",
    "target": "activity",
    "ensemble": 2,
    "pretrained": "none",
    "graph": {"epochs": 3, "width": 16, "steps": 1, "dropout": 0.2},
    "tabular": {"rounds": 10},
}


class StoppedError(Exception):
    """Stands for whatever ends a run."""


@pytest.fixture(scope="module")
def undisturbed(measured_table, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "m.molgen"
    molgen.train(measured_table, path, **SETTINGS)
    return path.read_bytes()


def stop_at(stage, epoch):
    """Return a progress that raises at an epoch of a stage (its n-th network where the epoch comes again)."""
    seen = []

    def tell(name, done, total):
        if name == stage:
            seen.append(done)
            if len(seen) == epoch:
                raise StoppedError

    return tell


@pytest.mark.parametrize(
    ("stage", "epoch"),
    [("graph expert", 2), ("graph expert", 5), ("tabular expert", 1)],
)
def test_a_stopped_run_goes_on_to_the_same_bytes(measured_table, tmp_path, undisturbed, stage, epoch, monkeypatch):
    path, folder = tmp_path / "m.molgen", tmp_path / "run"
    with pytest.raises(StoppedError):
        molgen.train(measured_table, path, checkpoint=folder, progress=stop_at(stage, epoch), **SETTINGS)
    assert not path.exists()
    epochs = []
    molgen.train(measured_table, path, checkpoint=folder, progress=lambda *told: epochs.append(told), **SETTINGS)
    assert path.read_bytes() == undisturbed
    done = [n for name, n, _ in epochs if name == "graph expert"]
    assert done == {("graph expert", 2): [3, 1, 2, 3], ("graph expert", 5): [3]}.get((stage, epoch), [])
    # Once more: nothing is trained at all.
    monkeypatch.setattr(experts, "fit_network", None)
    again = tmp_path / "again.molgen"
    molgen.train(measured_table, again, checkpoint=folder, **SETTINGS)
    assert again.read_bytes() == undisturbed


def test_a_killed_process_goes_on_to_the_same_bytes(measured_table, tmp_path, undisturbed):
    path, folder, settings = tmp_path / "m.molgen", tmp_path / "run", tmp_path / "train.toml"
    settings.write_text(
        'targets = ["activity"]\nsplit = "random"\nensemble = 2\npretrained = "none"\n'
        "[graph]\nepochs = 3\nwidth = 16\nsteps = 1\ndropout = 0.2\n[tabular]\nrounds = 10\n"
    )
    program = (
        f"import molgen; molgen.train({str(measured_table)!r}, {str(path)!r}, config={str(settings)!r}, checkpoint={str(folder)!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    for _ in range(6000):
        if list(folder.glob("*-network-*.zip")) or process.poll() is not None:
            break
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not path.exists()
    molgen.train(measured_table, path, config=settings, checkpoint=folder)
    assert path.read_bytes() == undisturbed


def test_a_checkpoint_of_another_run_is_refused_and_the_difference_named(measured_table, tmp_path):
    folder = tmp_path / "run"
    quick = {**SETTINGS, "experts": "tabular", "ensemble": 1}
    molgen.train(measured_table, checkpoint=folder, **quick)
    molgen.train(measured_table, checkpoint=folder, **quick, n_jobs=2)
    with pytest.raises(ConfigError, match=r"configuration.tabular.rounds differs.*expected 10; got 11"):
        molgen.train(measured_table, checkpoint=folder, **{**quick, "tabular": {"rounds": 11}})
    changed = tmp_path / "changed.csv"
    changed.write_text(measured_table.read_text().replace("C", "CC", 1))
    with pytest.raises(ConfigError, match="data"):
        molgen.train(changed, checkpoint=folder, **quick)
    (folder / "run.zip").write_bytes(b"nonsense")
    with pytest.raises(BundleError):
        molgen.train(measured_table, checkpoint=folder, **quick)


def test_a_folder_of_something_else_is_refused(measured_table, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(InputError, match="something else"):
        molgen.train(measured_table, checkpoint=tmp_path, **SETTINGS)
    with pytest.raises(InputError, match="cannot be made"):
        molgen.train(measured_table, checkpoint=tmp_path / "no" / "folder", **SETTINGS)


def test_each_networks_epochs_are_in_the_card(measured_table):
    settings = {**SETTINGS, "experts": "graph", "ensemble": 2}
    card = molgen.train(measured_table, **settings).bundle.card
    assert [len(each) for each in card["training"].values()] == [2]
    for network in card["training"]["graph"]:
        assert network["epoch"] == [1, 2, 3]
        assert network["epochs"] == 3
        assert network["best_epoch"] == 1 + int(np.argmin(network["valid"]))
        assert all(rate > 0 for rate in network["learning_rate"][:2])
    json.dumps(card, allow_nan=False)


def test_a_long_history_is_thinned_and_keeps_its_best_and_last():
    from molgen.training.fit import describe_history
    from molgen.training.loop import Epoch

    epochs = [Epoch(1.0, abs(at - 777) + 0.5, 1e-3) for at in range(1, 2001)]
    described = describe_history(epochs)
    assert len(described["epoch"]) == len(described["valid"]) <= 100
    assert {1, 777, 2000} <= set(described["epoch"])
    assert (described["best_epoch"], described["epochs"]) == (777, 2000)
    assert describe_history([Epoch(1.0, float("nan"), 1e-3)])["valid"] == [None]
