"""What is predicted: one task a column, with its kind, unit, direction and scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from molgen.data.classes import MAX_CLASSES
from molgen.data.targets import Targets
from molgen.errors import ConfigError

__all__ = [
    "NOISE",
    "RESERVED_NAMES",
    "Direction",
    "Kind",
    "Task",
    "check_names",
    "fit_scaling",
    "logit",
    "n_outputs",
    "output_names",
    "per_output",
    "probability_of",
    "scale",
    "score_views",
    "sigmoid",
    "softmax",
    "spans",
    "unscale",
]

#: Columns that every table of scores has; ``rank`` is that of hits.
RESERVED_NAMES = ("rank", "row", "source", "id", "smiles", "sequence", "status", "reason", "notes", "canonical_smiles", "domain")

#: Standard deviation of labels around good predictions, as a share of the labels' own: what a limit says depends on it. Measured
#: (see docs/labels.md): with 0.5 models lose least to censoring; towards 0 a limit says next to nothing of what lies beyond it.
NOISE = 0.5

#: Largest mean and scale of labels: predictions are then ordinary numbers.
MAX_SCALING = 1e30

_OPTIONAL = ("classes", "column", "conversion")

Kind = Literal["regression", "binary", "multiclass"]
Direction = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Task:
    """One predicted quantity.

    Parameters
    ----------
    name
        Name of the label column, and of the prediction's.
    kind
        ``"regression"`` (in the column's unit), ``"binary"`` (a probability of the positive class) or ``"multiclass"`` (a
        probability of each class).
    unit
        Unit of a regression task, for display.
    direction
        Whether a ``"high"`` or a ``"low"`` value is good: what hits are ranked by.
    positive
        The word that stands for the positive class in the labels; of several classes, the one that hits are ranked by, if any.
    classes
        The words of the classes, in the order of their numbers: of several, and of two that do not tell which is positive.
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
    classes: tuple[str, ...] = ()
    column: str = ""
    conversion: str = ""
    mean: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        texts = (self.name, self.kind, self.unit, self.direction, self.positive, self.column, self.conversion)
        if not all(isinstance(text, str) for text in texts):
            raise ConfigError("a task has something else where text should be", got=repr(texts)[:120])
        if any(not character.isprintable() for character in self.name):
            raise ConfigError(f"a task cannot be named {self.name!r}: it has a control character", remedy="rename the column")
        if not self.name or self.name in RESERVED_NAMES:
            raise ConfigError(
                f"a task cannot be named {self.name!r}: scores are written beside a column of that name", remedy="rename the column"
            )
        if self.kind not in ("regression", "binary", "multiclass"):
            expected = "regression, binary or multiclass"
            raise ConfigError(f"unknown kind of task {self.name!r}", expected=expected, got=repr(self.kind))
        self._check_classes()
        if self.direction not in ("high", "low"):
            raise ConfigError(f"unknown direction of task {self.name!r}", expected="high or low", got=repr(self.direction))
        numbers = all(isinstance(each, int | float | np.number) for each in (self.mean, self.scale))
        if not (numbers and abs(self.mean) <= MAX_SCALING and 0 < self.scale <= MAX_SCALING):
            expected = f"numbers of at most {MAX_SCALING:g}, the scale above 0"
            got = f"{self.mean!r}, {self.scale!r}"[:80]
            raise ConfigError(f"the scaling of task {self.name!r} does not hold", expected=expected, got=got)

    def _check_classes(self) -> None:
        least, most = {"regression": (0, 0), "binary": (0, 2), "multiclass": (3, MAX_CLASSES)}[self.kind]
        words = [word for word in self.classes if isinstance(word, str) and word and word.isprintable()]
        sound = len(set(words)) == len(self.classes) and least <= len(words) <= most
        if not sound or (self.kind == "multiclass" and self.positive and self.positive not in words):
            got = f"{len(self.classes)}: {', '.join(map(repr, self.classes[:5]))}"[:120]
            raise ConfigError(f"the classes of task {self.name!r} do not hold", expected=f"{least} to {most} words", got=got)

    @property
    def width(self) -> int:
        """Number of outputs of a network, and of columns of predictions: one, or one a class."""
        return len(self.classes) if self.kind == "multiclass" else 1

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
        return cls(**{**data, "classes": tuple(data.get("classes", ()))})


def output_names(task: Task) -> list[str]:
    """Return the columns that a task's predictions fill.

    Its own, which for several classes holds the word of the likeliest; the ends of the interval of a regression task; the
    probability of each of several classes.
    """
    further = {"regression": ("lower", "upper"), "binary": (), "multiclass": task.classes}[task.kind]
    return [task.name, *(f"{task.name}_{each}" for each in further)]


def score_views(task: Task) -> list[Task]:
    """Return what a task's columns of numbers are when each is looked at alone: itself, or a binary task for each class."""
    if task.kind != "multiclass":
        return [task]
    names = output_names(task)[1:]
    return [Task(name, "binary", direction=task.direction, positive=word) for name, word in zip(names, task.classes, strict=True)]


def spans(tasks: Sequence[Task]) -> list[slice]:
    """Return where each task's columns are in the outputs of a network, and in predictions."""
    ends = np.cumsum([task.width for task in tasks])
    return [slice(int(end) - task.width, int(end)) for task, end in zip(tasks, ends, strict=True)]


def n_outputs(tasks: Sequence[Task]) -> int:
    """Return the number of columns of predictions."""
    return sum(task.width for task in tasks)


def per_output(tasks: Sequence[Task], values: NDArray[Any]) -> NDArray[Any]:
    """Repeat what there is for each task, along the last axis, for each of its columns."""
    repeated: NDArray[Any] = np.repeat(values, [task.width for task in tasks], axis=-1)
    return repeated


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
    """Turn raw network outputs ``[n, outputs]`` into task units: values for regression, else probabilities."""
    mean, spread = (per_output(tasks, each) for each in _scaling(tasks))
    values: NDArray[np.float64] = outputs.astype(np.float64) * spread + mean
    for span, task in zip(spans(tasks), tasks, strict=True):
        if not task.is_regression:
            values[:, span] = softmax(values[:, span]) if task.kind == "multiclass" else sigmoid(values[:, span])
    return values


def probability_of(task: Task, predictions: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of each row's own class, from a task's predictions ``[rows, width]``; NaN without a label."""
    of_classes = predictions if task.kind == "multiclass" else np.hstack([1 - predictions, predictions])
    known = ~np.isnan(labels)
    codes = np.where(known, labels, 0).astype(np.int64)[:, np.newaxis]
    return np.where(known, np.take_along_axis(of_classes, codes, axis=1)[:, 0], np.nan)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities ``[n, classes]`` of logits, without overflow."""
    powers: NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logistic function of ``x``, without overflow."""
    out: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * x))
    return out


def logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of probabilities, which are kept a millionth away from 0 and 1."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p) - np.log1p(-p))


def _scaling(tasks: Sequence[Task]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Of float64, whatever numbers a file of JSON holds: an integer can be beyond 64 bits.
    return np.array([task.mean for task in tasks], np.float64), np.array([task.scale for task in tasks], np.float64)
