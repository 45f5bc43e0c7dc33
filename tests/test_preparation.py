"""Preparing a library for hours: killed and gone on with, and rows that hang it."""

import random
import subprocess
import sys
import time

import pandas as pd
import pyarrow.parquet as pq
import pytest

import molgen
from molgen.errors import ConfigError, InputError
from molgen.screening.folder import PartsFolder


class StopError(Exception):
    """Stands for a kill."""


@pytest.fixture(scope="module")
def library(tmp_path_factory, nci_smiles):
    path = tmp_path_factory.mktemp("library") / "library.smi"
    path.write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate([*nci_smiles, *nci_smiles][:20_000])))
    return path


@pytest.fixture(scope="module")
def clean(library):
    molgen.prepare(library, library.parent / "clean")
    return contents(library.parent / "clean")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_killed_at_random_moments_and_finished_it_is_the_same_library(library, clean, tmp_path):
    moments = random.Random(0)
    output = tmp_path / "prepared"
    command = [sys.executable, "-c", "import sys, molgen; molgen.prepare(*sys.argv[1:])", str(library), str(output)]
    for _ in range(2):
        process = subprocess.Popen(command)
        while not (tmp_path / "prepared.parts" / "manifest.json").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 3))
        process.kill()
        process.wait()
    if not output.exists():
        molgen.prepare(library, output)
    assert contents(output) == clean
    assert [path.name for path in tmp_path.iterdir()] == ["prepared"]


def test_killed_as_one_library_takes_the_place_of_another(library, clean, tmp_path, monkeypatch):
    (tmp_path / "old.smi").write_text("CCO\nCCN\n")
    output = tmp_path / "prepared"
    molgen.prepare(tmp_path / "old.smi", output)
    with pytest.raises(InputError, match="exists already"):
        molgen.prepare(library, output)
    with monkeypatch.context() as patch:
        patch.setattr("molgen.preparation.remove_unfinished", lambda _: (_ for _ in ()).throw(StopError()))
        with pytest.raises(StopError):
            molgen.prepare(library, output, overwrite=True)
    (tmp_path / ".prepared.99999.part").mkdir()  # of a process that was killed as it wrote
    monkeypatch.setattr("molgen.preparation._Plan.__call__", lambda _: pytest.fail("a row was read again"))
    molgen.prepare(library, output, overwrite=True)
    assert contents(output) == clean
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.smi", "prepared"]


def test_other_settings_are_another_run(library, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("molgen.preparation._write", lambda *_: (_ for _ in ()).throw(StopError()))
        with pytest.raises(StopError):
            molgen.prepare(library, tmp_path / "prepared")
    with pytest.raises(ConfigError, match="max_atoms differs; expected 300; got 20"):
        molgen.prepare(library, tmp_path / "prepared", max_atoms=20)
    assert PartsFolder(tmp_path / "prepared.parts").end.rows == len(library.read_text().splitlines())
    molgen.prepare(library, tmp_path / "prepared", max_atoms=20, restart=True)
    assert not (tmp_path / "prepared.parts").exists()


def test_a_row_that_hangs_gets_a_status_and_the_others_go_on(tmp_path, small_bundle):
    slow = "CC(=O)" + "CC(=O)" * 300 + "C"
    pd.DataFrame({"smiles": ["CCO", slow, "CC(O)=CC", slow, "CCN"]}).to_csv(tmp_path / "x.csv", index=False)
    result = molgen.prepare(tmp_path / "x.csv", tmp_path / "p", tautomers=True, max_atoms=1000, row_timeout=3.0)
    assert result.statuses == {"ok": 3, "timeout": 2}
    assert result.reasons == {"timeout": 2}
    table = pq.read_table(tmp_path / "p" / "part-00000.parquet").to_pandas()
    assert table["status"].tolist() == ["ok", "timeout", "ok", "timeout", "ok"]
    assert table["canonical_smiles"][2] == "CCC(C)=O"
    molgen.screen(tmp_path / "p", small_bundle, tmp_path / "scores.csv")
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores["status"].tolist() == table["status"].tolist()
    assert scores["reason"][1] == "timeout: took longer than 3 s"


def test_workers_write_the_same_library(nci_smiles, tmp_path):
    (tmp_path / "x.smi").write_text("".join(f"{smiles}\n" for smiles in nci_smiles[:3000]))
    for workers in (1, 2):
        molgen.prepare(tmp_path / "x.smi", tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
