"""The training loop: it can learn a small set by heart, keeps the best epoch, and stops when nothing improves."""

import numpy as np
import pytest
import torch
from rdkit import Chem
from scipy.stats import norm, truncnorm

from molgen.chem.graph import decode_graphs
from molgen.data.batch import make_batch
from molgen.data.targets import Targets
from molgen.experts.network import in_batches
from molgen.models.property import PropertyNetwork
from molgen.nn.losses import MultiTaskLoss
from molgen.training.expert_config import GraphConfig
from molgen.training.loop import Feed, fit_network

ROWS = np.arange(40)
NONE = np.array([], dtype=np.int64)


@pytest.fixture(scope="module")
def graphs(nci_smiles):
    mols = [mol for mol in map(Chem.MolFromSmiles, nci_smiles[:60]) if mol is not None]
    return decode_graphs(mols[:40])[0]


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(size=40), rng.integers(0, 2, 40)]).astype(np.float32)


def plain_loss():
    return MultiTaskLoss(torch.tensor([False, True]), torch.ones(2))


def network(**options):
    torch.manual_seed(0)
    return PropertyNetwork(2, width=32, steps=2, dropout=0.0, **options)


def feed(graphs, train, valid=NONE, *, size):
    batches = [valid] if len(valid) else []
    return Feed(lambda rows: make_batch(graphs.select(rows)), lambda order: in_batches(order.permutation(train), size), batches)


def test_a_network_can_learn_noise_by_heart(graphs, labels):
    net = network()
    history = fit_network(
        net,
        feed(graphs, ROWS, size=20),
        Targets.exact(labels),
        plain_loss(),
        GraphConfig(epochs=150, batch_size=20, learning_rate=5e-3),
        seed=0,
    )
    assert history[-1].train < 0.1 * history[0].train
    assert not net.training


def test_the_best_epoch_on_validation_is_kept_and_patience_stops(graphs, labels):
    net = network()
    train, valid = ROWS[:20], ROWS[20:]
    config = GraphConfig(epochs=100, patience=5, batch_size=10, learning_rate=1e-2)
    history = fit_network(net, feed(graphs, train, valid, size=10), Targets.exact(labels), plain_loss(), config, seed=0)
    validation = [epoch.valid for epoch in history]
    assert len(history) == int(np.argmin(validation)) + 1 + 5
    with torch.inference_mode():
        kept = float(plain_loss()(net(make_batch(graphs.select(valid))), torch.from_numpy(labels[valid])))
    assert kept == pytest.approx(min(validation), rel=1e-4)


def test_losses_leave_out_missing_labels_and_weigh_positives():
    outputs = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    targets = torch.tensor([[0.0, 1.0], [float("nan"), 0.0]])
    entropy = torch.nn.functional.softplus(torch.tensor([-2.0, -1.0]))
    assert float(plain_loss()(outputs, targets)) == pytest.approx(float((1.0 + entropy.sum()) / 3))
    weighed = MultiTaskLoss(torch.tensor([False, True]), torch.tensor([1.0, 3.0]))
    assert float(weighed(outputs, targets)) == pytest.approx(float((1.0 + 3 * entropy[0] + entropy[1]) / 3))
    nothing = plain_loss()(outputs.requires_grad_(), torch.full((2, 2), float("nan")))
    nothing.backward()
    assert float(nothing.detach()) == 0
    assert torch.isfinite(outputs.grad).all()


def test_a_limit_costs_by_the_censored_likelihood():
    loss = MultiTaskLoss(torch.tensor([False]), torch.ones(1), noise=0.5)
    outputs = torch.tensor([[2.0], [1.0], [-3.0], [1.0]], dtype=torch.float64, requires_grad=True)
    targets, bounds = torch.ones(4, 1, dtype=torch.float64), torch.tensor([[1], [1], [1], [-1]], dtype=torch.int8)
    each = [-2 * 0.25 * norm.logcdf(z) for z in (2.0, 0.0, -8.0, 0.0)]
    value = loss(outputs, targets, bounds)
    assert float(value.detach()) == pytest.approx(sum(each) / 4)
    value.backward()
    # The gradient is that of squared error against the mean of the normal distribution beyond the limit.
    for z, mean, side, slope in zip((2, 0, -8, 0), (2, 1, -3, 1), (1, 1, 1, -1), outputs.grad[:, 0], strict=True):
        beyond = truncnorm.mean(-z, np.inf) * 0.5 * side + mean
        assert float(slope) == pytest.approx(2 * (mean - beyond) / 4, rel=1e-4)


def test_limits_far_off_stay_finite():
    loss = MultiTaskLoss(torch.tensor([False]), torch.ones(1), noise=0.5)
    outputs = torch.tensor([[-1e4], [1e4]], requires_grad=True)
    value = loss(outputs, torch.zeros(2, 1), torch.ones(2, 1, dtype=torch.int8))
    value.backward()
    assert float(value.detach()) == pytest.approx(1e8 / 2, rel=1e-3)
    assert torch.isfinite(outputs.grad).all()
    assert outputs.grad[1] == 0


def test_weights_multiply_the_losses_of_their_rows():
    outputs = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    targets = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    entropy = torch.nn.functional.softplus(torch.tensor([-2.0, -1.0]))
    weights = torch.tensor([0.5, 1.5])
    expected = (0.5 * (1 + entropy[0]) + 1.5 * (4 + entropy[1])) / 4
    assert float(plain_loss()(outputs, targets, None, weights)) == pytest.approx(float(expected))


def test_a_row_of_no_weight_is_not_learnt(graphs, labels):
    nets = []
    for change in (0.0, 50.0):
        values = labels.copy()
        values[0, 0] += change
        weights = np.r_[0.0, np.ones(39)]
        targets = Targets(values, np.zeros(values.shape, np.int8), weights)
        net = network()
        fit_network(net, feed(graphs, ROWS, size=20), targets, plain_loss(), GraphConfig(epochs=2), seed=0)
        nets.append(net.state_dict())
    assert all(torch.equal(nets[0][key], nets[1][key]) for key in nets[0])
