"""Attributions by networks where another expert has no weight."""

import numpy as np
import pytest

import molgen
from molgen.attribution.gradients import can_integrate, integrate_gradients


def test_an_expert_without_weight_is_not_integrated(small_bundle):
    bundle = molgen.load(small_bundle)
    task = bundle.tasks[0]
    assert not can_integrate(bundle, task)
    networks = np.array([expert.kind == "graph" for expert in bundle.experts], float)
    bundle.weights = np.repeat((networks / networks.sum())[:, None], len(bundle.tasks), axis=1)
    assert can_integrate(bundle, task)
    (mol,) = bundle.read(["CCOc1ccccc1C(=O)N"]).items
    found = integrate_gradients(bundle, mol, task, 64)
    whole = found.base + found.atoms.sum() + found.bonds.sum() + sum(found.features.values())
    assert whole == pytest.approx(bundle.score([mol]).values[0, 0], abs=0.02)
