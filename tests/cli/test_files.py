"""Every command that reads compounds takes every kind of file, several of them, patterns and standard input."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rdkit import Chem, RDConfig

from molgen.cli.main import main
from molgen.featurizers import load_features

SDF = Path(RDConfig.RDContribDir, "Fastcluster", "testdata", "cdk2.sdf")


def run(*arguments: str | Path, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], input=given)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def parts(measured_table: Path, tmp_path: Path) -> list[Path]:
    """The measured table in two parts, the second packed and with its columns in another order."""
    rows = read(measured_table)
    first, second = tmp_path / "part1.csv", tmp_path / "part2.csv.gz"
    first.write_text("\n".join(["id,smiles,activity,active", *(",".join(row.values()) for row in rows[:150])]) + "\n")
    lines = [
        "active;id;smiles;activity",
        *(";".join(row[key] for key in ("active", "id", "smiles", "activity")) for row in rows[150:]),
    ]
    second.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return [first, second]


def test_featurize_reads_all_kinds_at_once(parts: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "x.npz"
    result = run("featurize", tmp_path / "part*", SDF, "-", "-f", "Morgan", "-o", output, given=b"CCO one\nCCN two\n")
    assert result.exit_code == 0, result.output
    assert "289 rows: 289 ok" in result.output
    stored = load_features(output)
    assert stored.rows["source"][-2:] == ["standard input"] * 2


def test_screen_reads_an_sd_file_and_standard_input(small_bundle: Path, tmp_path: Path) -> None:
    mols = [mol for mol in Chem.SDMolSupplier(str(SDF)) if mol is not None][:5]
    smi = "".join(f"{Chem.MolToSmiles(mol)} {mol.GetProp('_Name')}\n" for mol in mols)
    columns = ["--columns", "id,smiles,status,activity"]
    assert run("screen", SDF, "-m", small_bundle, "-o", tmp_path / "a.csv", *columns).exit_code == 0
    assert run("screen", "-", "-m", small_bundle, "-o", tmp_path / "b.csv", *columns, given=smi.encode()).exit_code == 0
    from_sdf, piped = read(tmp_path / "a.csv"), read(tmp_path / "b.csv")
    assert len(from_sdf) == 47
    assert len(piped) == 5
    for one, other in zip(from_sdf, piped, strict=False):
        assert (one["smiles"], one["status"]) == (other["smiles"], "ok")
        assert float(one["activity"]) == pytest.approx(float(other["activity"]), rel=1e-4)


def test_train_on_parts_is_train_on_the_whole(measured_table: Path, parts: list[Path], tmp_path: Path) -> None:
    flags = ["--target", "activity", "--experts", "tabular", "--split", "random", "--overwrite", "-q", "-o", tmp_path / "m.molgen"]
    whole = run("train", measured_table, *flags)
    joined = run("train", tmp_path / "part[12]*", *flags)
    assert (whole.exit_code, joined.exit_code) == (0, 0), joined.output
    assert joined.output == whole.output


def test_evaluate_from_standard_input(measured_table: Path, small_bundle: Path) -> None:
    named = run("evaluate", measured_table, "-m", small_bundle)
    piped = run("evaluate", "-", "-m", small_bundle, given=measured_table.read_bytes())
    assert (named.exit_code, piped.exit_code) == (0, 0), piped.output
    assert piped.output == named.output
    assert "trained on this very table" in piped.output


@pytest.mark.parametrize("command", ["featurize", "screen", "train", "evaluate"])
@pytest.mark.parametrize(
    ("names", "words"),
    [(["none*.csv"], "no file fits the pattern"), (["-", "-"], "standard input is named twice"), (["."], "is a directory")],
)
def test_names_that_mean_no_file(command: str, names: list[str], words: str, tmp_path: Path) -> None:
    result = run(command, *names, "-o", tmp_path / "out.csv", *(["-m", __file__] if command in ("screen", "evaluate") else []))
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
