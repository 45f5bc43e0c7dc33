"""Audits: against answers computed by other means, on real tables and on small ones made to be wrong."""

from __future__ import annotations

import gzip
import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator

import molgen
from molgen.data.audit import nearness, predict_without_chemistry, profile_tables
from molgen.data.compounds import read_compound_table
from molgen.errors import ConfigError, InputError


def key_of(smiles):
    """The key as the lists define it: of one molecule, by RDKit alone."""
    with rdBase.BlockLogs():
        return hashlib.sha256(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))[:14].encode()).hexdigest()[:20]


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


# --- held-out compounds -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def held_out(data_dir):
    return data_dir / "molecules" / "tdc_admet" / "held_out_keys.csv.gz"


@pytest.fixture(scope="module")
def listed(held_out):
    return pd.read_csv(held_out).groupby("endpoint")["key"].agg(set)


def test_a_table_with_labels_of_the_test_set_is_caught(data_dir, held_out, listed, tmp_path):
    frame = pd.read_csv(data_dir / "molecules" / "moleculenet" / "Lipophilicity.csv.gz", nrows=1200)
    frame.to_csv(table := tmp_path / "lipo.csv", index=False)
    endpoint = "lipophilicity_astrazeneca"
    report = molgen.audit(table, exclude_keys=held_out, endpoint=endpoint, output=tmp_path / "clean.csv")
    expected = [line for line, smiles in enumerate(frame["smiles"], 2) if key_of(smiles) in listed[endpoint]]
    assert len(expected) > 200  # a fifth of the compounds
    found = [line for _, line in report.held_out.rows]
    assert set(expected) <= set(found)
    assert len(found) - len(expected) <= 5  # the one salt, and charges
    assert report.leaks
    clean = pd.read_csv(tmp_path / "clean.csv")
    pd.testing.assert_frame_equal(clean, frame.drop(index=np.array(found) - 2).reset_index(drop=True))
    assert not molgen.audit(tmp_path / "clean.csv", exclude_keys=held_out, endpoint=endpoint).leaks


@pytest.mark.parametrize("endpoint", ["dili", "caco2_wang", "hia_hou", "pgp_broccatelli"])
def test_the_training_part_of_a_benchmark_is_clean(data_dir, held_out, endpoint):
    table = data_dir / "molecules" / "tdc_admet" / endpoint / "train_val.csv.gz"
    report = molgen.audit(table, exclude_keys=held_out, endpoint=endpoint)
    assert report.held_out.checked == report.rows
    assert report.held_out.rows == []
    assert not report.leaks


def test_a_benchmark_that_repeats_test_compounds_in_training_is_caught(data_dir, held_out, listed):
    """TDC's hERG set has seven training rows with the skeleton of a test compound."""
    table = data_dir / "molecules" / "tdc_admet" / "herg" / "train_val.csv.gz"
    report = molgen.audit(table, exclude_keys=held_out, endpoint="herg")
    expected = [line for line, smiles in enumerate(pd.read_csv(table)["Drug"], 2) if key_of(smiles) in listed["herg"]]
    assert [line for _, line in report.held_out.rows] == expected
    assert len(expected) == 7


@pytest.mark.parametrize("listed_as", ["CCCCc1ccccc1C(=O)O", "CCCCc1ccccc1C(=O)[O-]", "CCCCc1ccccc1C(=O)[O-].[Na+]"])
@pytest.mark.parametrize("drawn_as", ["CCCCc1ccccc1C(=O)O", "CCCCc1ccccc1C(=O)[O-].[Na+]", "OC(=O)c1ccccc1CCCC.CCO"])
def test_salts_and_charges_hide_nothing(tmp_path, listed_as, drawn_as):
    """A list holds a molecule and its largest fragment: any drawing of the row meets one of the two."""
    fragment = max(listed_as.split("."), key=len)
    keys = write(tmp_path / "keys.csv", "key", key_of(listed_as), *([key_of(fragment)] if fragment != listed_as else []))
    table = write(tmp_path / "t.csv", "smiles", "CCN", drawn_as)
    assert [line for _, line in molgen.audit(table, exclude_keys=keys).held_out.rows] == [3]


def test_test_rows_may_be_held_out(tmp_path):
    keys = write(tmp_path / "keys.csv", "key", key_of("CCO"), key_of("CCCC"))
    table = write(tmp_path / "t.csv", "smiles,part", "CCO,test", "CCN,train", "CCCC,valid", "CCCCC,test", "CCCCN,")
    report = molgen.audit(table, split_column="part", exclude_keys=keys)
    assert [line for _, line in report.held_out.rows] == [4]
    assert report.held_out.checked == 3


