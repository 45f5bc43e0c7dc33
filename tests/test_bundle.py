"""Bundles: what is saved is what predicts, and a stranger's file is refused before it can do harm."""

import json
import zipfile

import numpy as np
import pytest

import molgen
from molgen.archive import read_archive, write_archive, write_json
from molgen.errors import BundleError, InputError
from molgen.experts.tabular import TabularExpert

ROWS = ["CCO", "c1ccccc1C(=O)Nc1ccccc1", "not_a_smiles", "CC(=O)[O-].[Na+]", "", "C" * 400, "*CC"]


@pytest.fixture(scope="module")
def bundle(small_bundle):
    return molgen.load(small_bundle)


def test_predict_gives_every_row_a_status(bundle):
    table = bundle.predict(ROWS)
    assert table["smiles"].tolist() == ROWS
    assert table["status"].tolist() == ["ok", "ok", "invalid", "ok", "invalid", "too_large", "invalid"]
    assert table["notes"][3] == "salt stripped: [Na+]; charge neutralised"
    scored = table["status"] == "ok"
    values = table[["activity", "activity_lower", "activity_upper", "active", "domain"]]
    assert values[scored].notna().all().all()
    assert values[~scored].isna().all().all()
    assert (table["reason"][scored] == "").all()
    assert (table["reason"][~scored] != "").all()
    assert ((table["activity_lower"] < table["activity"]) & (table["activity"] < table["activity_upper"]))[scored].all()
    assert table["active"][scored].between(0, 1).all()


def test_predict_takes_no_rows_and_bad_rows_alone(bundle):
    assert len(bundle.predict([])) == 0
    assert bundle.predict(["x_x"])["activity"].isna().all()


def test_a_row_scores_the_same_in_any_company(bundle, nci_smiles):
    rows = nci_smiles[:300]
    together = bundle.predict(rows)["activity"].to_numpy()
    shuffled = np.random.default_rng(0).permutation(len(rows))
    apart = bundle.predict([rows[at] for at in shuffled])["activity"].to_numpy()
    np.testing.assert_allclose(apart, together[shuffled], atol=1e-5)
    alone = np.array([bundle.predict([row])["activity"][0] for row in rows[:20]])
    np.testing.assert_allclose(alone, together[:20], atol=1e-5)


def test_what_an_expert_without_weight_would_say_is_not_computed(small_bundle, nci_smiles, monkeypatch):
    bundle = molgen.load(small_bundle)
    trees = np.array([expert.kind == "tabular" for expert in bundle.experts])
    weights = np.where(trees, 0.0, bundle.weights.T).T
    bundle.weights = weights / weights.sum(axis=0)
    expected = bundle.predict(nci_smiles[:20])
    monkeypatch.setattr(TabularExpert, "predict", lambda *_: pytest.fail("asked"))
    of_others = {each for expert in bundle.experts if expert.kind != "tabular" for each in expert.featurizers}
    assert set(bundle.featurizers(with_domain=False)) == of_others
    assert bundle.predict(nci_smiles[:20]).equals(expected)


def test_saved_and_loaded_predicts_the_same(bundle, tmp_path, nci_smiles):
    path = tmp_path / "again.molgen"
    bundle.save(path)
    again = molgen.load(path)
    np.testing.assert_array_equal(again.predict(nci_smiles[:50])["activity"], bundle.predict(nci_smiles[:50])["activity"])
    assert again.card == bundle.card
    second = tmp_path / "second.molgen"
    again.save(second)
    assert second.read_bytes() == path.read_bytes()


def test_an_existing_file_is_not_replaced_unasked(bundle, tmp_path):
    path = tmp_path / "m.molgen"
    path.write_text("precious")
    with pytest.raises(InputError, match="--overwrite"):
        bundle.save(path)
    assert path.read_text() == "precious"
    bundle.save(path, overwrite=True)
    assert molgen.load(path).tasks == bundle.tasks


def test_no_structure_of_the_training_data_is_in_the_file(small_bundle, measured_table):
    with zipfile.ZipFile(small_bundle) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    smiles = [line.split(",")[1] for line in measured_table.read_text().splitlines()[1:]]
    assert not [text for text in smiles if text.encode() in everything]


