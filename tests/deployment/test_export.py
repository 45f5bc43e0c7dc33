"""Networks in ONNX: the same values as the model's, whatever the architecture, and files that say what they are."""

import json
import subprocess
import sys

import numpy as np
import pytest

import molgen
from molgen.errors import BundleError, ConfigError, InputError, MissingExtraError
from molgen.experts.graph import GraphExpert
from molgen.nn.parts import MESSAGE_PASSING, POOLING, part_names

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def network(measured_table, tmp_path_factory):
    """Two networks of a quantity and of a calibrated probability."""
    path = tmp_path_factory.mktemp("network") / "network.molgen"
    graph = {"epochs": 4, "width": 32}
    molgen.train(measured_table, path, target=["activity", "active"], experts="graph", ensemble=2, split="random", graph=graph)
    return path


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "network.onnx"
    return molgen.export(network, path)


def test_it_gives_what_the_model_gives(network, exported, nci_smiles):
    smiles = [*nci_smiles[:300], "", "nonsense", "[Na+].[Cl-]", "C", "[H][H]"]
    here, there = molgen.load(network).predict(smiles), molgen.OnnxModel(exported.path).predict(smiles)
    for column in ("smiles", "status", "reason", "notes"):
        assert here[column].tolist() == there[column].tolist()
    assert {"ok", "invalid"} <= set(here["status"])
    for task in ("activity", "active"):
        np.testing.assert_allclose(there[task], here[task], atol=1e-5)
    assert exported.whole
    assert exported.tasks == ["activity", "active"]
    assert exported.deviation < 1e-5
    assert exported.size == exported.path.stat().st_size


def test_of_a_blend_it_is_one_expert(small_bundle, tmp_path, nci_smiles):
    result = molgen.export(small_bundle, tmp_path / "expert.onnx", expert="graph+descriptors")
    assert not result.whole
    bundle, onnx = molgen.load(small_bundle), molgen.OnnxModel(result.path)
    mols = bundle.read(nci_smiles[:50]).items
    expert = next(each for each in bundle.experts if each.name == "graph+descriptors")
    features = {each: each.featurize(mols).values for each in expert.featurizers}
    found, errors = onnx.score(mols)
    scored = [row for row in range(50) if mols[row] is not None and row not in errors]
    np.testing.assert_allclose(found[scored], expert.predict(features)[scored], atol=1e-4)


ARCHITECTURES = [(name, None) for name in part_names(MESSAGE_PASSING)] + [("dmpnn", name) for name in part_names(POOLING)]


@pytest.mark.parametrize(("name", "pooling"), ARCHITECTURES)
def test_every_architecture_can_be_exported(small_bundle, tmp_path, name, pooling):
    bundle = molgen.load(small_bundle)
    architecture = {"network": name, "pooling": pooling, "width": 16, "steps": 2}
    expert = GraphExpert("graph", bundle.tasks, architecture)
    bundle.experts, bundle.weights = [expert], np.ones((1, 2))
    assert molgen.export(bundle, tmp_path / "network.onnx").deviation < 1e-5


@pytest.mark.parametrize(("precision", "least", "most", "deviation"), [("fp16", 0.4, 0.8, 0.01), ("int8", 0.1, 0.7, 0.2)])
def test_smaller_weights_cost_few_digits(network, exported, tmp_path, precision, least, most, deviation):
    bundle = molgen.load(network)
    expert = bundle.experts[0]
    expert.architecture["width"] = 128
    expert.networks = [expert.make_network() for _ in range(2)]
    whole = molgen.export(bundle, tmp_path / "whole.onnx")
    smaller = molgen.export(bundle, tmp_path / "smaller.onnx", precision=precision)
    assert least < smaller.size / whole.size < most
    assert whole.deviation < 1e-5 < smaller.deviation < deviation


def test_a_network_that_cannot_be_made_of_integers_is_refused(small_bundle, tmp_path):
    bundle = molgen.load(small_bundle)
    expert = GraphExpert("graph", bundle.tasks, {"network": "attentivefp", "width": 16, "steps": 2})
    bundle.experts, bundle.weights = [expert], np.ones((1, 2))
    with pytest.raises(ConfigError, match="use fp16"):
        molgen.export(bundle, tmp_path / "network.onnx", precision="int8")
    assert not list(tmp_path.iterdir())


def test_what_a_file_says_of_itself_is_checked(exported, tmp_path):
    import onnx

    proto = onnx.load(exported.path)
    about = json.loads(proto.metadata_props[0].value)
    for changes in (
        {"format": 99},
        {"tasks": []},
        {"extras": []},
        {"max_atoms": -5},
        {"tasks": [*about["tasks"], about["tasks"][0]]},
    ):
        proto.metadata_props[0].value = json.dumps(about | changes)
        onnx.save(proto, tmp_path / "changed.onnx")
        with pytest.raises(BundleError, match="no model that molgen exported"):
            molgen.OnnxModel(tmp_path / "changed.onnx")
    model = molgen.OnnxModel(exported.path)
    assert (model.expert, model.whole) == ("graph", True)


def test_classes_have_a_column_each(tmp_path, measured_table):
    import pandas as pd

    table = pd.read_csv(measured_table)
    table["class"] = pd.qcut(table["activity"], 3, labels=["low", "middle", "high"])
    table.to_csv(tmp_path / "classes.csv", index=False)
    settings = {"experts": "graph", "split": "random", "graph": {"epochs": 2, "width": 16}}
    bundle = molgen.train(tmp_path / "classes.csv", target="class", **settings).bundle
    molgen.export(bundle, tmp_path / "classes.onnx")
    smiles = ["CCO", "c1ccccc1", "bad"]
    here, there = bundle.predict(smiles), molgen.OnnxModel(tmp_path / "classes.onnx").predict(smiles)
    columns = ["class_high", "class_low", "class_middle"]
    np.testing.assert_allclose(there[columns], here[columns], atol=1e-6)


def test_it_runs_without_torch(exported):
    program = f"import sys, molgen; m = molgen.OnnxModel({str(exported.path)!r}); m.predict(['CCO']); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"


def test_what_cannot_be_exported_is_refused(small_bundle, measured_table, tmp_path, monkeypatch):
    output = tmp_path / "m.onnx"
    with pytest.raises(ConfigError, match="no graph expert"):
        molgen.export(small_bundle, output, expert="tabular")
    with pytest.raises(ConfigError, match="unknown precision"):
        molgen.export(small_bundle, output, precision="int4")
    output.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        molgen.export(small_bundle, output)
    bundle = molgen.train(measured_table, target="activity", experts="tabular", split="random", tabular={"rounds": 2}).bundle
    with pytest.raises(ConfigError, match="expected a network"):
        molgen.export(bundle, tmp_path / "t.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"molgen-toolkit\[deploy\]"):
        molgen.export(small_bundle, tmp_path / "n.onnx")


def test_other_files_are_refused(exported, tmp_path):
    import onnx

    for name, content in (("text.onnx", b"no model"), ("empty.onnx", b""), ("cut.onnx", exported.path.read_bytes()[:5000])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BundleError, match="no model that molgen exported"):
            molgen.OnnxModel(tmp_path / name)
    with pytest.raises(BundleError, match="no such file"):
        molgen.OnnxModel(tmp_path / "none.onnx")
    proto = onnx.load(exported.path)
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "stranger.onnx")
    with pytest.raises(BundleError, match="no model that molgen exported"):
        molgen.OnnxModel(tmp_path / "stranger.onnx")