@pytest.mark.parametrize(
    ("lines", "endpoint", "error", "words"),
    [
        (["id", "x"], None, InputError, "no column 'key'"),
        (["key", "xyz"], None, InputError, r"line 2: no key; expected 20 hex"),
        (["endpoint,key", f"a,{'0' * 20}", f"b,{'1' * 20}"], None, ConfigError, "several endpoints; expected one of a, b"),
        (["endpoint,key", f"a,{'0' * 20}"], "c", ConfigError, "no keys of endpoint 'c'"),
    ],
)
def test_lists_that_cannot_be_used(tmp_path, lines, endpoint, error, words):
    keys = write(tmp_path / "keys.csv", *lines)
    table = write(tmp_path / "t.csv", "smiles", "CCO", "CCN")
    with pytest.raises(error, match=words):
        molgen.audit(table, exclude_keys=keys, endpoint=endpoint)


# --- compounds in two parts ---------------------------------------------------------------------------------------


TRAIN = ["smiles,y", "CCO,1", "C[C@H](N)C(=O)O,2", "c1ccccc1O,3", "CCCCCl,4", "nonsense,5"]
TEST = ["smiles,y", "OCC,1.5", "C[C@@H](N)C(=O)O,2", "[Na+].[O-]c1ccccc1,3", "CCCCBr,4"]


def test_overlaps_are_counted_by_structure_and_by_skeleton(tmp_path):
    report = molgen.audit(
        write(tmp_path / "a.csv", *TRAIN), write(tmp_path / "b.csv", *TEST), targets="y", output=tmp_path / "o.csv"
    )
    (overlap,) = report.overlaps
    assert (overlap.part, overlap.seen_in, overlap.rows) == ("test", "train", 4)
    assert overlap.same_structure == 2  # ethanol written backwards; phenol as its salt
    assert overlap.same_skeleton == 3  # the other enantiomer of alanine too
    assert report.parts == {"train": 4, "test": 4}
    assert report.unreadable == 1
    assert report.leaks
    assert (tmp_path / "o.csv").read_text().splitlines() == ["smiles,y", "CCCCCl,4", "nonsense,5"]
    assert [report.where[row][1] for row in overlap.examples[0]] == [2, 2]


def test_conflicts_have_their_spread(tmp_path):
    report = molgen.audit(
        write(tmp_path / "t.csv", "smiles,y,c", "CCO,1,0", "OCC,3,1", "C(C)O,2,1", "CCN,5,0", "NCC,5,0", "CCC,7,1"),
        targets=["y", "c"],
    )
    y, c = report.conflicts
    assert (y.structures, y.rows, y.differing, y.median_spread, y.max_spread) == (2, 5, 1, 2.0, 2.0)
    assert y.noise == pytest.approx(np.sqrt((1 + 1 + 0) / 3))
    assert y.examples == [("CCO", [1.0, 3.0, 2.0], [0, 1, 2])]
    assert (c.structures, c.differing, c.max_spread, c.noise) == (2, 1, None, pytest.approx(1 / 5))
    assert report.parts == {"all": 6}
    assert report.repeats == 3
    assert not report.leaks


def test_several_test_files_are_told_apart(tmp_path):
    (tmp_path / "sub").mkdir()
    files = [
        write(tmp_path / name, "smiles", smiles, "CCCN")
        for name, smiles in (("a.csv", "CCO"), ("b.csv", "CCC"), ("sub/b.csv", "CCF"))
    ]
    report = molgen.audit(files[0], files[1:])
    assert list(report.parts) == ["train", "1: b.csv", "2: b.csv"]
    assert [(each.part, each.seen_in) for each in report.overlaps][-1] == ("2: b.csv", "1: b.csv")


def test_a_scaffold_split_has_no_structure_twice(data_dir):
    table = data_dir / "molecules" / "moleculenet" / "SAMPL.csv.gz"
    report = molgen.audit(table, split="scaffold", targets="expt")
    assert report.parts == {"train": 513, "valid": 64, "test": 65}
    assert all(each.same_structure == 0 for each in report.overlaps)


# --- similarity and baselines -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def esol(data_dir):
    table = read_compound_table(data_dir / "molecules" / "moleculenet" / "delaney-processed.csv.gz")
    return table, profile_tables([table], with_mols=True)