def test_the_card_tells_how_it_was_made(bundle):
    card = bundle.card
    assert card["data"]["compounds"] == 240
    assert len(card["data"]["sha256"]) == 64
    assert card["configuration"]["graph"]["epochs"] == 3
    assert set(card["metrics"]["test"]) >= {"mean", "nearest neighbour", "graph", "tabular", "model"}
    assert card["versions"]["rdkit"]


# --- files that are not what they say -------------------------------------------------------------------------------


@pytest.fixture
def tampered(small_bundle, tmp_path):
    """Write the bundle with one member changed, and return the one-line refusal."""

    def refuse(name, change):
        members = dict(read_archive(small_bundle))
        members[name] = change(members[name])
        path = tmp_path / "tampered.molgen"
        write_archive(path, members, overwrite=True)
        with pytest.raises(BundleError) as refusal:
            molgen.load(path)
        assert "\n" not in str(refusal.value)
        assert str(path) in str(refusal.value)
        return str(refusal.value)

    return refuse


def edit(**changes):
    return lambda data: write_json({**json.loads(data), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 99},
        {"format": None},
        {"tasks": []},
        {"tasks": "x"},
        {"tasks": [{"name": "y", "kind": "oracle"}]},
        {"tasks": [{"name": "y", "kind": "regression", "scale": 0.0}]},
        {"tasks": [{"name": "y", "kind": "regression", "surprise": 1}]},
        {"experts": []},
        {"experts": [{"name": "x", "kind": "pickle"}]},
        {"weights": [[1.0, 1.0]]},
        {"weights": [[-1.0, 0.5], [2.0, 0.5], [0.0, 0.0]]},
        {"weights": "heavy"},
        {"calibration": []},
        {"subject": {"kind": "molecule", "max_atoms": -1, "neutralize": True}},
        {"subject": {"kind": "molecule", "max_atoms": "many", "neutralize": True}},
        {"subject": {"kind": "molecule", "max_atoms": 300, "neutralize": "no"}},
        {"subject": {"kind": "molecule", "max_bonds": 300}},
        {"subject": {"kind": "patient"}},
        {"subject": {"kind": ["molecule"]}},
        {"subject": {"kind": "sequence", "alphabet": "runes"}},
        # what its experts read is another thing
        {"subject": {"kind": "sequence", "alphabet": "protein"}},
        {"subject": None},
        {"format": 2},
    ],
)
def test_manifests_that_do_not_hold_are_refused(tampered, changes):
    assert tampered("manifest.json", edit(**changes))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("experts/0/expert.json", edit(architecture={"width": 10**9, "steps": 2, "dropout": 0.0})),
        ("experts/0/expert.json", edit(architecture={"width": 16, "steps": 2, "dropout": 0.0})),
        ("experts/0/expert.json", edit(architecture={"width": 32, "steps": 2, "dropout": 0.0, "hook": "os.system"})),
        ("experts/0/expert.json", edit(architecture="wide")),
        ("experts/0/expert.json", edit(extras=[{"type": "Import", "module": "os"}])),
        ("experts/0/expert.json", edit(extras=[{"type": "Descriptors", "names": ["MolWt"]}])),
        ("experts/0/expert.json", edit(extras=7)),
        ("experts/0/weights.safetensors", lambda data: data[: len(data) // 2]),
        ("experts/0/weights.safetensors", lambda _: b"\x80\x04cos\nsystem\n."),
        ("experts/3/expert.json", edit(n_features=3)),
        ("experts/3/expert.json", edit(inputs=[])),
        ("experts/3/task-0.txt", lambda data: data.replace(b"left_child=1", b"left_child=999999", 1)),
        ("experts/3/task-0.txt", lambda data: data.replace(b"split_feature=", b"split_feature=99999 ", 1)),
        ("experts/3/task-0.txt", lambda _: b"tree\n"),
        ("domain/domain.json", edit(featurizer={"type": "Morgan", "size": 64})),
        ("domain/domain.json", edit(featurizer={"type": "Descriptors"})),
        ("domain/domain.safetensors", lambda _: b""),
    ],
)
def test_members_that_do_not_hold_are_refused(tampered, name, change):
    assert tampered(name, change)


def test_a_missing_member_is_refused(small_bundle, tmp_path):
    members = dict(read_archive(small_bundle))
    for name in list(members):
        path = tmp_path / "less.molgen"
        write_archive(path, {other: data for other, data in members.items() if other != name}, overwrite=True)
        with pytest.raises(BundleError):
            molgen.load(path)
