"""The linear expert: a weight for every column of its inputs, for counts of words and letters at their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, n_outputs, unscale
from molgen.errors import BundleError
from molgen.experts.base import Expert, FeatureTable, read_vector_featurizers
from molgen.featurizers import Featurizer
from molgen.packed import expanded

__all__ = ["LinearExpert", "as_sparse"]


class LinearExpert(Expert):
    """Ridge regression, or logistic regression, for each task.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts, with their scaling.
    inputs
        Featurizers of vectors, dense or CSR.
    coefficients
        float32 ``[columns, outputs]``.
    intercepts
        float32 ``[outputs]``.
    """

    kind: ClassVar[str] = "linear"

    def __init__(
        self,
        name: str,
        tasks: list[Task],
        inputs: Sequence[Featurizer],
        coefficients: NDArray[np.float32],
        intercepts: NDArray[np.float32],
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.inputs = list(inputs)
        self.coefficients = coefficients
        self.intercepts = intercepts

    @property
    def featurizers(self) -> list[Featurizer]:
        """The featurizers whose columns have weights."""
        return self.inputs

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units."""
        table = as_sparse([features[featurizer] for featurizer in self.inputs])
        return unscale(self.tasks, table @ self.coefficients + self.intercepts)

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and ``weights.safetensors``."""
        tensors = {"coefficients": self.coefficients, "intercepts": self.intercepts}
        described = {"inputs": [featurizer.spec() for featurizer in self.inputs]}
        return {"expert.json": write_json(described), "weights.safetensors": write_tensors(tensors)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; shapes and types are checked against its inputs."""
        described = read_json(members, "expert.json", where)
        tensors = read_tensors(members, "weights.safetensors", where)
        found = tensors.get("coefficients", np.zeros(0))
        if not isinstance(described, dict) or found.ndim != 2:
            raise BundleError("the description of a linear expert does not hold", where=where)
        shape, width = (len(found), n_outputs(tasks)), (n_outputs(tasks),)
        check_tensors(tensors, {"coefficients": (shape, "float32"), "intercepts": (width, "float32")}, where)
        inputs = read_vector_featurizers(described.get("inputs"), len(found), where)
        return cls(name, tasks, inputs, tensors["coefficients"], tensors["intercepts"])


def as_sparse(parts: Sequence[Any]) -> Any:
    """Put features side by side as one float32 CSR matrix ``[rows, columns]``; what is missing or infinite becomes 0."""
    from scipy.sparse import csr_matrix, hstack

    sparse = []
    for part in map(expanded, parts):
        values = np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0) if isinstance(part, np.ndarray) else part
        sparse.append(csr_matrix(values, dtype=np.float32))
    return hstack(sparse, format="csr", dtype=np.float32)