def test_similarity_is_rdkits(esol):
    _, profile = esol
    prints = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprints(profile.mols)
    best = [max(DataStructs.BulkTanimotoSimilarity(each, prints[:800])) for each in prints[800:]]
    near = nearness(profile.fingerprints[800:], profile.fingerprints[:800])
    assert near.quartiles == pytest.approx(np.quantile(best, [0.25, 0.5, 0.75]), abs=1e-6)
    assert near.near == np.mean(np.array(best) >= 0.9)
    assert near.same == np.mean(np.array(best) == 1.0)
    assert sum(near.histogram) == near.rows == len(profile) - 800


def test_similarity_of_nothing():
    nothing = np.zeros((0, 256), np.uint8)
    assert nearness(nothing, np.ones((3, 256), np.uint8)) is None
    assert nearness(np.ones((3, 256), np.uint8), nothing) is None
    assert nearness(np.zeros((3, 256), np.uint8), np.ones((1, 256), np.uint8)).quartiles == (0, 0, 0)


def test_baselines_are_means_of_training_labels(esol):
    _, profile = esol
    train = np.arange(900)
    labels = np.stack([profile.atoms, np.arange(len(profile)) % 2.0], axis=1)
    labels[5] = np.nan
    predicted = predict_without_chemistry(profile, labels, train)
    known = np.delete(train, 5)
    assert predicted["mean"] == pytest.approx(np.tile(labels[known].mean(axis=0), (len(profile), 1)))
    # A label that is the number of atoms is found by the number of atoms, within the width of a range.
    error = predicted["heavy atoms"][900:, 0] - profile.atoms[900:]
    assert np.abs(error).mean() < 0.3 * np.abs(labels[known, 0].mean() - profile.atoms[900:]).mean()
    repeated = [row for row in range(900, len(profile)) if profile.skeleton[row] in {profile.skeleton[row] for row in known}]
    assert repeated
    for row in repeated:
        same = [at for at in known if profile.skeleton[at] == profile.skeleton[row]]
        assert predicted["look-up"][row] == pytest.approx(labels[same].mean(axis=0))


def test_size_alone_tells_some_solubility(data_dir):
    """Delaney's first finding: the heavier, the less soluble."""
    table = data_dir / "molecules" / "moleculenet" / "delaney-processed.csv.gz"
    target = "measured log solubility in mols per litre"
    scores = molgen.audit(table, split="random", targets=target).baselines["test"]
    assert scores["mean"][target]["r2"] < 0.05
    assert scores["molecular weight"][target]["r2"] > 0.3


# --- the report and the call --------------------------------------------------------------------------------------


def test_the_report_is_plain_json(tmp_path):
    report = molgen.audit(write(tmp_path / "a.csv", *TRAIN), write(tmp_path / "b.csv", *TEST), targets="y")
    found = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert found["leaks"] is True
    assert found["overlaps"][0]["examples"][0] == [[str(tmp_path / "b.csv"), 2], [str(tmp_path / "a.csv"), 2]]
    assert found["baselines"]["test"]["mean"]["y"]["spearman"] is None
    assert set(found) >= {"files", "rows", "unreadable", "parts", "repeats", "conflicts", "nearness", "held_out"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tests": "t.csv", "split": "random"}, "do not go together"),
        ({"endpoint": "herg"}, "an endpoint without keys"),
        ({"split_options": {"similarity": 0.5}}, "no splitter"),
        ({"split": "nonsense"}, "unknown split 'nonsense'"),
    ],
)
def test_settings_that_do_not_go_together(tmp_path, settings, words):
    table = write(tmp_path / "t.csv", "smiles", "CCO", "CCN")
    with pytest.raises(ConfigError, match=words):
        molgen.audit(table, **settings)


def test_the_output_is_never_an_input(tmp_path):
    table = write(tmp_path / "t.csv", "smiles", "CCO", "CCN")
    with pytest.raises(InputError, match="read by the same command"):
        molgen.audit(table, output=table, overwrite=True)


def test_a_clean_table_may_be_gzipped(tmp_path):
    table = write(tmp_path / "t.csv", "smiles,part,note", 'CCO,train,"a, b"', "OCC,test,", "CCN,train,x")
    molgen.audit(table, split_column="part", output=tmp_path / "clean.csv.gz")
    assert (tmp_path / "clean.csv.gz").read_bytes()[3:8] == bytes(5)  # neither a name nor a time
    with gzip.open(tmp_path / "clean.csv.gz", "rt") as file:
        assert file.read() == "smiles,part,note\nOCC,test,\nCCN,train,x\n"
