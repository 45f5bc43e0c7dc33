"""Integrated gradients through graph networks: what atoms, bonds and descriptors add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molgen.bundle import Bundle
from molgen.chem.parse import Mol
from molgen.data.batch import make_batch
from molgen.data.tasks import Task, spans
from molgen.experts.base import compute_features
from molgen.experts.graph import GraphExpert
from molgen.featurizers import MolGraph
from molgen.models.property import PropertyNetwork

__all__ = ["MAX_STEPS", "GradientAttribution", "can_integrate", "integrate_gradients"]

#: Points along the path at most: each is a copy of the molecule in memory.
MAX_STEPS = 512
#: As :func:`molgen.data.tasks.logit` keeps probabilities away from 0 and 1.
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class GradientAttribution:
    """What a prediction is made of, in the task's unit or in log-odds.

    Attributes
    ----------
    atoms, bonds
        ``[n_atoms]`` and ``[n_bonds]``.
    features
        Molecule-level feature -> its part.
    base
        The prediction where the path begins: saturated carbons and single bonds in the molecule's place, every feature at its mean.
        With all parts it is the prediction itself, to within the error of the integral.
    """

    atoms: NDArray[np.float64]
    bonds: NDArray[np.float64]
    features: dict[str, float]
    base: float


class _Inputs(NamedTuple):
    """What goes into one network: vectors of atoms and bonds and the features of a row, one after the other for each copy."""

    atoms: Tensor
    bonds: Tensor | None
    features: Tensor | None

    def towards(self, ends: _Inputs, share: Tensor) -> _Inputs:
        """Return the inputs on the way from these to others, a share of the way for each copy, where gradients can be asked for."""
        there: list[Tensor | None] = []
        for start, way in zip(self, self.ways(ends), strict=True):
            if start is None or way is None:
                there.append(None)
            else:
                there.append((start + way * share.repeat_interleave(len(way) // len(share)).unsqueeze(1)).requires_grad_())
        atoms, bonds, features = there
        assert atoms is not None
        return _Inputs(atoms, bonds, features)

    def ways(self, ends: _Inputs) -> list[Tensor | None]:
        """Return how far it is from each of these inputs to others."""
        return [None if start is None or end is None else end - start for start, end in zip(self, ends, strict=True)]


def can_integrate(bundle: Bundle, task: Task) -> bool:
    """Whether a task's predictions come from networks alone, as a number or the log-odds of one class."""
    return task.kind != "multiclass" and all(isinstance(expert, GraphExpert) for expert, _ in bundle.heard)


