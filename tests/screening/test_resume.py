"""A run that was killed goes on from what is done, to the same bytes; what cannot be gone on with is refused."""

import fcntl
import gzip
import importlib.util
import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import molgen
import molgen.screening.fill
from molgen.errors import ConfigError, InputError
from molgen.screening.parts import read_part

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("sifting", HERE / "sifting.py")
sifting = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sifting)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(molgen.screening.fill, "PART_BLOCKS", sifting.PART_BLOCKS)


@pytest.fixture(scope="module")
def library(tmp_path_factory, nci_smiles):
    """1,200 rows, of which some come twice."""
    path = tmp_path_factory.mktemp("library") / "library.smi"
    rows = [*nci_smiles[:1000], *nci_smiles[:100], *nci_smiles[1000:1100]]
    path.write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate(rows)))
    return path


@pytest.fixture(scope="module")
def clean(library, tmp_path_factory):
    """What an undisturbed run writes."""
    folder = tmp_path_factory.mktemp("clean")
    before = molgen.screening.fill.PART_BLOCKS
    sifting.small_parts()
    summary = sifting.sift(library, folder / "s.csv")
    sifting.sift(library, folder / "s.parquet")
    molgen.screening.fill.PART_BLOCKS = before
    assert sorted(path.name for path in folder.iterdir()) == ["s.csv", "s.parquet"]
    return folder, summary


def start(*arguments):
    return subprocess.Popen([sys.executable, HERE / "sifting.py", *map(str, arguments)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_killed_at_random_moments_and_finished_it_writes_the_same_bytes(name, clean, library, tmp_path):
    moments = random.Random(name)
    output, parts = tmp_path / name, tmp_path / f"{name}.parts"
    for _ in range(2):
        process = start(library, output)
        while not (parts / "manifest.json").exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.4))
        process.kill()
        process.communicate()
    if parts.exists():
        sifting.sift(library, output)
    assert output.read_bytes() == (clean[0] / name).read_bytes()
    assert not parts.exists()


class StopError(Exception):
    """Stands for a kill after so many blocks."""


def stop_after(count):
    def wrap(blocks):
        for at, block in enumerate(blocks):
            if at == count:
                raise StopError
            yield block

    return wrap


def stopped(library, output, count, **options):
    with pytest.raises(StopError):
        sifting.sift(library, output, wrap=stop_after(count), **options)
    return output.with_name(f"{output.name}.parts")


def test_what_is_done_is_not_done_again(clean, library, tmp_path):
    parts = stopped(library, tmp_path / "s.csv", 10)
    assert sorted(path.name for path in parts.glob("part-*")) == [f"part-00000{n}.arrow" for n in range(3)]
    done = {path: path.stat().st_mtime_ns for path in parts.glob("part-*")}
    seen = []
    with pytest.raises(StopError):
        sifting.sift(library, tmp_path / "s.csv", wrap=lambda blocks: (seen.append(b.number) or b for b in stop_after(4)(blocks)))
    assert seen == [9, 10, 11, 12]
    assert {path: path.stat().st_mtime_ns for path in done} == done
    summary = sifting.sift(library, tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_bytes() == (clean[0] / "s.csv").read_bytes()
    assert summary.statuses == clean[1].statuses
    assert [stage[:3] for stage in summary.funnel.values()] == [stage[:3] for stage in clean[1].funnel.values()]


def test_killed_while_outputs_are_put_into_place(clean, library, tmp_path, monkeypatch):
    output = tmp_path / "s.csv"
    monkeypatch.setattr("molgen.screening.folder.PartsFolder.remove", lambda _: (_ for _ in ()).throw(StopError()))
    with pytest.raises(StopError):
        sifting.sift(library, output)
    monkeypatch.undo()
    assert output.exists()
    (tmp_path / ".s.csv.99999.part").write_text("half a table")
    monkeypatch.setattr(molgen.screening.fill, "PART_BLOCKS", sifting.PART_BLOCKS)
    sifting.sift(library, output, wrap=stop_after(0))  # nothing is read again
    assert output.read_bytes() == (clean[0] / "s.csv").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]


def test_another_run_is_refused_and_the_difference_named(clean, library, tmp_path):
    output = tmp_path / "s.csv"
    parts = stopped(library, output, 5)
    with pytest.raises(ConfigError, match=r"screen\.filters\.1\.type differs.*lipinski.*veber.*--restart"):
        sifting.sift(library, output, filters=["veber"])
    other = tmp_path / "other.smi"
    other.write_text("CCO\n")
    with pytest.raises(ConfigError, match=r"library\.1\.file differs"):
        sifting.sift(other, output)
    assert list(parts.glob("part-*"))
    sifting.sift(library, output, restart=True)
    assert output.read_bytes() == (clean[0] / "s.csv").read_bytes()


def test_a_library_that_was_edited_is_refused_by_its_checksum(library, tmp_path):
    copy, output = tmp_path / "copy.smi", tmp_path / "s.csv"
    copy.write_bytes(library.read_bytes())
    stopped(copy, output, 5)
    copy.write_bytes(library.read_bytes().replace(b"n1\n", b"n2\n"))
    with pytest.raises(ConfigError, match=r"library\.1\.sha256 differs"):
        sifting.sift(copy, output)


def test_another_version_is_refused(library, tmp_path, monkeypatch):
    stopped(library, tmp_path / "s.csv", 5)
    monkeypatch.setattr("molgen.screening.manifest.versions", lambda: {"rdkit": "0"})
    with pytest.raises(ConfigError, match="versions"):
        sifting.sift(library, tmp_path / "s.csv")


