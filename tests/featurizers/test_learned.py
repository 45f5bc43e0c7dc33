"""Vectors that a network has learnt: those of the network, of any model that has one."""

import numpy as np
import pytest

import molgen
from molgen.errors import BundleError, ConfigError
from molgen.featurizers import Concat, Descriptors, Embedding


def test_they_are_what_the_head_of_the_network_reads(small_bundle, nci_smiles):
    import torch

    from molgen.data.batch import make_batch
    from molgen.featurizers import MolGraph

    smiles = nci_smiles[:40]
    network = molgen.load(small_bundle).experts[0].networks[0]
    with torch.inference_mode():
        expected = network.encode(make_batch(MolGraph().featurize(smiles).values)).numpy()
    found = Embedding(str(small_bundle)).featurize(smiles)
    rows = [row for row in range(40) if row not in found.errors]
    np.testing.assert_allclose(found.values[rows], expected[rows], atol=1e-5)
    assert found.values.shape[1] == len(Embedding(str(small_bundle)).get_feature_names_out()) == network.pool.out_width


def test_descriptors_can_be_read_from_those_of_the_encoder(nci_smiles):
    """A linear model on vectors of molecules ranks others by weight."""
    from scipy.stats import spearmanr
    from sklearn.linear_model import Ridge

    both = Concat([Embedding(), Descriptors(["MolWt"])], errors="mask").transform(nci_smiles[:1500])
    both = both[~np.isnan(both).any(axis=1)]
    vectors, weights = both[:, :-1], both[:, -1]
    model = Ridge(100.0).fit(vectors[:1200], weights[:1200])
    assert spearmanr(model.predict(vectors[1200:]), weights[1200:]).statistic > 0.95


def test_a_model_that_cannot_give_any_is_refused(measured_table, tmp_path):
    with pytest.raises(BundleError, match="no-such-model"):
        Embedding("no-such-model").featurize(["CCO"])
    for name in ("", "a\0b", "x" * 5000, "\ud800"):
        with pytest.raises(BundleError):
            Embedding(name).get_feature_names_out()
    with pytest.raises(ConfigError, match="unusable model"):
        Embedding(0).featurize(["CCO"])
    path = tmp_path / "trees.molgen"
    molgen.train(measured_table, path, target="activity", experts="tabular", split="random", tabular={"rounds": 3})
    with pytest.raises(ConfigError, match="no network"):
        Embedding(str(path)).featurize(["CCO"])


def test_a_file_that_was_replaced_is_read_anew(small_bundle, tmp_path):
    path = tmp_path / "model.molgen"
    path.write_bytes(small_bundle.read_bytes())
    before = Embedding(str(path)).transform(["CCO"])
    bundle = molgen.load(path)
    bundle.experts[0].networks[0].embed_atoms.table.weight.data += 1
    bundle.save(path, overwrite=True)
    assert not np.allclose(Embedding(str(path)).transform(["CCO"]), before)
