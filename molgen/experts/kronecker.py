"""The kernel expert of pairs: how like known molecules the molecule is, times how like known partners the partner is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, n_outputs, spans
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import Expert, FeatureTable
from molgen.experts.distances import median_distance, squared_distances
from molgen.experts.domain import bits_of
from molgen.experts.scaling import FeatureScaler
from molgen.featurizers import Featurizer, Kmer, Morgan, ProfileNumbers, from_spec

__all__ = ["Cosine", "Gaussian", "KernelExpert", "Likeness", "tanimoto_kernel", "unit_rows"]

#: Molecules and partners that are compared at a time.
_ROWS = 1024
#: Molecules, and partners, that a file may hold.
_MOST = 100_000


class Likeness(Protocol):
    """How like known partners others are."""

    def rows(self, values: Any) -> NDArray[np.float32]:
        """Return what is compared of some partners."""

    def kernel(self, rows: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compare each of some partners with each that is known, ``[n, m]``."""

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return what it has learnt as named arrays."""


class Cosine:
    """The cosine of counts, such as those of a sequence's words."""

    def rows(self, values: Any) -> NDArray[np.float32]:
        """Return rows of length 1."""
        return unit_rows(values)

    def kernel(self, rows: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return cosines."""
        return np.asarray(rows @ known.T, dtype=np.float32)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Numbers of samples: the mean of 1, by which samples share what a molecule does to all, and of a Gaussian of their distance.

    Attributes
    ----------
    scaler
        Brings the numbers to one scale.
    reach
        The squared distance at which the Gaussian falls to 1 / e.
    """

    scaler: FeatureScaler
    reach: float

    @classmethod
    def fit(cls, values: NDArray[np.float32]) -> Self:
        """Learn the scale, and the median distance, of training samples."""
        scaler = FeatureScaler.fit(values)
        return cls(scaler, median_distance(scaler.transform(values)))

    def rows(self, values: Any) -> NDArray[np.float32]:
        """Return scaled numbers."""
        return self.scaler.transform(values)

    def kernel(self, rows: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the likeness, one half for samples that are nothing alike."""
        return np.asarray((1 + np.exp(-squared_distances(rows, known) / self.reach)) / 2, dtype=np.float32)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return scale and reach."""
        return {**self.scaler.to_tensors(), "reach": np.array([self.reach])}


class KernelExpert(Expert):
    """Kronecker kernel ridge regression: Tanimoto of fingerprints times a likeness of partners.

    Source: Pahikkala et al., Brief. Bioinform. 2015, 16, 325.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts: quantities, or classes, whose probabilities are the clipped values.
    inputs
        A Morgan fingerprint, and what is compared of partners: counts of words, or numbers of samples.
    fingerprints
        Packed bits of the training molecules, uint8 ``[molecules, bits / 8]``.
    partners
        What is compared of the training partners, float32 ``[partners, columns]``.
    likeness
        How partners are compared.
    duals
        float32 ``[outputs, molecules, partners]``.
    means
        float32 ``[outputs]``, which are added.
    """

    kind: ClassVar[str] = "kernel"

    def __init__(
        self,
        name: str,
        tasks: list[Task],
        inputs: tuple[Featurizer, Featurizer],
        fingerprints: NDArray[np.uint8],
        partners: NDArray[np.float32],
        likeness: Likeness,
        duals: NDArray[np.float32],
        means: NDArray[np.float32],
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.inputs = inputs
        self.fingerprints = fingerprints
        self.partners = partners
        self.likeness = likeness
        self.duals = duals
        self.means = means

    @property
    def featurizers(self) -> list[Featurizer]:
        """What is compared of molecules, and of partners."""
        return list(self.inputs)

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units."""
        molecules, partners = (features[each] for each in self.inputs)
        (bits, of_molecule), (others, of_partner) = molecules.used(), partners.used()
        values = np.zeros((len(of_molecule), len(self.duals)))
        alike = self.likeness.kernel(self.likeness.rows(others), self.partners)
        # Pairs by molecule, so that each part of the molecules is compared once.
        order = np.argsort(of_molecule, kind="stable")
        starts = np.searchsorted(of_molecule[order], np.arange(0, bits.shape[0], _ROWS))
        for part, (start, stop) in enumerate(zip(starts, [*starts[1:], len(order)], strict=True)):
            first = part * _ROWS
            rows = order[start:stop]
            kernel = tanimoto_kernel(bits[first : first + _ROWS], self.fingerprints)
            for at, dual in enumerate(self.duals):
                both = (kernel @ dual) @ alike.T
                values[rows, at] = both[of_molecule[rows] - first, of_partner[rows]]
        values += self.means
        for task, columns in zip(self.tasks, spans(self.tasks), strict=True):
            if not task.is_regression:
                values[:, columns] = np.clip(values[:, columns], 0.0, 1.0)
            if task.kind == "multiclass":
                total = values[:, columns].sum(axis=1, keepdims=True)
                values[:, columns] = np.where(total > 0, values[:, columns] / np.where(total > 0, total, 1.0), 1 / task.width)
        return values

    def to_members(self) -> dict[str, bytes]:
        """Return ``expert.json`` and ``weights.safetensors``."""
        described = {"inputs": [featurizer.spec() for featurizer in self.inputs]}
        tensors = {name: getattr(self, name) for name in ("fingerprints", "partners", "duals", "means")}
        tensors |= self.likeness.to_tensors()
        return {"expert.json": write_json(described), "weights.safetensors": write_tensors(tensors)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; shapes and types are checked against its inputs."""
        described = read_json(members, "expert.json", where)
        tensors = read_tensors(members, "weights.safetensors", where)
        try:
            molecules, partners = (from_spec(spec) for spec in described["inputs"])
            n_columns = len(partners.names) if isinstance(partners, ProfileNumbers) else bits_of(partners)
            n_bits = bits_of(molecules)
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise BundleError("the inputs of a kernel expert do not hold", where=where, got=str(error)[:200]) from None
        if not isinstance(molecules, Morgan) or not isinstance(partners, Kmer | ProfileNumbers) or n_bits % 8:
            raise BundleError("a kernel expert compares Morgan fingerprints with words, or with numbers of samples", where=where)
        likeness = _read_likeness(tensors, n_columns, where) if isinstance(partners, ProfileNumbers) else Cosine()
        duals = tensors.get("duals", np.zeros(0))
        if duals.ndim != 3 or max(duals.shape) > _MOST:
            raise BundleError("the weights of a kernel expert have the wrong shape", where=where, got=str(duals.shape)[:80])
        _, n_molecules, n_partners = duals.shape
        shapes = {
            "fingerprints": ((n_molecules, n_bits // 8), "uint8"),
            "partners": ((n_partners, n_columns), "float32"),
            "duals": ((n_outputs(tasks), n_molecules, n_partners), "float32"),
            "means": ((n_outputs(tasks),), "float32"),
        }
        own = {key: value for key, value in tensors.items() if key not in likeness.to_tensors()}
        check_tensors(own, shapes, where)
        return cls(name, tasks, (molecules, partners), own["fingerprints"], own["partners"], likeness, own["duals"], own["means"])


def _read_likeness(tensors: Mapping[str, NDArray[Any]], n_columns: int, where: str) -> Gaussian:
    scaler, reach = FeatureScaler.from_tensors(tensors, where), tensors.get("reach", np.zeros(0))
    if scaler is None or len(scaler.mean) != n_columns or reach.shape != (1,) or not reach[0] > 0:
        raise BundleError("the scale of a kernel expert does not hold", where=where)
    return Gaussian(scaler, float(reach[0]))


def tanimoto_kernel(bits: Any, references: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the Tanimoto similarity of each row of a CSR matrix to each of packed references, ``[n, m]``; 0 without a bit."""
    known = np.unpackbits(references, axis=1).astype(np.float32)
    rows = bits.astype(bool).astype(np.float32)
    common = rows @ known.T
    union = np.asarray(rows.sum(axis=1)).reshape(-1, 1) + known.sum(axis=1)[None] - common
    return np.asarray(common / np.maximum(union, 1.0), dtype=np.float32)


def unit_rows(counts: Any) -> NDArray[np.float32]:
    """Return counts as dense rows of length 1."""
    dense = counts.toarray().astype(np.float32)
    return np.asarray(dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12), dtype=np.float32)
