"""The rows that a model was not trained on, as reports look at them: one task at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.data.tasks import Task, spans
from molgen.experts.structures import nearest_compounds
from molgen.training.train import TrainResult

__all__ = ["HeldOut", "Neighbours", "Part", "held_out"]

#: Rows that are compared with the training compounds at most: each costs a look at all of these.
_MAX_COMPARED = 4000


@dataclass(frozen=True, slots=True)
class Part:
    """A task's labelled rows of one part: row numbers, labels and predictions, ``[n]`` each.

    For several classes, the prediction is the probability of the class that is measured, and the label 1.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.float64]
    predicted: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def errors(self) -> NDArray[np.float64]:
        """Prediction minus label."""
        return self.predicted - self.labels


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest training compound of each row ``[rows]``: its similarity (NaN where not looked for) and its row."""

    similarity: NDArray[np.float64]
    row: NDArray[np.int64]

    @classmethod
    def of(cls, result: TrainResult) -> Neighbours:
        """Compare test rows, then validation rows, with all training rows, up to 4,000 of them.

        After cross-validation there are none: each fold had other training rows.
        """
        n, train = len(result.dataset), result.split.train
        similarity, row = np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
        wanted = np.concatenate([result.split.test, result.split.valid])
        if not len(wanted):
            return cls(similarity, row)
        if len(wanted) > _MAX_COMPARED:
            wanted = wanted[np.linspace(0, len(wanted) - 1, _MAX_COMPARED).astype(np.int64)]
        featurizer = result.bundle.domain.featurizer
        items = result.dataset.subject.side(result.dataset.items, featurizer.reads)
        found, at = nearest_compounds(featurizer, [items[r] for r in wanted], [items[r] for r in train])
        similarity[wanted], row[wanted] = found, train[at]
        return cls(similarity, row)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a model says of one task's held-out compounds.

    Attributes
    ----------
    task
        The task.
    train_labels
        Labels it was trained on.
    test, valid
        The rows with a label; either may be empty. After cross-validation ``test`` holds what each fold predicted of its test part.
    half_width
        Half the width of the model's interval; NaN where there is none.
    is_folds
        Whether it comes from cross-validation.
    """

    task: Task
    train_labels: NDArray[np.float64]
    test: Part
    valid: Part
    half_width: float
    is_folds: bool = False

    @property
    def parts(self) -> list[tuple[str, str, Part]]:
        """Name, colour and rows of the parts that are not empty, validation first: it is drawn below."""
        both = [("validation", "orange", self.valid), ("out-of-fold" if self.is_folds else "test", "blue", self.test)]
        return [each for each in both if len(each[2])]

    @property
    def judged(self) -> tuple[str, Part]:
        """The part that says most of new compounds: the test part where there is one."""
        name, _, part = self.parts[-1] if self.parts else ("test", "blue", self.test)
        return name, part


def held_out(result: TrainResult, at: int) -> HeldOut:
    """Collect one task's labels and predictions; ``at`` is its column. Labels that are limits are left out."""
    task, folds = result.bundle.tasks[at], result.cross_validation
    labels = result.dataset.labels.of_task(at).measured()
    outputs = (folds.predictions["model"] if folds else result.predictions)[:, spans(result.bundle.tasks)[at]]
    trained = labels[result.split.train]
    if task.kind == "multiclass":
        known = np.flatnonzero(~np.isnan(labels))
        predicted = np.full(len(labels), np.nan)
        predicted[known] = outputs[known, labels[known].astype(np.int64)]
        labels = np.where(np.isnan(labels), np.nan, 1.0)
    else:
        predicted = outputs[:, 0]

    def part(rows: NDArray[np.int64]) -> Part:
        there = rows[~np.isnan(labels[rows]) & ~np.isnan(predicted[rows])]
        return Part(there, labels[there], predicted[there])

    return HeldOut(
        task,
        trained[~np.isnan(trained)],
        part(folds.tested if folds else result.split.test),
        part(result.split.valid),
        result.bundle.calibration[at].half_width,
        folds is not None,
    )
