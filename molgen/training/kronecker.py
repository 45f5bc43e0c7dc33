"""Fitting kernel ridge regression to pairs, without ever writing down the kernel of pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.experts.base import FeatureTable
from molgen.experts.kronecker import Cosine, Gaussian, KernelExpert, Likeness, tanimoto_kernel
from molgen.featurizers import Featurizer, ProfileNumbers

__all__ = ["fit_kernel_expert"]

#: A vector times a matrix that nobody has written down.
Multiply = Callable[[NDArray[np.float32]], NDArray[np.float32]]

#: Strengths of the penalty, of which the training rows that are held out choose one.
_STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0)
_HELD_OUT = 0.1
_ITERATIONS, _TOLERANCE = 200, 1e-3


def fit_kernel_expert(
    name: str,
    tasks: list[Task],
    inputs: tuple[Featurizer, Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    *,
    seed: int,
) -> KernelExpert:
    """Fit Kronecker kernel ridge regression; labels that are limits count as their values.

    Parameters
    ----------
    name, tasks, inputs
        See :class:`~molgen.experts.kronecker.KernelExpert`.
    features, targets
        Of all rows; ``targets`` in task units.
    split
        The rows; those that validate choose the strength of the penalty, or, without any, a tenth of those that train.
    seed
        Which tenth.
    """
    train, held = split.train, split.valid
    if not len(held):
        order = np.random.default_rng(seed).permutation(train)
        held = order[: max(1, round(_HELD_OUT * len(order)))]
    fingerprint, compared = inputs
    bits, of_molecule = features[fingerprint].select(train).used()
    values, of_partner = features[compared].select(train).used()
    likeness: Likeness = Gaussian.fit(values) if isinstance(compared, ProfileNumbers) else Cosine()
    packed, partners = np.packbits(bits.toarray() > 0, axis=1), likeness.rows(values)
    kernels = tanimoto_kernel(bits, packed), likeness.kernel(partners, partners)
    one = [Task("output", "regression")]
    duals, means = [], []
    for labels in np.concatenate([_wanted(task, targets.values[:, at]) for at, task in enumerate(tasks)]):
        # Rows that are held out must not be learnt from while they choose.
        known = ~np.isnan(labels[train]) & ~np.isin(train, held)
        best, least = _STRENGTHS[0], np.inf
        checked = held[~np.isnan(labels[held])]
        for strength in _STRENGTHS if len(checked) else ():
            dual, mean = _solve(kernels, of_molecule[known], of_partner[known], labels[train[known]], strength)
            tried = KernelExpert(name, one, inputs, packed, partners, likeness, dual[None], np.array([mean], np.float32))
            part = {each: features[each].select(checked) for each in inputs}
            loss = float(np.mean((tried.predict(part)[:, 0] - labels[checked]) ** 2))
            if loss < least:
                best, least = strength, loss
        known = ~np.isnan(labels[train])
        dual, mean = _solve(kernels, of_molecule[known], of_partner[known], labels[train[known]], best)
        duals.append(dual)
        means.append(mean)
    return KernelExpert(name, tasks, inputs, packed, partners, likeness, np.stack(duals), np.array(means, np.float32))


def _wanted(task: Task, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each output of a task should be, ``[outputs, rows]``: of several classes whether it is that one."""
    if task.kind != "multiclass":
        return labels[None]
    return np.where(np.isnan(labels), np.nan, labels == np.arange(task.width)[:, None])


def _solve(
    kernels: tuple[NDArray[np.float32], NDArray[np.float32]],
    of_molecule: NDArray[np.int64],
    of_partner: NDArray[np.int64],
    labels: NDArray[np.float64],
    strength: float,
) -> tuple[NDArray[np.float32], float]:
    """Return the dual weight of each molecule with each partner, and the mean of the labels."""
    mean = float(labels.mean())
    shape = len(kernels[0]), len(kernels[1])

    def multiplied(weights: NDArray[np.float32]) -> NDArray[np.float32]:
        grid = np.zeros(shape, np.float32)
        np.add.at(grid, (of_molecule, of_partner), weights)
        both = kernels[0] @ grid @ kernels[1]
        return np.asarray(both[of_molecule, of_partner] + strength * weights, dtype=np.float32)

    weights = _conjugate_gradients(multiplied, (labels - mean).astype(np.float32))
    grid = np.zeros(shape, np.float32)
    np.add.at(grid, (of_molecule, of_partner), weights)
    return grid, mean


def _conjugate_gradients(multiplied: Multiply, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Solve a system of which only products are known."""
    found = np.zeros_like(wanted)
    left = wanted.copy()
    direction = left.copy()
    size = float(left @ left)
    first = size
    for _ in range(_ITERATIONS):
        if size <= _TOLERANCE**2 * first:
            break
        product = multiplied(direction)
        step = size / float(direction @ product)
        found += step * direction
        left -= step * product
        before, size = size, float(left @ left)
        direction = left + (size / before) * direction
    return found
