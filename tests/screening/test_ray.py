"""A screen on a Ray cluster writes the bytes of a screen in one process, whatever dies meanwhile."""

import importlib.util
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from molgen.data.library import PreparedBlock, open_library
from molgen.errors import ConfigError, MissingExtraError, MolgenError
from molgen.filters import Pipeline, resolve
from molgen.screening.on_ray import NodeWorker, check_engine, score_on_ray
from molgen.screening.schema import output_schema
from molgen.screening.score import ScorePlan, Scorer

SCRIPT = Path(__file__).parent / "clustered.py"
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is absent: pip install 'molgen-toolkit[scale]'")


def start(*arguments, **options):
    return subprocess.Popen([sys.executable, SCRIPT, *map(str, arguments)], text=True, **options)


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two nodes; its address, and what kills the second."""
    process = start("cluster", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def kill_a_node():
        process.stdin.write("kill\n")
        process.stdin.flush()
        assert process.stdout.readline() == "killed\n"

    try:
        address = process.stdout.readline().strip()
        assert ":" in address, f"no cluster: {address}"
        yield address, kill_a_node
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture
def library(tmp_path, nci_smiles):
    path = tmp_path / "library.smi"
    path.write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate(nci_smiles[:2560])))
    return path


@needs_ray
def test_a_run_that_is_stopped_and_then_loses_a_node_writes_the_same_bytes(cluster, library, small_bundle, tmp_path):
    address, kill_a_node = cluster
    usual = [library, "-m", small_bundle, "--columns", "row,id,status,reason,activity,active", "--drop-duplicates"]
    assert start("screen", *usual, "-o", tmp_path / "one.csv", stderr=subprocess.DEVNULL).wait() == 0
    output, parts = tmp_path / "s.csv", tmp_path / "s.csv.parts"
    command = ["screen", *usual, "-o", output, "--engine", "ray", "--ray-address", address, "--workers", 2, "--json"]

    def run_until(count):
        process = start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not (parts / f"part-{count - 1:06d}.arrow").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return process

    process = run_until(3)
    process.send_signal(signal.SIGTERM)
    said = process.communicate()[1]
    assert process.returncode == 143, said
    assert "the same command goes on from there" in said
    assert not output.exists()
    process = run_until(10)
    kill_a_node()
    assert process.poll() is None, "it was over before the node died"
    printed, said = process.communicate()
    assert process.returncode == 0, said
    assert json.loads(printed)["rows"] == 2560
    assert output.read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert not parts.exists()


@needs_ray
def test_rows_that_come_to_grief_are_named_and_the_others_go_on(cluster, tmp_path):
    library = tmp_path / "x.smi"
    library.write_text("".join(f"{smiles}\n" for smiles in ["CCO", "[Xe]", "CCN", "[Ar]", "CCC", "[Kr]"]))
    process = start("grief", cluster[0], library, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    printed, said = process.communicate()
    assert process.returncode == 0, said
    assert [(row["status"], row["reason"]) for row in json.loads(printed.splitlines()[-1])] == [
        ("ok", None),
        ("timeout", "timeout: took longer than 2 s"),
        ("ok", None),
        ("too_large", "the process died on this row"),
        ("ok", None),
        ("too_large", "too large: needs more than 150 MB of memory"),
    ]


def test_without_ray_the_extra_is_named(library, small_bundle, tmp_path, monkeypatch):
    from molgen.cli.main import main

    monkeypatch.setitem(sys.modules, "ray", None)
    arguments = ["screen", str(library), "-m", str(small_bundle), "-o", str(tmp_path / "s.csv"), "--engine", "ray"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert done.output == "Error: ray is not installed; run: pip install 'molgen-toolkit[scale]'\n"
    assert [path.name for path in tmp_path.iterdir()] == ["library.smi"]
    with pytest.raises(MissingExtraError):
        next(score_on_ray([], None, None, workers=1))


def test_engines_are_checked():
    with pytest.raises(ConfigError, match=r"one of processes, ray; got 'spark'"):
        check_engine("spark", None)
    with pytest.raises(ConfigError, match="add --engine ray"):
        check_engine("processes", "10.0.0.1:6379")


class FakeRay:
    """Stands for Ray: actors are objects here, that die or fail where a test says so."""

    def __init__(self, *, starts=lambda at: None, dies=lambda at, block: False, initialized=True):
        self.exceptions = SimpleNamespace(RayError=LostError, RayTaskError=type("RayTaskError", (LostError,), {}))
        self.starts, self.dies, self.made, self.asked = starts, dies, 0, []
        self.is_initialized = lambda: initialized
        self.put = lambda value: value
        self.get = lambda call, timeout: call()
        self.kill = lambda actor: None

    def remote(self, **options):
        def wrap(kind):
            return SimpleNamespace(remote=self.make)

        return wrap

    def make(self, bundle, plan):
        self.made += 1
        return FakeActor(self, self.made - 1, Scorer(None, plan))


class LostError(Exception):
    """Ray's word for an actor that is gone."""


