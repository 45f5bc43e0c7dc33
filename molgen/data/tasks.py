"""What is predicted: one task a column, with its kind, unit, direction and scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from molgen.data.targets import Targets
from molgen.errors import ConfigError

__all__ = ["NOISE", "RESERVED_NAMES", "Direction", "Kind", "Task", "check_names", "fit_scaling", "output_names", "scale", "unscale"]

#: Columns that every table of scores has; ``rank`` is that of hits.
RESERVED_NAMES = ("rank", "row", "source", "id", "smiles", "status", "reason", "notes", "canonical_smiles", "domain")

#: Standard deviation of labels around good predictions, as a share of the labels' own: what a limit says depends on it. Measured
#: (see docs/labels.md): with 0.5 models lose least to censoring; towards 0 a limit says next to nothing of what lies beyond it.
NOISE = 0.5

_OPTIONAL = ("column", "conversion")

Kind = Literal["regression", "binary"]
Direction = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Task:
    """One predicted quantity.

    Parameters
    ----------
    name
        Name of the label column, and of the prediction's.
    kind
        ``"regression"`` (in the column's unit) or ``"binary"`` (a probability of the positive class).
    unit
        Unit of a regression task, for display.
    direction
        Whether a ``"high"`` or a ``"low"`` value is good: what hits are ranked by.
    positive
        The word that stands for the positive class in the labels.
    column, conversion
        Where the labels were converted (see :class:`~molgen.data.units.Conversion`): the column they came from, and how.
    mean, scale
        Location and spread of the training labels: networks see ``(y - mean) / scale``. 0 and 1 for binary tasks.
    """

    name: str
    kind: Kind
    unit: str = ""
    direction: Direction = "high"
    positive: str = ""
    column: str = ""
    conversion: str = ""
    mean: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if any(not character.isprintable() for character in self.name):
            raise ConfigError(f"a task cannot be named {self.name!r}: it has a control character", remedy="rename the column")
        if not self.name or self.name in RESERVED_NAMES:
            raise ConfigError(
                f"a task cannot be named {self.name!r}: scores are written beside a column of that name", remedy="rename the column"
            )
        if self.kind not in ("regression", "binary"):
            raise ConfigError(f"unknown kind of task {self.name!r}", expected="regression or binary", got=repr(self.kind))
        if self.direction not in ("high", "low"):
            raise ConfigError(f"unknown direction of task {self.name!r}", expected="high or low", got=repr(self.direction))
        if not (np.isfinite(self.mean) and np.isfinite(self.scale) and self.scale > 0):
            raise ConfigError(f"the scaling of task {self.name!r} must be finite and positive")

    @property
    def is_regression(self) -> bool:
        """Whether the task predicts a quantity rather than a class."""
        return self.kind == "regression"

    def to_json(self) -> dict[str, Any]:
        """Return the task as plain data; what only some tasks have is there only for those."""
        return {key: value for key, value in asdict(self).items() if value or key not in _OPTIONAL}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a task from :meth:`to_json`."""
        return cls(**data)


def output_names(task: Task) -> list[str]:
    """Return the columns that a task's predictions fill: its own, and the ends of the interval of a regression task."""
    return [task.name, f"{task.name}_lower", f"{task.name}_upper"] if task.is_regression else [task.name]


def check_names(tasks: Sequence[Task]) -> None:
    """Refuse tasks whose predictions would fill one another's columns.

    Raises
    ------
    ConfigError
        If a name stands twice among the columns of all tasks.
    """
    names = [name for task in tasks for name in output_names(task)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two tasks would write the column {twice[0]!r}", remedy="rename one of the columns, or train two models")


def fit_scaling(tasks: Sequence[Task], targets: NDArray[np.float64]) -> list[Task]:
    """Return the tasks with mean and scale of the training labels ``[n, tasks]`` (NaN = missing)."""
    fitted = []
    for column, task in enumerate(tasks):
        values = targets[:, column]
        values = values[~np.isnan(values)]
        if task.is_regression:
            task = replace(task, mean=float(values.mean()), scale=float(values.std()) or 1.0)  # noqa: PLW2901
        fitted.append(task)
    return fitted


def scale(tasks: Sequence[Task], targets: Targets) -> Targets:
    """Turn labels into what networks are trained on: float32, of mean 0 and spread 1."""
    mean, spread = _scaling(tasks)
    return replace(targets, values=((targets.values - mean) / spread).astype(np.float32))


def unscale(tasks: Sequence[Task], outputs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn raw network outputs ``[n, tasks]`` into task units: values for regression, probabilities for binary tasks."""
    mean, spread = _scaling(tasks)
    values = outputs.astype(np.float64) * spread + mean
    for column, task in enumerate(tasks):
        if not task.is_regression:
            values[:, column] = sigmoid(values[:, column])
    return values


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logistic function of ``x``, without overflow."""
    out: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * x))
    return out


def logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of probabilities, which are kept a millionth away from 0 and 1."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p) - np.log1p(-p))


def _scaling(tasks: Sequence[Task]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([task.mean for task in tasks]), np.array([task.scale for task in tasks])
