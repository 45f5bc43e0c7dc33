"""Shards, merged, are what one run writes; a shard that is missing, doubled, unfinished or of another run is named."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import molgen
import molgen.screening.fill
import molgen.screening.merge
from molgen.cli.main import main
from molgen.errors import ConfigError, InputError
from molgen.screening.manifest import Shard

_spec = importlib.util.spec_from_file_location("sifting", Path(__file__).parent / "sifting.py")
sifting = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sifting)
OPTIONS = {"drop_duplicates": True, "filters": ["lipinski"]}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(molgen.screening.fill, "PART_BLOCKS", 1)
    monkeypatch.setattr(molgen.screening.merge, "PART_BLOCKS", 1)


@pytest.fixture(scope="module")
def rows(nci_smiles):
    return [*nci_smiles[:600], *nci_smiles[:500], *nci_smiles[600:1100], *nci_smiles[:600]]


@pytest.fixture(scope="module")
def sifted(tmp_path_factory, rows):
    """Three shards of a run without a model, and what one run writes."""
    folder = tmp_path_factory.mktemp("sifted")
    (folder / "library.smi").write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate(rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(molgen.screening.fill, "PART_BLOCKS", 1)
        sifting.sift(folder / "library.smi", folder / "whole.csv")
        for number in (1, 2, 3):
            sifting.sift(folder / "library.smi", folder / "s.csv", f"{number}/3")
    return folder


def shards(folder):
    return sorted(folder.glob("s.csv.shard-*"))


def test_merged_shards_are_what_one_run_writes(sifted, tmp_path):
    assert [path.name for path in shards(sifted)] == [f"s.csv.shard-{n}-of-3" for n in (1, 2, 3)]
    result = molgen.merge(shards(sifted)[::-1], tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_bytes() == (sifted / "whole.csv").read_bytes()
    assert result.summary.rows == 2200
    assert "duplicates" in result.summary.funnel
    assert len(shards(sifted)) == 3


def test_what_is_missing_doubled_or_unfinished_is_named(sifted, tmp_path):
    one, two, three = shards(sifted)
    with pytest.raises(InputError, match="shard 2 of 3 is missing; run molgen screen with --shard 2/3"):
        molgen.merge([one, three], tmp_path / "s.csv")
    with pytest.raises(ConfigError, match="shard 2 of 3 is named twice"):
        molgen.merge([one, two, two, three], tmp_path / "s.csv")
    copy = tmp_path / "copy"
    shutil.copytree(two, copy)
    (copy / "part-000001.arrow").unlink()
    with pytest.raises(InputError, match=r"part-000001\.arrow.*missing"):
        molgen.merge([one, copy, three], tmp_path / "s.csv")
    (copy / "end.json").unlink()
    with pytest.raises(InputError, match="copy: the shard is not finished"):
        molgen.merge([one, copy, three], tmp_path / "s.csv")
    (copy / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="not the manifest"):
        molgen.merge([one, copy, three], tmp_path / "s.csv")
    (copy / "manifest.json").unlink()
    with pytest.raises(InputError, match="copy: not the folder of a screen"):
        molgen.merge([one, copy, three], tmp_path / "s.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_shards_of_different_runs_are_refused(sifted, tmp_path):
    sifting.sift(sifted / "library.smi", tmp_path / "s.csv", "2/3", filters=["veber"])
    sifting.sift(sifted / "library.smi", tmp_path / "s.csv", "1/2")
    one, _, three = shards(sifted)
    with pytest.raises(ConfigError, match=r"screen\.filters\.1\.type differs"):
        molgen.merge([one, tmp_path / "s.csv.shard-2-of-3", three], tmp_path / "m.csv")
    with pytest.raises(ConfigError, match="different divisions"):
        molgen.merge([one, tmp_path / "s.csv.shard-1-of-2"], tmp_path / "m.csv")


def test_hits_and_report_of_merged_shards_by_the_commands(small_bundle, rows, tmp_path):
    library = tmp_path / "library.smi"
    library.write_text("".join(f"{smiles} n{at}\n" for at, smiles in enumerate(rows[600:1900])))
    base = ["screen", str(library), "-m", str(small_bundle), "-q", "--drop-duplicates"]
    hits = ["--rank-by", "activity", "--top", "30"]

    def run(*arguments):
        result = CliRunner().invoke(main, [str(each) for each in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    run(*base, "-o", tmp_path / "whole.csv", *hits, "--hits", tmp_path / "whole.sdf", "--report", tmp_path / "whole.html")
    for shard in ("1/2", "2/2"):
        assert "shard-" in run(*base, "-o", tmp_path / "s.csv", "--shard", shard)
    asked = ["-o", tmp_path / "s.csv", *hits, "--hits", tmp_path / "s.sdf", "--report", tmp_path / "s.html"]
    run("merge", *shards(tmp_path), *asked)
    for name in ("csv", "sdf"):
        assert (tmp_path / f"s.{name}").read_bytes() == (tmp_path / f"whole.{name}").read_bytes()
    assert "library.smi" in (tmp_path / "s.html").read_text()
    other = tmp_path / "other.molgen"
    other.write_bytes(b"x")
    with pytest.raises(ConfigError, match="not the model that scored"):
        molgen.merge(shards(tmp_path), tmp_path / "t.csv", model=other, hits=tmp_path / "t.sdf", rank_by="activity")
    with pytest.raises(ConfigError, match="molgen merge"):
        molgen.screen(library, small_bundle, tmp_path / "s.csv", shard="1/2", hits=tmp_path / "h.csv", rank_by="activity")


def test_shards_are_read():
    assert Shard.parse("3/8") == Shard(3, 8)
    for text in ("0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", ""):
        with pytest.raises(ConfigError, match="--shard"):
            Shard.parse(text)
