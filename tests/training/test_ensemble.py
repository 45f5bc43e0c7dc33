"""Ensembles of networks that differ in their seeds, and training in sixteen bits."""

import json

import numpy as np
import pytest
import torch

import molgen
from molgen.device import choose_precision, deterministic
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import compute_features
from molgen.experts.graph import GraphExpert

QUICK = {"split": "random", "experts": "graph", "graph": {"epochs": 2, "width": 16, "steps": 1}, "tabular": {"rounds": 10}}


@pytest.fixture(scope="module")
def trained(measured_table, tmp_path_factory):
    path = tmp_path_factory.mktemp("ensemble") / "three.molgen"
    return molgen.train(measured_table, path, target=["activity", "active"], ensemble=3, **QUICK), path


def test_an_ensemble_is_the_mean_of_its_networks_and_one_expert_of_the_blend(trained):
    result, path = trained
    bundle = molgen.load(path)
    (expert,) = bundle.experts
    assert bundle.weights.shape == (1, 2)
    features, _ = compute_features(expert.featurizers, result.dataset.items[:40])
    each = expert.predict_members(features)
    assert each.shape == (3, 40, 2)
    assert (each.std(axis=0) > 0).all()
    np.testing.assert_allclose(expert.predict(features), each.mean(axis=0))
    assert (each[:, :, 1] >= 0).all()
    assert (each[:, :, 1] <= 1).all()  # probabilities are averaged, not logits
    np.testing.assert_array_equal(result.bundle.experts[0].predict_members(features), each)


def test_the_first_network_is_that_of_a_run_without_an_ensemble(trained, measured_table):
    single = molgen.train(measured_table, target=["activity", "active"], **QUICK).bundle.experts[0]
    result, _ = trained
    features, _ = compute_features(single.featurizers, result.dataset.items[:40])
    np.testing.assert_array_equal(single.predict(features), result.bundle.experts[0].predict_members(features)[0])


def test_no_rows_and_rows_without_molecules(trained):
    bundle = trained[0].bundle
    assert len(bundle.predict([])) == 0
    assert bundle.predict(["nonsense"])["status"][0] == "invalid"


def test_inspect_counts_the_networks(trained):
    (expert,) = molgen.inspect(trained[1])["experts"]
    assert expert["size"].startswith("3 networks of ")


@pytest.mark.parametrize("count", [0, -1, 2, 4, 10**9, 1.0, True, "3", None])
def test_a_file_holds_as_many_networks_as_it_says(trained, count):
    expert = trained[0].bundle.experts[0]
    members = expert.to_members()
    described = json.loads(members["expert.json"])
    assert described["members"] == 3
    members["expert.json"] = json.dumps(described | {"members": count}).encode()
    with pytest.raises(BundleError):
        GraphExpert.from_members(members, "graph", expert.tasks, "test")


def test_sixteen_bits_on_a_cpu_learn_as_much(measured_table):
    errors = {}
    for precision in ("fp32", "bf16"):
        settings = {**QUICK, "graph": {"epochs": 10, "width": 32}}
        result = molgen.train(measured_table, target="activity", precision=precision, **settings)
        assert all(value.dtype == torch.float32 for value in result.bundle.experts[0].networks[0].state_dict().values())
        errors[precision] = result.metrics["valid"]["graph"]["activity"]["rmse"]
    assert errors["bf16"] != errors["fp32"]
    assert errors["bf16"] == pytest.approx(errors["fp32"], rel=0.15)


def test_precision_by_device():
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu) == torch.float32
    assert choose_precision("bf16", cpu) == torch.bfloat16
    with pytest.raises(ConfigError, match="fp16 needs a GPU"):
        choose_precision("fp16", cpu)


@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_gpu_takes_sixteen_bits_by_itself(monkeypatch, has_bf16):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: has_bf16)
    assert choose_precision("auto", torch.device("cuda")) == (torch.bfloat16 if has_bf16 else torch.float16)
    assert choose_precision("fp32", torch.device("cuda")) == torch.float32


def test_determinism_is_asked_of_a_gpu_and_given_back(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    with deterministic(torch.device("cpu")):
        assert not torch.are_deterministic_algorithms_enabled()
    with deterministic(torch.device("cuda")):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
