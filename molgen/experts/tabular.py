"""The tabular expert: gradient-boosted trees on fingerprints and descriptors, one model a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import read_json, read_text, write_json
from molgen.data.tasks import Task
from molgen.errors import BundleError
from molgen.experts.base import Expert, FeatureTable, read_vector_featurizers
from molgen.experts.trees import check_model_text
from molgen.featurizers import Featurizer
from molgen.packed import expanded

__all__ = ["TabularExpert", "as_table"]


class TabularExpert(Expert):
    """One LightGBM model for each task, on the columns of all its featurizers side by side.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts.
    inputs
        Featurizers of vectors, dense or CSR.
    boosters
        A ``lightgbm.Booster`` for each task.
    """

    kind: ClassVar[str] = "tabular"

    def __init__(self, name: str, tasks: list[Task], inputs: Sequence[Featurizer], boosters: Sequence[Any]) -> None:
        self.name = name
        self.tasks = tasks
        self.inputs = list(inputs)
        self.boosters = list(boosters)

    @property
    def featurizers(self) -> list[Featurizer]:
        """The featurizers whose columns the trees split on."""
        return self.inputs

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units."""
        table = as_table([features[featurizer] for featurizer in self.inputs])
        return np.column_stack([booster.predict(table, num_threads=1) for booster in self.boosters])

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and one text of trees a task."""
        n_features = self.boosters[0].num_feature()
        described = {"inputs": [featurizer.spec() for featurizer in self.inputs], "n_features": n_features}
        texts = {
            _member(column): check_model_text(booster.model_to_string(), n_features, "trees", n_outputs=task.width).encode()
            for column, (task, booster) in enumerate(zip(self.tasks, self.boosters, strict=True))
        }
        return {"expert.json": write_json(described), **texts}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; every index of every tree is checked before LightGBM sees it."""
        # Torch first: its OpenMP runtime and LightGBM's live in one process only in this order.
        import torch  # noqa: F401
        from lightgbm import Booster

        described = read_json(members, "expert.json", where)
        n_features = described.get("n_features") if isinstance(described, dict) else None
        if not isinstance(n_features, int):
            raise BundleError(
                "the description of a tabular expert does not hold", where=where, got=f"n_features {n_features!r}"[:80]
            )
        inputs = read_vector_featurizers(described.get("inputs"), n_features, where)
        boosters = [
            Booster(model_str=check_model_text(text, n_features, where, n_outputs=task.width))
            for task, text in ((task, read_text(members, _member(column), where)) for column, task in enumerate(tasks))
        ]
        return cls(name, tasks, inputs, boosters)


def as_table(parts: Sequence[Any]) -> NDArray[np.float64]:
    """Put features side by side as one dense table ``[rows, columns]``; infinities become missing values.

    Dense, since LightGBM reads a dense row several times faster than a sparse one, and a block of rows is small.
    """
    rows = [expanded(part) for part in parts]
    dense = [part if isinstance(part, np.ndarray) else part.toarray() for part in rows]
    table = np.hstack([part.astype(np.float64, copy=False) for part in dense])
    # Beyond float32 LightGBM's bins and RDKit's overflowing descriptors (Ipc) carry no information.
    table[~(np.abs(table) < np.finfo(np.float32).max)] = np.nan
    return table


def _member(column: int) -> str:
    return f"task-{column}.txt"