class FakeActor:
    def __init__(self, ray, at, scorer):
        def start():
            started = Future()
            started.set_result(ray.starts(at))
            return SimpleNamespace(future=lambda: started)

        def score(block, seconds, megabytes, library):
            ray.asked.append((at, block))
            if ray.dies(at, block):
                return lambda: (_ for _ in ()).throw(LostError("gone"))
            if isinstance(block, PreparedBlock):
                return lambda: None
            return lambda: scorer(block)

        self.start, self.score = SimpleNamespace(remote=start), SimpleNamespace(remote=score)


def scored_by(fake, path, monkeypatch, workers=2, **options):
    monkeypatch.setitem(sys.modules, "ray", fake)
    opened = open_library(path)
    plan = ScorePlan(output_schema((), opened.extras), opened.extras, Pipeline(resolve(["lipinski"])), True)
    found = list(score_on_ray(opened.deferred_blocks(64), None, plan, workers=workers, **options))
    expected = list(map(Scorer(None, plan), opened.deferred_blocks(64)))
    assert [block.number for block in found] == [block.number for block in expected]
    return found, expected


@pytest.fixture
def small_library(tmp_path, nci_smiles):
    path = tmp_path / "small.smi"
    path.write_text("".join(f"{smiles}\n" for smiles in nci_smiles[:256]))
    return path


def test_lost_actors_are_replaced_and_each_block_comes_out_once(small_library, monkeypatch):
    fake = FakeRay(dies=lambda at, block: at < 3)
    found, expected = scored_by(fake, small_library, monkeypatch)
    assert fake.made == 5
    assert all(a.batch.equals(b.batch) and (a.keys == b.keys).all() for a, b in zip(found, expected, strict=True))


def test_a_row_that_is_the_death_of_every_actor_is_found(small_library, monkeypatch):
    bad = small_library.read_text().splitlines()[70]

    def dies(at, block):
        return bad in [text for row, text in enumerate(block.texts) if row not in block.problems]

    found, expected = scored_by(FakeRay(dies=dies), small_library, monkeypatch)
    statuses = [status for block in found for status in block.batch.column("status").to_pylist()]
    good = [status for block in expected for status in block.batch.column("status").to_pylist()]
    assert statuses[70] == "too_large"
    assert statuses[:70] + statuses[71:] == good[:70] + good[71:]


def test_actors_that_never_start_end_the_run(small_library, monkeypatch):
    fake = FakeRay(starts=lambda at: MolgenError("no memory"))
    with pytest.raises(MolgenError, match="no worker starts on the Ray cluster: no memory"):
        scored_by(fake, small_library, monkeypatch)
    assert fake.made <= 8
    found, _ = scored_by(FakeRay(starts=lambda at: MolgenError("once") if at % 2 else None), small_library, monkeypatch)
    assert len(found) == 4


def test_an_address_beside_a_connection_is_refused(small_library, monkeypatch):
    with pytest.raises(ConfigError, match="connected to a Ray cluster already"):
        scored_by(FakeRay(), small_library, monkeypatch, address="10.0.0.1:6379")


def test_a_cluster_that_does_not_answer_is_told_at_once(small_library, monkeypatch):
    with pytest.raises(MolgenError, match=r"127\.0\.0\.1:1: no Ray cluster answers: ConnectionRefusedError"):
        scored_by(FakeRay(initialized=False), small_library, monkeypatch, address="127.0.0.1:1")


@pytest.fixture
def prepared(small_library, tmp_path):
    import molgen

    molgen.prepare(small_library, tmp_path / "prepared")
    return tmp_path / "prepared"


def test_blocks_of_prepared_libraries_travel_where_the_files_are_not(prepared, monkeypatch):
    fake = FakeRay()
    found, expected = scored_by(fake, prepared, monkeypatch, workers=1)
    assert all(a.batch.equals(b.batch) for a, b in zip(found, expected, strict=True))
    assert [isinstance(block, PreparedBlock) for _, block in fake.asked] == [True, *[False] * len(expected)]


def test_a_node_reads_the_files_of_the_same_library_alone(prepared):
    from molgen.data.prepared.manifest import read_manifest

    opened = open_library(prepared)
    plan = ScorePlan(output_schema((), opened.extras), opened.extras, Pipeline(), False)
    node, block = NodeWorker(None, plan), next(iter(opened.deferred_blocks()))
    try:
        assert node.score(block, 60.0, 4000.0, "0" * 64) is None
        assert node.score(block._replace(path="/nowhere/part-00000.parquet"), 60.0, 4000.0, "0" * 64) is None
        answer = node.score(block, 60.0, 4000.0, read_manifest(prepared).sha256())
        assert answer.batch.equals(Scorer(None, plan)(block).batch)
    finally:
        node._worker.close()
