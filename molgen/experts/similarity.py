"""The similarity expert: kernel ridge regression on how like each training compound a compound is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, n_outputs, unscale
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import Expert, FeatureTable
from molgen.experts.distances import squared_distances
from molgen.experts.scaling import FeatureScaler
from molgen.featurizers import Featurizer, from_spec
from molgen.packed import expanded

__all__ = ["Compared", "Rows", "SimilarityExpert"]

#: Larger counts are this one.
_MOST_COUNTED = 15
#: Rows that are compared at a time, and training compounds that a file may hold.
_ROWS, _MOST = 512, 100_000


@dataclass(frozen=True, slots=True)
class Compared:
    """What compounds are compared by.

    Attributes
    ----------
    inputs
        Featurizers of vectors: sparse ones, which count, and dense ones, which measure.
    scaler
        Brings what is measured to one scale; ``None`` where nothing is.
    reach
        The squared distance of scaled measurements at which their likeness falls to 1 / e.
    """

    inputs: tuple[Featurizer, ...]
    scaler: FeatureScaler | None = None
    reach: float = 1.0

    @property
    def counting(self) -> list[Featurizer]:
        """The inputs that count."""
        return [each for each in self.inputs if not _is_dense(each)]

    @property
    def measuring(self) -> list[Featurizer]:
        """The inputs that measure."""
        return [each for each in self.inputs if _is_dense(each)]

    def rows(self, features: FeatureTable) -> Rows:
        """Return what is compared of some compounds."""
        counts = [_capped(features[each]) for each in self.counting]
        if self.scaler is None:
            return Rows(counts, None)
        return Rows(counts, self.scaler.transform(np.hstack([expanded(features[each]) for each in self.measuring])))

    def kernel(self, rows: Rows, known: Rows) -> NDArray[np.float32]:
        """Return how like compounds are, ``[n, m]``, 0 to 1.

        The mean of Tanimoto's similarity for each input that counts, the sum of the lesser counts over that of the larger ones, and
        for all that measure together of a Gaussian of their distance.
        """
        parts = [_shared(own, others) for own, others in zip(rows.counts, known.counts, strict=True)]
        if rows.numbers is not None and known.numbers is not None:
            parts.append(np.exp(-squared_distances(rows.numbers, known.numbers) / self.reach))
        mean: NDArray[np.float32] = np.mean(parts, axis=0, dtype=np.float32)
        return mean

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return scale and reach as named arrays."""
        return {} if self.scaler is None else {**self.scaler.to_tensors(), "reach": np.array([self.reach])}


