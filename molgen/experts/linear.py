"""The linear expert: a weight for every column of its inputs, for counts of words and letters at their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, n_outputs, unscale
from molgen.errors import BundleError
from molgen.experts.base import Expert, FeatureTable, read_vector_featurizers
from molgen.featurizers import Featurizer
from molgen.packed import expanded

__all__ = ["LinearExpert", "column_ranges", "side_by_side"]


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
    ranges
        What the values of each column are divided by, float32 ``[columns]``; see :func:`side_by_side`.
    """

    kind: ClassVar[str] = "linear"

    def __init__(
        self,
        name: str,
        tasks: list[Task],
        inputs: Sequence[Featurizer],
        coefficients: NDArray[np.float32],
        intercepts: NDArray[np.float32],
        ranges: NDArray[np.float32] | None = None,
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.inputs = list(inputs)
        self.coefficients = coefficients
        self.intercepts = intercepts
        self.ranges = ranges

    @property
    def featurizers(self) -> list[Featurizer]:
        """The featurizers whose columns have weights."""
        return self.inputs

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units."""
        table = side_by_side(self.inputs, features, self.ranges)
        return unscale(self.tasks, table @ self.coefficients + self.intercepts)

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and ``weights.safetensors``."""
        tensors = {"coefficients": self.coefficients, "intercepts": self.intercepts}
        if self.ranges is not None:
            tensors["ranges"] = self.ranges
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
        # The first bundles had no ranges: their columns are taken as they are.
        ranges = {"ranges": (shape[:1], "float32")} if "ranges" in tensors else {}
        check_tensors(tensors, {"coefficients": (shape, "float32"), "intercepts": (width, "float32"), **ranges}, where)
        if not (tensors.get("ranges", np.ones(1)) > 0).all():
            raise BundleError("a linear expert divides by zero or less", where=where)
        inputs = read_vector_featurizers(described.get("inputs"), len(found), where)
        return cls(name, tasks, inputs, tensors["coefficients"], tensors["intercepts"], tensors.get("ranges"))


def side_by_side(inputs: Sequence[Featurizer], features: FeatureTable, ranges: NDArray[np.float32] | None) -> Any:
    """Put features side by side as one float32 CSR matrix ``[rows, columns]``; what is missing or infinite becomes 0.

    With ``ranges`` no kind of featurizer outweighs another for having more columns or larger counts: of sparse ones, which are
    counts, the logarithm of one plus each is divided by its column's range, and each row of a kind (words of several lengths, say)
    brought to length 1; dense columns are divided by their ranges and the root of their number.
    """
    from scipy.sparse import diags, hstack

    found = []
    start = 0
    for _, kind in groupby(inputs, key=type):
        parts = [features[each] for each in kind]
        values = hstack([_sparse(part, logarithms=ranges is not None) for part in parts], format="csr", dtype=np.float32)
        if ranges is not None:
            stop = start + values.shape[1]
            values = (values @ diags(1 / ranges[start:stop])).tocsr()
            start = stop
            if isinstance(expanded(parts[0]), np.ndarray):
                values /= max(1, values.shape[1]) ** 0.5
            else:
                lengths = np.sqrt(np.asarray(values.multiply(values).sum(axis=1)).reshape(-1))
                values = diags(1 / np.where(lengths > 0, lengths, 1.0)) @ values
        found.append(values)
    return hstack(found, format="csr", dtype=np.float32)


def column_ranges(inputs: Sequence[Featurizer], features: FeatureTable, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the largest size of the values of each column on some rows, 1 where there is none."""
    largest = [abs(_sparse(features[each], logarithms=True)[rows]).max(axis=0).toarray().reshape(-1) for each in inputs]
    ranges = np.concatenate(largest)
    return np.where(ranges > 0, ranges, 1.0).astype(np.float32)


def _sparse(part: Any, *, logarithms: bool) -> Any:
    """Return features as CSR; of those that are sparse, which are counts, logarithms where they are wanted."""
    from scipy.sparse import csr_matrix

    values = expanded(part)
    if isinstance(values, np.ndarray):
        return csr_matrix(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), dtype=np.float32)
    found = csr_matrix(values, dtype=np.float32)
    return found.log1p() if logarithms else found
