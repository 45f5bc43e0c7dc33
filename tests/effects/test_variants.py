"""What variants change: windows by hand, references that do not agree, and strands."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import molgen
from molgen.bio import Genome
from molgen.cli.main import main
from molgen.errors import ConfigError

LENGTH = 40


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text("".join(f">chr{n}\n{''.join(rng.choice(list('ACGT'), 3000))}\n" for n in range(1, 5)))
    return path


@pytest.fixture(scope="module")
def model(genome, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    lines = [f"chr{n}\t{at}\t{at + 20}" for n in range(1, 5) for at in range(100, 2900, 140)]
    (folder / "p.bed").write_text("\n".join(lines))
    settings = {"genome": str(genome), "length": LENGTH, "negatives": "gc", "experts": "tabular", "tabular": {"rounds": 20}}
    molgen.train(folder / "p.bed", folder / "m.molgen", **settings)
    return folder / "m.molgen"


def vcf(path, *lines):
    path.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\n" + "".join(f"{line}\t.\tPASS\n" for line in lines)
    )
    return path


def fetched(genome, start, stop, contig="chr1"):
    with Genome(genome) as opened:
        return opened.fetch(contig, start, stop, pad=True)


def test_windows_are_those_that_one_would_cut_by_hand(genome, model, tmp_path):
    letter = fetched(genome, 499, 500)
    other = "ACGT"[("ACGT".index(letter) + 1) % 4]
    deleted, inserted = fetched(genome, 599, 603), fetched(genome, 699, 700)
    first = fetched(genome, 2, 3)
    file = vcf(
        tmp_path / "v.vcf",
        f"chr1\t500\tsnv\t{letter}\t{other}",
        f"chr1\t600\tdel\t{deleted}\t{deleted[0]}",
        f"chr1\t700\tins\t{inserted}\t{inserted}GGG",
        f"chr1\t3\tedge\t{first}\t{'ACGT'[('ACGT'.index(first) + 1) % 4]}",
    )
    result = molgen.variants(file, model, tmp_path / "e.csv", genome=genome)
    assert (result.rows, result.length, dict(result.statuses)) == (4, LENGTH, {"ok": 4})
    table = pd.read_csv(tmp_path / "e.csv")
    half = LENGTH // 2
    snv = fetched(genome, 499 - half, 499), fetched(genome, 500, 499 + half)
    gap = fetched(genome, 599 - half, 599), fetched(genome, 603, 603 + half)
    more = fetched(genome, 699 - half, 699), fetched(genome, 700, 700 + half)
    alleles = [snv[0] + other + snv[1], (gap[0] + deleted[0] + gap[1])[:LENGTH], (more[0] + inserted + "GGG" + more[1])[:LENGTH]]
    references = [fetched(genome, at - half, at + half) for at in (499, 599, 699)]
    assert {len(each) for each in (*alleles, *references)} == {LENGTH}
    bundle = molgen.load(model)
    assert np.allclose(table["positive_ref"][:3], bundle.predict(references)["positive"], atol=1e-5)
    assert np.allclose(table["positive_alt"][:3], bundle.predict(alleles)["positive"], atol=1e-5)
    assert np.allclose(table["positive_effect"], table["positive_alt"] - table["positive_ref"], atol=1e-5)
    odds = np.log(table["positive_alt"] / (1 - table["positive_alt"])) - np.log(table["positive_ref"] / (1 - table["positive_ref"]))
    assert np.allclose(table["positive_log_odds"], odds, atol=1e-3)


def test_alleles_that_say_nothing_keep_their_place_and_say_why(genome, model, tmp_path):
    letter = fetched(genome, 499, 500)
    wrong = "ACGT"[("ACGT".index(letter) + 1) % 4]
    file = vcf(
        tmp_path / "v.vcf",
        f"chr1\t500\ta\t{wrong}\tT" if wrong != "T" else f"chr1\t500\ta\t{wrong}\tA",
        f"chr1\t500\tb\t{letter}\t<DEL>,*",
        "chr9\t500\tc\tA\tT",
        "chr1\t99999\td\tA\tT",
        "chr1\tx\te\tA\tT",
        f"chr1\t500\tf\t{letter}\t{letter}{'A' * LENGTH}",
    )
    molgen.variants(file, model, tmp_path / "e.csv", genome=genome)
    table = pd.read_csv(tmp_path / "e.csv", keep_default_na=False)
    assert table["id"].tolist() == ["a", "b", "b", "c", "d", "e", "f"]
    assert set(table["status"]) == {"invalid"} and set(table["positive_effect"]) == {""}
    starts = [
        "REF: the reference allele",
        "a symbolic allele",
        "an allele that is deleted",
        "not in the genome",
        "",
        "no position",
        "too long",
    ]
    assert [reason.startswith(start) for reason, start in zip(table["reason"], starts, strict=True)] == [True] * 7


def test_both_strands_are_the_mean_of_each(genome, model, tmp_path):
    letter = fetched(genome, 499, 500)
    file = vcf(tmp_path / "v.vcf", f"chr1\t500\t.\t{letter}\t{'ACGT'[('ACGT'.index(letter) + 1) % 4]}")
    for name, both in (("one.csv", False), ("two.csv", True)):
        molgen.variants(file, model, tmp_path / name, genome=genome, both_strands=both)
    one, two = (pd.read_csv(tmp_path / name)["positive_ref"][0] for name in ("one.csv", "two.csv"))
    turned = fetched(genome, 499 - LENGTH // 2, 499 + LENGTH // 2)[::-1].translate(str.maketrans("ACGT", "TGCA"))
    other = molgen.load(model).predict([turned])["positive"][0]
    assert two == pytest.approx((one + other) / 2, abs=1e-5)


def test_the_command_tells_counts(genome, model, tmp_path):
    file = vcf(tmp_path / "v.vcf", "chr9\t500\tc\tA\tT")
    arguments = ["variants", str(file), "--genome", str(genome), "-m", str(model), "-o", str(tmp_path / "e.csv")]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["statuses"] == {"invalid": 1}
    again = CliRunner().invoke(main, [*arguments, "--overwrite"])
    assert "1 alleles: 1 invalid" in again.output and "not in the genome" in again.output


def test_models_of_something_else_are_refused(genome, small_bundle, tmp_path):
    file = vcf(tmp_path / "v.vcf", "chr1\t5\tc\tA\tT")
    with pytest.raises(ConfigError, match="variants change DNA"):
        molgen.variants(file, small_bundle, tmp_path / "e.csv", genome=genome)
