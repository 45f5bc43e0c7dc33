"""A graph expert as one module, in operations that ONNX has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from molgen.chem.graph import GraphTensors
from molgen.data.batch import MoleculeBatch
from molgen.data.tasks import Task, per_output, spans
from molgen.experts.calibration import Calibration
from molgen.experts.graph import GraphExpert
from molgen.nn.embedding import FieldEmbedding

__all__ = ["ExpertModule"]


class ExpertModule(nn.Module):
    """All of a graph expert, from the arrays of packed graphs to calibrated values in the units of the tasks.

    Parameters
    ----------
    expert
        The expert; its networks are copied.
    calibrations
        One a task.
    """

    low: Tensor
    high: Tensor
    mean: Tensor
    spread: Tensor
    task_mean: Tensor
    task_scale: Tensor

    def __init__(self, expert: GraphExpert, calibrations: Sequence[Calibration]) -> None:
        super().__init__()
        fresh = [expert.make_network() for _ in expert.networks]
        for network, origin in zip(fresh, expert.networks, strict=True):
            network.load_state_dict(origin.state_dict())
        self.networks = nn.ModuleList(_with_look_ups(network) for network in fresh)
        self.tasks, self.calibrations = expert.tasks, calibrations
        self.has_features = expert.scaler is not None
        scaler = expert.scaler
        for name in ("low", "high", "mean", "spread"):
            self.register_buffer(name, torch.zeros(0) if scaler is None else torch.from_numpy(getattr(scaler, name)))
        for name in ("mean", "scale"):
            values = per_output(self.tasks, np.array([getattr(task, name) for task in self.tasks], np.float64))
            self.register_buffer(f"task_{name}", torch.from_numpy(values))
        self.eval()

    def forward(self, atoms: Tensor, bonds: Tensor, bond_fields: Tensor, graph_of_atom: Tensor, features: Tensor) -> Tensor:
        """Predict ``[rows, outputs]``; arguments as :func:`~molgen.deployment.onnx_model.make_inputs` makes them."""
        graphs = GraphTensors(atoms, bonds, bond_fields, graph_of_atom, features.shape[0])
        batch = MoleculeBatch(graphs, self._scaled(features) if self.has_features else None)
        members = [self._unscaled(network(batch)) for network in self.networks]
        return self._calibrated(torch.stack(members).mean(0))

    def _scaled(self, features: Tensor) -> Tensor:
        """Scale features as :class:`~molgen.experts.scaling.FeatureScaler` does."""
        clipped = torch.minimum(torch.maximum(features, self.low), self.high)
        scaled = (clipped - self.mean) / self.spread
        return torch.where(torch.isnan(features), torch.zeros_like(scaled), scaled).float()

    def _unscaled(self, outputs: Tensor) -> Tensor:
        values = outputs.double() * self.task_scale + self.task_mean
        return torch.cat([_activate(task, values[:, span]) for task, span in zip(self.tasks, spans(self.tasks), strict=True)], 1)

    def _calibrated(self, values: Tensor) -> Tensor:
        parts = []
        for task, span, calibration in zip(self.tasks, spans(self.tasks), self.calibrations, strict=True):
            own = values[:, span]
            if not task.is_regression and (calibration.slope, calibration.intercept) != (1.0, 0.0):
                p = own.clamp(1e-6, 1.0 if task.kind == "multiclass" else 1 - 1e-6)
                odds = torch.log(p) if task.kind == "multiclass" else torch.log(p) - torch.log(1 - p)
                own = _activate(task, calibration.slope * odds + calibration.intercept)
            parts.append(own)
        return torch.cat(parts, 1)


def _activate(task: Task, values: Tensor) -> Tensor:
    if task.is_regression:
        return values
    return torch.softmax(values, 1) if task.kind == "multiclass" else torch.sigmoid(values)


class _LookUp(nn.Module):
    """What :class:`~molgen.nn.embedding.FieldEmbedding` computes, in operations that ONNX has."""

    offsets: Tensor

    def __init__(self, embedding: FieldEmbedding) -> None:
        super().__init__()
        self.weight = embedding.table.weight
        self.register_buffer("offsets", embedding.offsets.long())

    def forward(self, fields: Tensor) -> Tensor:
        return nn.functional.embedding(fields.long() + self.offsets, self.weight).sum(1)


def _with_look_ups(network: nn.Module) -> nn.Module:
    for name, child in list(network.named_children()):
        if isinstance(child, FieldEmbedding):
            setattr(network, name, _LookUp(child))
    return network
