"""In-silico mutagenesis: every substitution as if it were predicted by itself, and what is drawn of it."""

import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import molgen
from molgen.bio import Record
from molgen.cli.main import main
from molgen.errors import ConfigError, InputError

MOTIF = "TATAAT"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(300)]
    planted = [row[:12] + MOTIF + row[18:] for row in rows[:150]]
    for name, each in (("with.fa", planted), ("without.fa", rows[150:])):
        (folder / name).write_text("".join(f">r{number}\n{row}\n" for number, row in enumerate(each)))
    settings = {"target": "box", "experts": "tabular", "split": "random", "tabular": {"rounds": 20}}
    molgen.train(folder / "with.fa", folder / "m.molgen", negatives=str(folder / "without.fa"), **settings)
    return folder / "m.molgen"


ROW = "ACGTACGTACGT" + MOTIF + "GCATGCATGCAT"


def test_each_effect_is_that_of_the_mutant_alone(model):
    (result,) = molgen.scan([Record(1, "x", ROW.lower())], model)
    bundle = molgen.load(model)
    assert result.effects.shape == (1, 30, 4) and result.sequence == ROW

    def odds(row):
        value = bundle.predict([row])["box"][0]
        return np.log(value / (1 - value))

    for place, letter in ((0, "G"), (13, "C"), (29, "A")):
        mutant = ROW[:place] + letter + ROW[place + 1 :]
        assert result.effects[0, place, "ACGT".index(letter)] == pytest.approx(odds(mutant) - odds(ROW), abs=1e-6)
    own = [result.effects[0, place, "ACGT".index(letter)] for place, letter in enumerate(ROW)]
    assert own == [0.0] * 30


def test_what_was_planted_is_what_is_important(model):
    (result,) = molgen.scan([Record(1, "x", ROW)], model)
    importance = result.importance[0]
    assert importance[12:18].mean() > 5 * np.abs(np.delete(importance, range(12, 18))).mean()


def test_tables_plots_and_sequences_that_cannot_be_scored(model, tmp_path):
    (tmp_path / "x.fa").write_text(f">good\n{ROW}\n>bad\nPEPTIDE\n>short\nAC\n")
    out, plot = tmp_path / "t.csv", tmp_path / "p.svg"
    results = molgen.scan(tmp_path / "x.fa", model, out, plot=plot, positions=(13, 18))
    assert [bool(result.reason) for result in results] == [False, True, True]
    table = pd.read_csv(out)
    assert list(table) == ["id", "position", "ref", "alt", "box_effect", "status", "reason"]
    assert table["status"].tolist() == ["ok"] * 18 + ["invalid"] * 2 and "no letters of DNA" in table["reason"][18]
    table = table[:18]
    assert table["position"].tolist() == np.repeat(range(13, 19), 3).tolist() and table["box_effect"].notna().all()
    assert plot.read_text().lstrip().startswith("<?xml")


def test_the_command(model, tmp_path):
    (tmp_path / "x.fa").write_text(f">good\n{ROW}\n")
    arguments = ["scan", str(tmp_path / "x.fa"), "-m", str(model)]
    result = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "t.csv")])
    assert result.exit_code == 0, result.output
    assert "good: 30 letters" in result.output and "changed most by" in result.output
    assert CliRunner().invoke(main, arguments).exit_code == 2
    assert CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "u.csv"), "--positions", "5"]).exit_code == 2
    assert CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "u.csv"), "--positions", "5-31"]).exit_code == 2


def test_nothing_is_scanned_for_nothing(model, tmp_path):
    (tmp_path / "x.fa").write_text(">bad\nPEPTIDE\n")
    with pytest.raises(InputError, match="no sequence could be scored"):
        molgen.scan(tmp_path / "x.fa", model, tmp_path / "t.csv")
    with pytest.raises(ConfigError, match="no picture of that kind"):
        molgen.scan(tmp_path / "x.fa", model, plot=tmp_path / "p.xyz")
    assert not (tmp_path / "t.csv").exists()


def test_models_that_read_something_else_are_refused(model, small_bundle):
    with pytest.raises(ConfigError, match="reads no molecules"):
        molgen.scan([Record(1, "x", ROW)], model, smiles="CCO")
    with pytest.raises(ConfigError, match="substitutions are of sequences"):
        molgen.scan([Record(1, "x", ROW)], small_bundle)


def test_a_planted_motif_is_found_first_and_named(model, tmp_path):
    rng = np.random.default_rng(5)
    rows = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(40)]
    (tmp_path / "x.fa").write_text("".join(f">r{n}\n{row[:12]}{MOTIF}{row[18:]}\n" for n, row in enumerate(rows)))
    known = []
    for name, consensus in (("other", "GGCGCC"), ("box", MOTIF)):
        rows = [[90 if letter == own else 3 for own in consensus] for letter in "ACGT"]
        lines = [f"{letter} [ {' '.join(map(str, row))} ]" for letter, row in zip("ACGT", rows, strict=True)]
        known += [f">{name}\t{name}", *lines]
    (tmp_path / "known.jaspar").write_text("\n".join(known) + "\n")
    arguments = ["motifs", str(tmp_path / "x.fa"), "-m", str(model), "--jaspar", str(tmp_path / "known.jaspar"), "--limit", "30"]
    result = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "found.jaspar"), "--quiet"])
    assert result.exit_code == 0, result.output
    assert re.search(r"TATAAT .*like box \(box, similarity (0\.9|1\.0)", result.output.splitlines()[0])
    assert (tmp_path / "found.jaspar").read_text().startswith(">motif-1")


def test_motifs_need_dna(small_bundle, tmp_path):
    (tmp_path / "x.fa").write_text(f">x\n{ROW}\n")
    with pytest.raises(ConfigError, match="motifs are of DNA"):
        molgen.find_motifs(tmp_path / "x.fa", small_bundle)