def integrate_gradients(bundle: Bundle, mol: Mol, task: Task, steps: int) -> GradientAttribution:
    """Attribute a prediction along the straight path from saturated carbons to the molecule.

    Sundararajan, Taly, Yan, ICML 2017 (arXiv:1703.01365). Integrated by Gauss and Legendre's points; the whole blend of networks is
    one function, so that the parts add up to its calibrated prediction. The path begins at the vectors of a saturated carbon and
    of a single bond in the place of each: from vectors of zero, which are no atoms, the normalised layers of a network jump.

    Parameters
    ----------
    bundle
        Of graph networks alone; see :func:`can_integrate`.
    mol
        A molecule as :meth:`~molgen.bundle.Bundle.read` gives it.
    task
        One of the bundle's, in units or log-odds of which the parts are.
    steps
        Points along the path, :data:`MAX_STEPS` at most.
    """
    features, _ = compute_features(bundle.featurizers(with_domain=False), [mol])
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    # The start of the path counts nothing in the integral: the base is read off there.
    experts = [expert for expert, _ in bundle.heard if isinstance(expert, GraphExpert)]
    device = next(experts[0].networks[0].parameters()).device
    share = torch.tensor([0.0, *(nodes + 1) / 2], dtype=torch.float32, device=device)
    weight = torch.tensor([0.0, *weights / 2], dtype=torch.float32, device=device)
    column = bundle.tasks.index(task)
    runs: list[tuple[GraphExpert, _Inputs, _Inputs, _Inputs]] = []
    outputs = []
    for expert in experts:
        copies = features[expert.graph].select(np.zeros(len(share), dtype=np.int64))
        extras = expert.scaled_extras(features)
        batch = make_batch(copies, None if extras is None else extras.expand(len(share), -1)).to(device)
        of_members = []
        for network in expert.networks:
            with torch.no_grad():
                ends = _Inputs(*network.embed(batch), batch.features)
                starts = _hydrocarbon(network, ends)
            path = starts.towards(ends, share)
            raw = network.read_off(network.encode_embedded(path.atoms, path.bonds, batch), path.features)
            of_members.append(_in_units(task, raw[:, spans(expert.tasks)[column].start]))
            runs.append((expert, starts, path, ends))
        outputs.append(torch.stack(of_members).mean(0))
    value = _blend(bundle, column, outputs)
    asked = [each for _, _, path, _ in runs for each in path if each is not None]
    gradients = dict(zip(map(id, asked), torch.autograd.grad((value * weight).sum(), asked), strict=True))
    atoms, bonds = np.zeros(mol.GetNumAtoms()), np.zeros(mol.GetNumBonds())
    named: dict[str, float] = {}
    for expert, starts, path, ends in runs:
        ways = zip(path, starts.ways(ends), strict=True)
        parts = [None if way is None else (gradients[id(each)] * way).double().cpu() for each, way in ways]
        of_atoms, of_bonds, of_features = parts
        atoms += 0.0 if of_atoms is None else of_atoms.sum(1).view(len(share), -1).sum(0).numpy()
        bonds += 0.0 if of_bonds is None else of_bonds.sum(1).view(len(share), -1).sum(0).numpy()
        if of_features is not None:
            for name, part in zip(_feature_names(expert), of_features.sum(0).tolist(), strict=True):
                named[name] = named.get(name, 0.0) + part
    return GradientAttribution(atoms, bonds, named, float(value[0].detach()))


def _hydrocarbon(network: PropertyNetwork, like: _Inputs) -> _Inputs:
    """Return the vectors of saturated carbons and single bonds, as many as there are of atoms and bonds, and features of zero."""
    atoms, bonds = network.embed(make_batch(MolGraph().featurize(["CCC"]).values).to(like.atoms.device))
    return _Inputs(
        atoms[1].expand_as(like.atoms),
        None if bonds is None or like.bonds is None else bonds[0].expand_as(like.bonds),
        None if like.features is None else torch.zeros_like(like.features),
    )


def _in_units(task: Task, raw: Tensor) -> Tensor:
    return raw * task.scale + task.mean if task.is_regression else torch.sigmoid(raw)


def _blend(bundle: Bundle, column: int, outputs: list[Tensor]) -> Tensor:
    """Return what :meth:`~molgen.bundle.Bundle.score` does, as a function that gradients go through; probabilities as log-odds."""
    task, calibration = bundle.tasks[column], bundle.calibration[column]
    weights = [float(weight[column]) for _, weight in bundle.heard]
    if task.is_regression:
        return sum((output * weight for output, weight in zip(outputs, weights, strict=True)), torch.zeros_like(outputs[0]))
    turned = outputs if bundle.mixing == "probabilities" else [_logit(output) for output in outputs]
    mixed = sum((output * weight for output, weight in zip(turned, weights, strict=True)), torch.zeros_like(outputs[0]))
    return calibration.slope * (_logit(mixed) if bundle.mixing == "probabilities" else mixed) + calibration.intercept


def _logit(probability: Tensor) -> Tensor:
    return torch.logit(probability, eps=_LEAST)


def _feature_names(expert: GraphExpert) -> list[str]:
    return [str(name) for extra in expert.extras for name in extra.get_feature_names_out()]
