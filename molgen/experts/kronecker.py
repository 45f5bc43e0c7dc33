"""The kernel expert of pairs: how like known molecules the molecule is, times how like known sequences the sequence is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, n_outputs, spans
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import Expert, FeatureTable
from molgen.experts.domain import bits_of
from molgen.featurizers import Featurizer, Kmer, Morgan, from_spec

__all__ = ["KernelExpert", "cosine_kernel", "tanimoto_kernel", "unit_rows"]

#: Molecules and sequences that are compared at a time.
_ROWS = 1024
#: Molecules, and sequences, that a file may hold.
_MOST = 100_000


class KernelExpert(Expert):
    """Kronecker kernel ridge regression: Tanimoto of fingerprints times the cosine of counts of words.

    Source: Pahikkala et al., Brief. Bioinform. 2015, 16, 325.

    Parameters
    ----------
    name
        Name within the bundle.
    tasks
        What it predicts: quantities, or classes, whose probabilities are the clipped values.
    inputs
        A Morgan fingerprint and counts of words.
    fingerprints
        Packed bits of the training molecules, uint8 ``[molecules, bits / 8]``.
    words
        Counts of the training sequences, each row of length 1, float32 ``[sequences, words]``.
    duals
        float32 ``[outputs, molecules, sequences]``.
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
        words: NDArray[np.float32],
        duals: NDArray[np.float32],
        means: NDArray[np.float32],
    ) -> None:
        self.name = name
        self.tasks = tasks
        self.inputs = inputs
        self.fingerprints = fingerprints
        self.words = words
        self.duals = duals
        self.means = means

    @property
    def featurizers(self) -> list[Featurizer]:
        """The fingerprint and the words."""
        return list(self.inputs)

    def predict(self, features: FeatureTable) -> NDArray[np.float64]:
        """Predict ``[rows, outputs]`` in task units."""
        molecules, sequences = (features[each] for each in self.inputs)
        (bits, of_molecule), (counts, of_sequence) = molecules.used(), sequences.used()
        values = np.zeros((len(of_molecule), len(self.duals)))
        alike = cosine_kernel(counts, self.words)
        # Pairs by molecule, so that each part of the molecules is compared once.
        order = np.argsort(of_molecule, kind="stable")
        starts = np.searchsorted(of_molecule[order], np.arange(0, bits.shape[0], _ROWS))
        for part, (start, stop) in enumerate(zip(starts, [*starts[1:], len(order)], strict=True)):
            first = part * _ROWS
            rows = order[start:stop]
            kernel = tanimoto_kernel(bits[first : first + _ROWS], self.fingerprints)
            for at, dual in enumerate(self.duals):
                both = (kernel @ dual) @ alike.T
                values[rows, at] = both[of_molecule[rows] - first, of_sequence[rows]]
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
        tensors = {name: getattr(self, name) for name in ("fingerprints", "words", "duals", "means")}
        return {"expert.json": write_json(described), "weights.safetensors": write_tensors(tensors)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], name: str, tasks: list[Task], where: str) -> Self:
        """Rebuild the expert; shapes and types are checked against its inputs."""
        described = read_json(members, "expert.json", where)
        tensors = read_tensors(members, "weights.safetensors", where)
        try:
            molecules, sequences = (from_spec(spec) for spec in described["inputs"])
            widths = bits_of(molecules), bits_of(sequences)
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise BundleError("the inputs of a kernel expert do not hold", where=where, got=str(error)[:200]) from None
        if not isinstance(molecules, Morgan) or not isinstance(sequences, Kmer) or widths[0] % 8:
            raise BundleError("a kernel expert compares Morgan fingerprints and words", where=where)
        duals = tensors.get("duals", np.zeros(0))
        if duals.ndim != 3 or max(duals.shape) > _MOST:
            raise BundleError("the weights of a kernel expert have the wrong shape", where=where, got=str(duals.shape)[:80])
        _, n_molecules, n_sequences = duals.shape
        shapes = {
            "fingerprints": ((n_molecules, widths[0] // 8), "uint8"),
            "words": ((n_sequences, widths[1]), "float32"),
            "duals": ((n_outputs(tasks), n_molecules, n_sequences), "float32"),
            "means": ((n_outputs(tasks),), "float32"),
        }
        check_tensors(tensors, shapes, where)
        return cls(name, tasks, (molecules, sequences), *(tensors[each] for each in shapes))


def tanimoto_kernel(bits: Any, references: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the Tanimoto similarity of each row of a CSR matrix to each of packed references, ``[n, m]``; 0 without a bit."""
    known = np.unpackbits(references, axis=1).astype(np.float32)
    rows = bits.astype(bool).astype(np.float32)
    common = rows @ known.T
    union = np.asarray(rows.sum(axis=1)).reshape(-1, 1) + known.sum(axis=1)[None] - common
    return np.asarray(common / np.maximum(union, 1.0), dtype=np.float32)


def cosine_kernel(counts: Any, words: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each row of a CSR matrix of counts with each row of references of length 1, ``[n, m]``."""
    rows = counts.astype(np.float32)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1, 1))
    return np.asarray((rows @ words.T) / np.maximum(lengths, 1e-12), dtype=np.float32)


def unit_rows(counts: Any) -> NDArray[np.float32]:
    """Return counts as dense rows of length 1."""
    dense = counts.toarray().astype(np.float32)
    return np.asarray(dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12), dtype=np.float32)
