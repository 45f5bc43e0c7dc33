"""How errors grow with the distance from the training compounds, and from where on a warning is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.targets import Targets
from molgen.data.tasks import Task, probability_of, spans

__all__ = ["Applicability", "fit_applicability"]

#: Similarities from which the threshold is chosen.
_CANDIDATES = [each / 20 for each in range(2, 15)]
#: Errors outside are this many times the average, and at least so many compounds are on both sides.
_LARGER, _LEAST = 1.25, 20
#: One-sided 95 %.
_Z = 1.645


@dataclass(frozen=True, slots=True)
class Applicability:
    """Errors of compounds that no expert was trained on, by their similarity to those that they were.

    Attributes
    ----------
    threshold
        The highest similarity below which compounds have errors at least a quarter above the average, beyond chance; ``None`` where
        there is none, or too few compounds to tell.
    errors
        ``"inside"`` and ``"outside"`` -> task -> ``n, error``: the mean absolute error of a quantity (labels that are limits do not
        count), else the mean of one minus the probability of the right class. Empty without a threshold.
    """

    threshold: float | None
    errors: dict[str, dict[str, dict[str, float]]]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"threshold": self.threshold, "errors": self.errors}


def fit_applicability(
    tasks: Sequence[Task], predictions: NDArray[np.float64], targets: Targets, similarity: NDArray[np.floating[Any]]
) -> Applicability:
    """Find from which similarity on predictions are no worse than they are on the average.

    Parameters
    ----------
    tasks
        What is predicted.
    predictions, targets
        ``[rows, outputs]`` and labels of compounds that no expert was trained on.
    similarity
        Of each to the nearest reference among the training compounds; NaN for a row that does not count.
    """
    errors = {
        task.name: _errors(task, predictions[:, span], targets.of_task(at))
        for at, (task, span) in enumerate(zip(tasks, spans(tasks), strict=True))
    }
    similarity = np.asarray(similarity, dtype=np.float32)  # what a screen computes, and compares
    relative = np.stack([error / max(_figures(error)["error"], 1e-12) for error in errors.values()])
    # A compound counts once, however many of its labels are known: they are right or wrong together.
    labels = (~np.isnan(relative)).sum(axis=0)
    of_compound = np.nansum(relative, axis=0) / np.maximum(labels, 1)
    known = (labels > 0) & ~np.isnan(similarity)
    threshold = _threshold(of_compound[known], similarity[known])
    if threshold is None:
        return Applicability(None, {})
    parts = {"inside": similarity >= threshold, "outside": similarity < threshold}
    return Applicability(
        threshold, {part: {name: _figures(error[rows]) for name, error in errors.items()} for part, rows in parts.items()}
    )


def _threshold(errors: NDArray[np.float64], similarity: NDArray[np.float32]) -> float | None:
    for candidate in _CANDIDATES[::-1]:
        far = errors[similarity < candidate]
        if min(len(far), len(errors) - len(far)) < _LEAST:
            continue
        surely = far.mean() - _Z * far.std(ddof=1) / np.sqrt(len(far))
        if far.mean() >= _LARGER and surely > 1:
            return candidate
    return None


def _errors(task: Task, predicted: NDArray[np.float64], labels: Targets) -> NDArray[np.float64]:
    """Return the error of each row, NaN where there is no label."""
    values = labels.measured()
    if task.is_regression:
        return np.asarray(np.abs(predicted[:, 0] - values))
    return 1 - probability_of(task, predicted, values)


def _figures(errors: NDArray[np.float64]) -> dict[str, float]:
    known = errors[~np.isnan(errors)]
    return {"n": float(len(known)), "error": float(known.mean()) if len(known) else float("nan")}