@dataclass(frozen=True, slots=True)
class Rows:
    """What is compared of some compounds.

    Attributes
    ----------
    counts
        CSR uint8 ``[rows, columns]`` for each input that counts.
    numbers
        float32 ``[rows, columns]``, scaled; ``None`` where nothing is measured.
    """

    counts: Sequence[Any]
    numbers: NDArray[np.float32] | None

    def __len__(self) -> int:
        return int(self.counts[0].shape[0]) if self.counts else len(self.numbers) if self.numbers is not None else 0

    def part(self, rows: slice) -> Rows:
        """Select rows."""
        return Rows([each[rows] for each in self.counts], None if self.numbers is None else self.numbers[rows])

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return them as named arrays."""
        found: dict[str, NDArray[Any]] = {} if self.numbers is None else {"numbers": self.numbers}
        for at, each in enumerate(self.counts):
            found |= {f"counts-{at}": each.data, f"columns-{at}": each.indices.astype(np.int32)}
            found[f"ends-{at}"] = each.indptr[1:].astype(np.int64)
        return found


class SimilarityExpert(Expert):
    """Kernel ridge regression for each output.

    Of few compounds it often errs less than boosted trees, and elsewhere: what is unlike all that is known is near the mean.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts, with their scaling.
    compared
        What compounds are compared by.
    known
        The training compounds.
    duals
        float32 ``[outputs, compounds]``: how much likeness to each says.
    means
        float32 ``[outputs]``, which are added: standardised values, or log-odds.
    """

    kind: ClassVar[str] = "similarity"

    def __init__(
        self, name: str, tasks: list[Task], compared: Compared, known: Rows, duals: NDArray[np.float32], means: NDArray[np.float32]
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.compared = compared
        self.known = known
        self.duals = duals
        self.means = means

    @property
    def featurizers(self) -> list[Featurizer]:
        """What compounds are compared by."""
        return list(self.compared.inputs)

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units."""
        rows = self.compared.rows(features)
        raw = np.zeros((len(rows), len(self.duals)), np.float32)
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            raw[part] = self.compared.kernel(rows.part(part), self.known) @ self.duals.T + self.means
        return unscale(self.tasks, raw)

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and ``weights.safetensors``."""
        described = {"inputs": [featurizer.spec() for featurizer in self.compared.inputs]}
        tensors = {"duals": self.duals, "means": self.means, **self.known.to_tensors(), **self.compared.to_tensors()}
        return {"expert.json": write_json(described), "weights.safetensors": write_tensors(tensors)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; shapes, types and places are checked against its inputs."""
        described = read_json(members, "expert.json", where)
        tensors = read_tensors(members, "weights.safetensors", where)
        try:
            inputs = tuple(from_spec(spec) for spec in described["inputs"])
            widths = {each: _width(each) for each in inputs}
        except (AttributeError, ConfigError, IndexError, KeyError, TypeError, ValueError) as error:
            raise BundleError("the inputs of a similarity expert do not hold", where=where, got=str(error)[:200]) from None
        scaler, reach = FeatureScaler.from_tensors(tensors, where), tensors.get("reach", np.ones(1))
        compared = Compared(inputs, scaler, float(reach.reshape(-1)[0]) if reach.size else 0.0)
        n_numbers = sum(widths[each] for each in compared.measuring)
        if (0 if scaler is None else len(scaler.mean)) != n_numbers or not compared.reach > 0 or not inputs:
            raise BundleError("the scale of a similarity expert does not hold", where=where)
        duals = tensors.get("duals", np.zeros(0))
        if duals.ndim != 2 or duals.shape[1] > _MOST:
            raise BundleError("the weights of a similarity expert have the wrong shape", where=where, got=str(duals.shape)[:80])
        n = duals.shape[1]
        shapes = {"duals": ((n_outputs(tasks), n), "float32"), "means": ((n_outputs(tasks),), "float32")}
        if scaler is not None:
            shapes |= {"numbers": ((n, n_numbers), "float32"), "reach": ((1,), "float64")}
        for at in range(len(compared.counting)):
            stored = (tensors.get(f"counts-{at}", np.zeros(0)).size,)
            shapes |= {f"counts-{at}": (stored, "uint8"), f"columns-{at}": (stored, "int32"), f"ends-{at}": ((n,), "int64")}
        check_tensors({key: value for key, value in tensors.items() if not key.startswith("scaler.")}, shapes, where)
        counts = [_read_counts(tensors, at, widths[each], where) for at, each in enumerate(compared.counting)]
        known = Rows(counts, tensors.get("numbers"))
        return cls(name, tasks, compared, known, tensors["duals"], tensors["means"])


def _is_dense(featurizer: Featurizer) -> bool:
    return isinstance(featurizer.featurize([]).values, np.ndarray)


def _width(featurizer: Featurizer) -> int:
    return int(featurizer.featurize([]).values.shape[1])


def _capped(values: Any) -> Any:
    """Return counts as CSR uint8; larger ones are the largest that is told apart."""
    found = csr_matrix(expanded(values), copy=True)
    found.data = np.minimum(found.data, _MOST_COUNTED).astype(np.uint8)
    return found


def _read_counts(tensors: Mapping[str, NDArray[Any]], at: int, width: int, where: str) -> Any:
    counts, columns = tensors[f"counts-{at}"], tensors[f"columns-{at}"]
    bounds = np.append(0, tensors[f"ends-{at}"])
    sound = (np.diff(bounds) >= 0).all() and bounds[-1] == len(counts) and (counts <= _MOST_COUNTED).all()
    if not sound or (len(columns) and not (columns.min() >= 0 and columns.max() < width)):
        raise BundleError("the compounds of a similarity expert do not hold", where=where)
    return csr_matrix((counts, columns, bounds), shape=(len(bounds) - 1, width))


def _unary(counts: Any) -> Any:
    """Return a column of 1 for each time that something is counted: what two rows share is then a product."""
    times = counts.data.astype(np.int64)
    ends = np.cumsum(times)
    nth = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - times, times)
    columns = np.repeat(counts.indices.astype(np.int64), times) * _MOST_COUNTED + nth
    bounds = np.append(0, ends)[counts.indptr]
    shape = counts.shape[0], counts.shape[1] * _MOST_COUNTED
    return csr_matrix((np.ones(len(columns), np.float32), columns, bounds), shape=shape)


def _shared(own: Any, others: Any) -> NDArray[np.float32]:
    """Return the sum of the lesser counts over that of the larger ones; 0 where nothing is counted."""
    common = (_unary(own) @ _unary(others).T).toarray()
    sums = [np.asarray(each.sum(axis=1, dtype=np.float32)).reshape(-1) for each in (own, others)]
    return np.asarray(common / np.maximum(sums[0][:, None] + sums[1][None] - common, 1.0), dtype=np.float32)
