"""Prepared libraries: the same rows and scores as from the text, from what is stored and not from the molecules."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import molgen
from molgen.chem import parse
from molgen.data.library import open_library
from molgen.data.prepared.columns import Layout
from molgen.data.prepared.reader import read_prepared
from molgen.errors import ConfigError, InputError
from molgen.featurizers import AtomPair, Conformers3D, Descriptors, MolGraph, Morgan
from molgen.subjects import MoleculeSubject

ODD = [
    "CC(=O)[O-].[Na+]",
    "C[N+](C)(C)CC(=O)[O-]",
    "CC(=O)O.CCN",
    "[NH3+]CCC(=O)[O-]",
    "not a molecule",
    "",
    "CCO",
    "OCC",
    "[Fe+2]",
    "C[Si](C)(C)C",
    "*c1ccccc1",
    "N[C@@H](C)C(=O)O",
    "F/C=C/Cl",
    "[2H]OC",
    "C" * 40,
    "C" * 350,
    "c1ccc2[nH]ccc2c1",
]


@pytest.fixture(scope="module")
def table(tmp_path_factory, nci_smiles):
    path = tmp_path_factory.mktemp("library") / "library.csv"
    smiles = [*ODD, *nci_smiles[:300]]
    frame = pd.DataFrame({"smiles": smiles, "name": [f"N{n}" for n in range(len(smiles))], "price": range(len(smiles))})
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def prepared(table):
    folder = table.parent / "prepared"
    molgen.prepare(table, folder)
    return folder


def screened(library, model, folder, name, **options):
    out = folder / name
    molgen.screen(library, model, out, overwrite=True, **options)
    return pd.read_csv(out, dtype=str, keep_default_na=False)


def assert_same(found, expected, scores):
    others = [name for name in expected if name not in scores]
    pd.testing.assert_frame_equal(found[others], expected[others])
    for name in scores:
        np.testing.assert_allclose(pd.to_numeric(found[name]), pd.to_numeric(expected[name]), rtol=2e-5, atol=2e-6, err_msg=name)


SCORES = ["activity", "activity_lower", "activity_upper", "active", "domain"]


def refuse(*_, **__):
    raise AssertionError("a molecule was parsed")


def test_scores_and_statuses_are_those_of_the_text(table, prepared, small_bundle, tmp_path):
    expected = screened(table, small_bundle, tmp_path, "text.csv")
    assert set(expected["status"]) == {"ok", "invalid", "too_large"}
    assert_same(screened(prepared, small_bundle, tmp_path, "prepared.csv"), expected, SCORES)
    both = screened([table, prepared], small_bundle, tmp_path, "both.csv")
    assert_same(both.tail(len(expected)).reset_index(drop=True), expected, SCORES)


def test_a_graph_model_looks_at_no_molecule(measured_table, prepared, table, tmp_path, monkeypatch):
    model = tmp_path / "graph.molgen"
    molgen.train(measured_table, model, target="activity", split="random", experts="graph", graph={"epochs": 1, "width": 16})
    scores = [name for name in SCORES if name != "active"]
    expected = screened(table, model, tmp_path, "text.csv")

    monkeypatch.setattr(parse.Chem, "MolFromSmiles", refuse)
    assert_same(screened(prepared, model, tmp_path, "prepared.csv"), expected, scores)


def test_what_a_model_reads_can_be_stored(table, small_bundle, tmp_path, monkeypatch):
    folder = tmp_path / "for-model"
    molgen.prepare(table, folder, model=small_bundle, workers=2)
    expected = screened(table, small_bundle, tmp_path, "text.csv")
    known = next(iter(open_library(folder).blocks())).prepared
    assert {AtomPair(1024, counts=True), Descriptors(), MolGraph()} <= set(known.values)
    monkeypatch.setattr(parse.Chem, "MolFromSmiles", refuse)
    assert_same(screened(folder, small_bundle, tmp_path, "prepared.csv"), expected, SCORES)


def test_models_with_other_settings_read_again_what_differs(table, prepared, small_bundle, tmp_path):
    bundle = molgen.load(small_bundle)
    for name, settings in (
        ("drawn", {"neutralize": False}),
        ("small", {"max_atoms": 12}),
        ("large", {"max_atoms": 400}),
    ):
        bundle.subject = MoleculeSubject(**settings)
        model = tmp_path / f"{name}.molgen"
        bundle.save(model)
        expected = screened(table, model, tmp_path, "text.csv")
        assert_same(screened(prepared, model, tmp_path, "prepared.csv"), expected, SCORES)


def test_filters_annotations_and_duplicates_are_those_of_the_text(table, prepared, small_bundle, tmp_path):
    options = {"filters": ["lipinski", "pains"], "annotate": ["qed"], "drop_duplicates": True}
    expected = screened(table, small_bundle, tmp_path, "text.csv", **options)
    found = screened(prepared, small_bundle, tmp_path, "prepared.csv", **options)
    assert (expected["status"] == "filtered").sum() > 5
    assert_same(found, expected, [*SCORES, "qed"])
    # Workers read blocks for themselves.
    molgen.filter_library(prepared, tmp_path / "kept.csv", filters=["lipinski"], workers=2)
    molgen.filter_library(table, tmp_path / "kept-text.csv", filters=["lipinski"])
    kept, of_text = (pd.read_csv(tmp_path / name) for name in ("kept.csv", "kept-text.csv"))
    pd.testing.assert_frame_equal(kept, of_text)


def test_columns_of_a_prepared_library_are_not_chosen_again(prepared, small_bundle, tmp_path):
    for column in ({"smiles": "smiles"}, {"ids": "price"}):
        with pytest.raises(ConfigError, match="chosen when it was prepared"):
            molgen.screen(prepared, small_bundle, tmp_path / "s.csv", **column)


def test_the_table_of_contents_says_what_there_is(table, prepared):
    about = json.loads((prepared / "molgen-library.json").read_text())
    assert about["rows"] == sum(about["counts"].values()) == len(ODD) + 300
    assert about["extras"] == ["price"]
    assert about["sources"][0]["file"] == "library.csv"
    blocks = list(open_library(prepared).deferred_blocks())
    columns = read_prepared(blocks[0]).columns
    where = dict(zip(columns["smiles"].to_pylist(), columns["duplicate_of"].to_pylist(), strict=True))
    assert where["OCC"] == f"row {ODD.index('CCO') + 1}"
    assert where["CCO"] is None
    assert about["duplicates"] >= 1


def test_tautomers_are_settled_where_wanted(tmp_path):
    path = tmp_path / "two.smi"
    path.write_text("Oc1ccccn1 a\nO=c1cccc[nH]1 b\nCCO c\n")
    plain, settled = tmp_path / "plain", tmp_path / "settled"
    assert molgen.prepare(path, plain).duplicates == 0
    assert molgen.prepare(path, settled, tautomers=True).duplicates == 1
    notes = read_prepared(next(iter(open_library(settled).deferred_blocks()))).rows.notes
    assert notes.count("tautomer settled") == 1


def test_values_go_through_their_layout(nci_smiles):
    smiles = [*nci_smiles[:300], "not one"]
    for featurizer in (MolGraph(), Morgan(2, 512), Morgan(counts=True), Morgan(output="packed"), Descriptors(["MolWt", "TPSA"])):
        values = featurizer.featurize(smiles).values
        layout = Layout.of(values)
        assert Layout.from_json(json.loads(json.dumps(layout.to_json()))) == layout
        names = [name.removeprefix("f.") for name, _ in layout.fields("f")]
        columns = dict(zip(names, layout.pack(values), strict=True))
        found = layout.unpack(columns.__getitem__)
        if isinstance(featurizer, MolGraph):
            for name in ("atoms", "bonds", "bond_fields", "atom_ptr", "bond_ptr"):
                np.testing.assert_array_equal(getattr(found, name), getattr(values, name))
        else:
            dense = [each if isinstance(each, np.ndarray) else each.toarray() for each in (found, values)]
            np.testing.assert_array_equal(*dense)
            assert found.dtype == values.dtype
    with pytest.raises(ConfigError, match="do not fit into a prepared library"):
        Layout.of(Conformers3D(1).featurize(["C"]).values)


def test_bits_are_folded_as_hashing_to_fewer_would(prepared):
    block = next(iter(open_library(prepared).blocks()))
    rows = [row for row, status in enumerate(block.prepared.statuses) if status == "ok"]
    for size in (256, 1024, 2048):
        expected = Morgan(2, size).featurize([block.prepared.canonical[row] for row in rows]).values
        found = block.prepared.find(Morgan(2, size))[rows]
        assert (found != expected).nnz == 0
    assert block.prepared.find(Morgan(3, 1024)) is None
    assert block.prepared.find(Morgan(2, 1000)) is None
    assert block.prepared.find(Morgan(2, 1024, counts=True)) is None


class TestBadInput:
    def test_a_spoilt_library_is_refused_and_leaves_no_half_table(self, prepared, small_bundle, tmp_path):
        for name, spoil in SPOILERS.items():
            folder = tmp_path / name
            shutil.copytree(prepared, folder)
            spoil(folder)
            with pytest.raises(InputError, match=r"damaged|does not hold|another format|missing"):
                molgen.screen(folder, small_bundle, tmp_path / "out.csv")
            assert not (tmp_path / "out.csv").exists(), name

    def test_it_is_replaced_only_when_told(self, table, prepared, tmp_path):
        with pytest.raises(InputError, match="exists already"):
            molgen.prepare(table, prepared)
        folder = tmp_path / "mine"
        folder.mkdir()
        (folder / "letter.txt").write_text("keep me")
        with pytest.raises(InputError, match="something else"):
            molgen.prepare(table, folder, overwrite=True)
        assert (folder / "letter.txt").exists()
        with pytest.raises(InputError, match="prepared already"):
            molgen.prepare(prepared, tmp_path / "again")
        with pytest.raises(InputError, match="does not exist"):
            molgen.prepare(table, tmp_path / "none" / "there")

    def test_a_run_that_fails_leaves_nothing(self, tmp_path, table):
        path = tmp_path / "cut.csv.gz"
        import gzip

        path.write_bytes(gzip.compress(table.read_bytes())[:-2000])
        with pytest.raises(InputError):
            molgen.prepare(path, tmp_path / "prepared")
        assert sorted(each.name for each in tmp_path.iterdir()) == ["cut.csv.gz"]


def _edit(folder, change):
    path = folder / "molgen-library.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


def _flip(folder):
    path = next(folder.glob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(bytes(data))


SPOILERS = {
    "no-shard": lambda folder: next(folder.glob("*.parquet")).unlink(),
    "flipped": _flip,
    "cut": lambda folder: next(folder.glob("*.parquet")).write_bytes(b"PAR1"),
    "no-json": lambda folder: (folder / "molgen-library.json").write_text("{"),
    "newer": lambda folder: _edit(folder, lambda about: about.update(format=99)),
    "path": lambda folder: _edit(folder, lambda about: about["shards"][0].update(file="../../etc/passwd")),
    "rows": lambda folder: _edit(folder, lambda about: about["shards"][0].update(groups=[7, 7])),
    "layout": lambda folder: _edit(folder, lambda about: about["features"][1]["layout"].update(width=99)),
    "spec": lambda folder: _edit(folder, lambda about: about["features"][1].update(spec={"type": "Evil"})),
    "swapped": lambda folder: _edit(folder, lambda about: about["features"].reverse()),
}


def test_neighbours_are_found_from_stored_fingerprints(table, prepared, tmp_path, monkeypatch):
    queries = ["CC(=O)Oc1ccccc1C(=O)O", "c1ccc2[nH]ccc2c1"]
    for fingerprint in ("Morgan", {"type": "Morgan", "size": 512}):
        molgen.similar(table, queries, tmp_path / "text.csv", top=30, fingerprint=fingerprint, overwrite=True)
        molgen.similar(prepared, queries, tmp_path / "prepared.csv", top=30, fingerprint=fingerprint, overwrite=True)
        assert (tmp_path / "prepared.csv").read_bytes() == (tmp_path / "text.csv").read_bytes()
    monkeypatch.setattr("molgen.search.similar.read_block", refuse)
    assert molgen.similar(prepared, queries, tmp_path / "again.csv", top=30).tally.statuses["ok"] > 250


def test_a_library_of_another_rdkit_says_so(prepared, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(prepared, folder)
    _edit(folder, lambda about: about["versions"].update(rdkit="2019.09.1"))
    assert "prepared with RDKit 2019.09.1" in open_library(folder).notes[0]
    assert open_library(prepared).notes == []