def test_two_runs_into_one_folder(clean, library, tmp_path):
    output = tmp_path / "s.csv"
    parts = stopped(library, output, 5)
    with (parts / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process"):
            sifting.sift(library, output)
        with pytest.raises(InputError, match="another process"):
            sifting.sift(library, output, restart=True)
        assert list(parts.glob("part-*"))
    sifting.sift(library, output)
    assert output.read_bytes() == (clean[0] / "s.csv").read_bytes()


@pytest.mark.parametrize("change", ["appended", "edited"])
def test_a_library_that_changes_while_it_is_read_is_refused(change, library, tmp_path):
    copy, output = tmp_path / "copy.smi", tmp_path / "s.csv"
    # Long enough that it is not read in one go.
    copy.write_text("".join(f"{line}{'x' * 500}\n" for line in library.read_text().splitlines()))

    def wrap(blocks):
        for block in blocks:
            if block.number == 0:
                with copy.open("r+b") as file:
                    file.seek(0 if change == "appended" else -20, os.SEEK_END)
                    file.write(b"CCO\n")
            yield block

    with pytest.raises(InputError, match="changed while it was read"):
        sifting.sift(copy, output, wrap=wrap)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.smi"]


def test_a_truncated_gzip_stops_and_keeps_what_is_done(library, tmp_path):
    packed, output = tmp_path / "library.smi.gz", tmp_path / "s.csv"
    packed.write_bytes(gzip.compress(library.read_bytes())[:-2000])
    with pytest.raises(InputError, match="damaged"):
        sifting.sift(packed, output)
    assert not output.exists()
    assert list((tmp_path / "s.csv.parts").glob("part-*"))
    assert not list(tmp_path.glob(".*"))


def test_standard_input_cannot_be_resumed_and_leaves_nothing(library, tmp_path, monkeypatch):
    def stdin():
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(library.read_bytes())))

    stdin()
    output = tmp_path / "s.csv"
    assert not stopped("-", output, 10).exists()
    stdin()
    monkeypatch.setattr("molgen.screening.folder.PartsFolder.remove", lambda _: None)  # a kill -9 leaves the folder
    parts = stopped("-", output, 10)
    assert parts.exists()
    monkeypatch.undo()
    monkeypatch.setattr(molgen.screening.fill, "PART_BLOCKS", sifting.PART_BLOCKS)
    stdin()
    assert sifting.sift("-", output).rows == 1200


def test_a_full_disk_is_one_line_and_the_folder_stays_good(clean, library, tmp_path):
    output = tmp_path / "s.csv"
    command = f"import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)); sys.argv = {[str(HERE / 'sifting.py'), str(library), str(output)]!r}; runpy.run_path(sys.argv[0], run_name='__main__')"  # noqa: E501
    done = subprocess.run([sys.executable, "-P", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "InputError" in done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert not output.exists()
    assert list((tmp_path / "s.csv.parts").glob("part-*"))
    assert not list(tmp_path.rglob(".*"))
    sifting.sift(library, output)
    assert output.read_bytes() == (clean[0] / "s.csv").read_bytes()


def test_a_damaged_part_is_named(library, tmp_path):
    output = tmp_path / "s.csv"
    parts = stopped(library, output, 5)
    part = parts / "part-000000.arrow"
    part.write_bytes(part.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"part-000000\.arrow.*damaged.*delete"):
        list(read_part(part))


def test_a_folder_of_something_else_is_left_alone(library, tmp_path):
    parts = tmp_path / "s.csv.parts"
    parts.mkdir()
    (parts / "thesis.txt").write_text("precious")
    for restart in (False, True):
        with pytest.raises(InputError, match=r"thesis.*something else"):
            sifting.sift(library, tmp_path / "s.csv", restart=restart)
    assert (parts / "thesis.txt").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_is_one_line(library, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be made"):
        sifting.sift(library, tmp_path / "s.csv")
    tmp_path.chmod(0o700)


def test_the_command_says_how_to_go_on_after_sigterm_and_does(small_bundle, nci_smiles, tmp_path):
    """By way of the real command: SIGTERM, then SIGKILL, then to the end; scores and hits are those of an undisturbed run."""
    library = tmp_path / "library.smi"
    library.write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate(nci_smiles[:2600])))
    script = "import molgen.screening.fill as fill; fill.PART_BLOCKS = 1; from molgen.cli.main import main; main()"
    options = ["-m", small_bundle, "--hits", tmp_path / "h.csv", "--rank-by", "activity", "--columns", "row,status,activity"]
    command = [sys.executable, "-P", "-c", script, "screen", library, "-o", tmp_path / "s.csv", *options]
    parts = tmp_path / "s.csv.parts"
    for count, ending in ((1, signal.SIGTERM), (2, signal.SIGKILL)):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while not (parts / f"part-00000{count - 1}.arrow").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(ending)
        said = process.communicate()[1]
        assert process.returncode in (143, -9), said
        if ending == signal.SIGTERM:
            assert process.returncode == 143
            assert said == f"Interrupted. What is done lies in {parts}: the same command goes on from there.\n"
        assert parts.is_dir()
        assert not (tmp_path / "s.csv").exists()
    molgen.screening.fill.PART_BLOCKS = 1
    molgen.screen(
        library,
        small_bundle,
        tmp_path / "s.csv",
        hits=tmp_path / "h.csv",
        rank_by="activity",
        columns=["row", "status", "activity"],
    )
    clean = tmp_path / "clean.csv"
    molgen.screen(library, small_bundle, clean, hits=tmp_path / "hc.csv", rank_by="activity", columns=["row", "status", "activity"])
    assert (tmp_path / "s.csv").read_bytes() == clean.read_bytes()
    assert (tmp_path / "h.csv").read_bytes() == (tmp_path / "hc.csv").read_bytes()
    assert not parts.exists()
