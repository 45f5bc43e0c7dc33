"""Pretraining: descriptors are told of compounds kept from training, and a network starts from what was learnt."""

import itertools

import numpy as np
import pytest
import torch

import molgen
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Descriptors, from_spec
from molgen.training.pretraining import DESCRIPTORS, PretrainConfig, _RandomShareLoss

QUICK = {"epochs": 12, "width": 32, "batch_size": 64}


@pytest.fixture(scope="module")
def library(nci_smiles, tmp_path_factory):
    """1,200 molecules with all descriptors, prepared."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "rows.smi").write_text("".join(f"{smiles} {at}\n" for at, smiles in enumerate(nci_smiles[:1200])))
    molgen.prepare(folder / "rows.smi", folder / "prepared", store=[Descriptors()])
    return folder / "prepared"


@pytest.fixture(scope="module")
def encoder(library, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoder") / "encoder.molgen"
    return path, molgen.pretrain(library, path, graph=QUICK, valid=0.1)


def test_descriptors_of_compounds_kept_from_training_are_told(encoder):
    _, result = encoder
    assert min(result.r2[name] for name in ("HeavyAtomCount", "MolWt", "MolMR", "NumAromaticRings")) > 0.75
    train, valid = result.compounds
    assert valid == round(0.1 * (train + valid))


def test_the_model_tells_descriptors_in_their_own_units(encoder):
    path, _ = encoder
    smiles = ["CCCCCCCC", "c1ccccc1C(=O)NCCc1ccccc1", "OC1CCCCC1"]
    told = molgen.load(path).predict(smiles)["MolWt"]
    exact = Descriptors(["MolWt"]).transform(smiles)[:, 0]
    assert np.abs(told - exact).max() < 40


def test_a_repeated_compound_counts_once(library, nci_smiles, tmp_path):
    (tmp_path / "again.smi").write_text("".join(f"{smiles}\n" for smiles in nci_smiles[:150] * 2))  # each row twice
    molgen.prepare(tmp_path / "again.smi", tmp_path / "again", store=[Descriptors()])
    quick = {"epochs": 1, "width": 8}
    alone = molgen.pretrain(tmp_path / "again", graph=quick, valid=0.1)
    assert sum(alone.compounds) <= 150
    both = molgen.pretrain([library, tmp_path / "again"], graph=quick)
    assert sum(both.compounds) == sum(molgen.pretrain(library, graph=quick).compounds)


def test_a_killed_run_goes_on_to_the_same_bytes(library, encoder, tmp_path):
    path, _ = encoder
    epochs = itertools.count()

    def stop(what, *_):
        if what == "pretraining" and next(epochs) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        molgen.pretrain(library, graph=QUICK, valid=0.1, checkpoint=tmp_path / "run", progress=stop)
    again = tmp_path / "again.molgen"
    molgen.pretrain(library, again, graph=QUICK, valid=0.1, checkpoint=tmp_path / "run")
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(ConfigError, match="share differs"):
        molgen.pretrain(library, graph=QUICK, valid=0.1, share=0.5, checkpoint=tmp_path / "run")


def test_a_network_starts_from_what_was_learnt(encoder, measured_table):
    path, result = encoder
    settings = {"target": "activity", "experts": "graph", "split": "random", "parent": str(path), "freeze": "encoder"}
    child = molgen.train(measured_table, graph={"epochs": 1}, **settings).bundle
    old, new = (each.experts[0].networks[0].state_dict() for each in (result.bundle, child))
    encoders = [key for key in old if not key.startswith("head.")]
    assert encoders
    assert all(torch.equal(old[key], new[key]) for key in encoders)
    assert child.card["parent"]["file"] == "encoder.molgen"


def test_the_loss_looks_at_a_part_of_the_targets_while_training():
    torch.manual_seed(0)
    loss = _RandomShareLoss(200, 0.15)
    targets = torch.randn(100, 200)
    outputs = torch.zeros_like(targets, requires_grad=True)
    loss(outputs, targets).backward()
    seen = float((outputs.grad != 0).float().mean())
    assert 0.13 < seen < 0.17
    loss.eval()
    assert float(loss(outputs.detach(), targets)) == pytest.approx(float((targets**2).mean()), rel=1e-5)


def test_what_cannot_be_learnt_from_is_refused(library, nci_smiles, tmp_path):
    table = tmp_path / "rows.smi"
    table.write_text("\n".join(nci_smiles[:5]))
    with pytest.raises(InputError, match="not a prepared library"):
        molgen.pretrain(table)
    molgen.prepare(table, tmp_path / "plain")
    with pytest.raises(InputError, match="--store Descriptors"):
        molgen.pretrain(tmp_path / "plain")
    molgen.prepare(table, tmp_path / "few", store=[Descriptors()])
    with pytest.raises(InputError, match="too few compounds"):
        molgen.pretrain(tmp_path / "few")
    (tmp_path / "none.smi").write_text("nonsense\n")
    molgen.prepare(tmp_path / "none.smi", tmp_path / "none", store=[Descriptors()])
    with pytest.raises(InputError, match=r"too few compounds.*got 0"):
        molgen.pretrain(tmp_path / "none")
    with pytest.raises(ConfigError, match="precision"):
        molgen.pretrain(library, precision="bf6")
    with pytest.raises(ConfigError, match="share"):
        molgen.pretrain(library, share=2)
    with pytest.raises(ConfigError, match=r"unknown setting 'graph.depth'.*width"):
        molgen.pretrain(library, graph={"depth": 2})
    with pytest.raises(ConfigError, match="takes no further settings"):
        molgen.pretrain(library, config=PretrainConfig(), share=0.2)


def test_what_is_learnt_is_all_descriptors():
    assert from_spec({"type": "Descriptors"}) == DESCRIPTORS
