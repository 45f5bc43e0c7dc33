"""Boosted trees on labels of which some are limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.targets import Targets, expected

__all__ = ["boost_with_limits"]


def boost_with_limits(parameters: dict[str, Any], table: NDArray[np.float64], targets: Targets, noise: float, rounds: int) -> Any:
    """Boost a regression in which limits count as what the true values are to be expected at, seen anew before every tree.

    Parameters
    ----------
    parameters
        LightGBM's, with the objective ``regression``.
    table
        Features ``[rows, columns]``.
    targets
        Labels of one task, ``[rows]`` each.
    noise
        See :func:`~molgen.data.targets.expected`.
    rounds
        Number of trees.

    Returns
    -------
    lightgbm.Booster
        As of an ordinary regression.
    """
    import lightgbm

    data = lightgbm.Dataset(table, targets.values, weight=targets.weights)
    booster = lightgbm.Booster(parameters, data)
    # The first tree holds the mean of the labels, which LightGBM adds for objectives of its own alone.
    booster.update()

    def gradients(predicted: NDArray[np.float64], _: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        wanted = expected(targets.values, targets.bounds, predicted, noise)
        return targets.weights * (predicted - wanted), targets.weights

    for _ in range(rounds - 1):
        booster.update(fobj=gradients)
    # Such a booster forgets its objective; predictions of a regression are the sums of the trees, as they are here.
    text = booster.model_to_string()
    if "\nobjective=" not in text:
        text = text.replace("\nfeature_names=", "\nobjective=regression\nfeature_names=", 1)
    return lightgbm.Booster(model_str=text)
