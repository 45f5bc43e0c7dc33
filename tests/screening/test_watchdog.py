"""Rows that hang a worker, fill its memory or end it get a status of their own; the others get their scores."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

import molgen
from molgen.data.library import open_library
from molgen.errors import ConfigError, MolgenError
from molgen.filters import Pipeline
from molgen.screening.process import Failure, Worker
from molgen.screening.schema import output_schema
from molgen.screening.score import MakeScorer, ScorePlan, Scorer
from molgen.screening.watchdog import RowLimits, Verdict, Watchdog
from molgen.screening.workers import score_blocks

LIMITS = RowLimits(seconds=2.0, megabytes=150.0)


@pytest.fixture
def trouble(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    from trouble import Trouble

    return Trouble()


def plan_of(library, *filters, drop_duplicates=False):
    return ScorePlan(output_schema((), library.extras), library.extras, Pipeline(filters), drop_duplicates)


def scored(path, trouble, rows, *, workers=1, size=64, limits=LIMITS):
    path.write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate(rows)))
    library = open_library(path)
    blocks = score_blocks(library.blocks(size), None, None, plan_of(library, trouble), workers=workers, limits=limits)
    return [row for block in blocks for row in block.batch.to_pylist()]


def test_rows_that_come_to_grief_are_named_and_the_others_go_on(trouble, tmp_path, nci_smiles):
    rows = [smiles for smiles in nci_smiles[:170] if "." not in smiles][:150]
    rows[20], rows[70], rows[149] = "[Xe]", "[Kr]", "[Ar]"
    rows[21] = "[Xe]"  # the same again costs nothing
    found = scored(tmp_path / "x.smi", trouble, rows, workers=2)
    assert [row["smiles"] for row in found] == rows
    assert [row["row"] for row in found] == list(range(1, 151))
    bad = {row["row"]: (row["status"], row["reason"]) for row in found if row["status"] in ("timeout", "too_large")}
    assert bad == {
        21: ("timeout", "timeout: took longer than 2 s"),
        22: ("timeout", "timeout: took longer than 2 s"),
        71: ("too_large", "too large: needs more than 150 MB of memory"),
        150: ("too_large", "the process died on this row"),
    }
    for row in found:
        if row["row"] not in bad:
            assert row["status"] in ("ok", "invalid")
            assert (row["canonical_smiles"] is not None) == (row["status"] == "ok")


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(trouble, tmp_path):
    path = tmp_path / "x.smi"
    path.write_text("CCO a\n[He] b\nCCN c\n")
    library = open_library(path)
    worker = Worker(MakeScorer(None, plan_of(library, trouble)))
    blocks = list(library.blocks())
    watchdog = Watchdog(worker, LIMITS, {})
    assert watchdog(blocks[0]).batch.column("status").to_pylist() == ["ok"] * 3
    first = worker._process.pid
    killer = threading.Timer(0.1, os.kill, (first, signal.SIGKILL))
    killer.start()
    assert watchdog(blocks[0]).batch.column("status").to_pylist() == ["ok"] * 3
    killer.join()
    assert worker._process.pid != first
    os.kill(worker._process.pid, signal.SIGKILL)  # between two blocks
    assert watchdog(blocks[0]).batch.column("status").to_pylist() == ["ok"] * 3
    worker.close()


class FakeWorker:
    """Fails where a test says so, and counts."""

    def __init__(self, fails, make):
        self.fails, self.make, self.asked = fails, make, []

    def score(self, block, *, seconds, megabytes):
        read = [text for at, text in enumerate(block.texts) if at not in block.problems]
        self.asked.append(len(read))
        return failure if (failure := self.fails(read)) else self.make(block)


@pytest.fixture
def real(tmp_path):
    """A scorer in this process, and a block of 100 rows."""
    path = tmp_path / "x.smi"
    path.write_text("".join(f"{'C' * (at + 1)}O\n" for at in range(100)))
    library = open_library(path)
    return Scorer(None, plan_of(library, drop_duplicates=True)), next(iter(library.blocks()))


def test_a_block_is_scored_once_more_without_its_bad_rows(real):
    scorer, block = real
    bad = {block.texts[3], block.texts[77]}
    worker = FakeWorker(lambda read: Failure.TIMEOUT if bad & set(read) else None, scorer)
    known = {}
    batch = Watchdog(worker, LIMITS, known)(block).batch
    statuses = batch.column("status").to_pylist()
    assert [at for at, status in enumerate(statuses) if status != "ok"] == [3, 77]
    assert worker.asked[-1] == 98
    assert len(worker.asked) <= 2 * 9 + 1
    assert known == dict.fromkeys(bad, Verdict("timeout", "timeout: took longer than 2 s"))
    masked = block._replace(problems={3: "x", 77: "x"})
    assert batch.column("canonical_smiles").equals(scorer(masked).batch.column("canonical_smiles"))


def test_a_block_that_is_too_much_though_no_row_is_comes_out_in_pieces(real):
    scorer, block = real
    worker = FakeWorker(lambda read: Failure.MEMORY if len(read) > 30 else None, scorer)
    found = Watchdog(worker, LIMITS, {})(block)
    whole = scorer(block)
    assert found.batch.equals(whole.batch)
    assert found.passed.tolist() == whole.passed.tolist()
    assert found.keys.tolist() == whole.keys.tolist()
    assert [stage[:3] for stage in found.stages] == [stage[:3] for stage in whole.stages]


def test_a_worker_that_fails_on_nothing_is_an_error(real):
    scorer, block = real
    worker = FakeWorker(lambda _: Failure.DIED, scorer)
    with pytest.raises(MolgenError, match="nothing to score"):
        Watchdog(worker, LIMITS, {})(block)


def test_a_process_that_cannot_start_is_one_line(tmp_path):
    library_path = tmp_path / "x.smi"
    library_path.write_text("CCO\n")
    library = open_library(library_path)
    with pytest.raises(MolgenError) as refusal:
        list(score_blocks(library.blocks(), None, str(tmp_path / "no.molgen"), plan_of(library), workers=2))
    assert "no.molgen" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_scores_of_the_other_rows_are_those_of_an_undisturbed_run(small_bundle, nci_smiles, tmp_path):
    path = tmp_path / "x.smi"
    path.write_text("".join(f"{smiles}\n" for smiles in nci_smiles[:200]))
    library, bundle = open_library(path), molgen.load(small_bundle)
    scorer = Scorer(bundle, ScorePlan(output_schema(bundle.tasks, library.extras), library.extras, Pipeline()))
    block = next(iter(library.blocks()))
    worker = FakeWorker(lambda read: Failure.DIED if block.texts[50] in read else None, scorer)
    good, bad = scorer(block).batch.to_pandas(), Watchdog(worker, LIMITS, {})(block).batch.to_pandas()
    assert bad["status"][50] == "too_large"
    assert bad["reason"][50] == "the process died on this row"
    assert bad.loc[50, ["activity", "active", "domain", "canonical_smiles"]].isna().all()
    others = good.index != 50
    pd.testing.assert_frame_equal(good[others], bad[others], check_exact=False, rtol=1e-5, atol=1e-9)


def test_limits_are_checked():
    assert RowLimits.asked(None, 0) == RowLimits(30.0, float("inf"))
    with pytest.raises(ConfigError, match="row_timeout"):
        RowLimits.asked(-1, None)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_ends_when_the_first_process_does(tmp_path):
    import subprocess

    script = (
        "import time, os\n"
        "from molgen.screening.process import Worker\n"
        "from molgen.screening.score import MakeScorer, ScorePlan\n"
        "from molgen.screening.schema import output_schema\n"
        "from molgen.filters import Pipeline\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(MakeScorer(None, ScorePlan(output_schema((), []), [], Pipeline())))\n"
        "    worker._running()\n"
        "    print(worker._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    (tmp_path / "go.py").write_text(script)
    done = subprocess.run([sys.executable, tmp_path / "go.py"], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")
