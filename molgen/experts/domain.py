"""Whether a molecule is like anything a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import read_json, read_tensors, write_json, write_tensors
from molgen.chem.parse import Mol
from molgen.chem.similarity import diverse_subset, highest_tanimoto
from molgen.errors import BundleError, ConfigError
from molgen.featurizers import Morgan, from_spec

__all__ = ["Domain"]

#: Reference compounds kept: enough to speak for a training set, few enough to be compared with every row.
MAX_REFERENCES = 1000


class Domain:
    """Similarity to a diverse subset of the training compounds, of which only folded fingerprints are kept.

    Parameters
    ----------
    featurizer
        The Morgan fingerprint that is compared, as bits.
    references
        Packed fingerprints uint8 ``[n, size / 8]``, ``n >= 1``.
    threshold
        Similarity below which errors are larger than elsewhere, as unseen compounds have shown; ``None`` where it is not known.
    """

    def __init__(self, featurizer: Morgan, references: NDArray[np.uint8], threshold: float | None = None) -> None:
        self.featurizer = featurizer
        self.references = references
        self.threshold = threshold

    @classmethod
    def fit(cls, featurizer: Morgan, mols: Sequence[Mol], *, seed: int = 0) -> Self:
        """Choose at most 1,000 diverse references among the training compounds."""
        packed = featurizer.pack(mols)
        return cls(featurizer, packed[diverse_subset(packed, MAX_REFERENCES, seed=seed)])

    def similarity(self, fingerprints: Any) -> NDArray[np.float32]:
        """Return the highest Tanimoto similarity to a reference for each row of a CSR matrix of bits or counts."""
        bits = fingerprints.astype(bool)
        return highest_tanimoto(bits, self.references)

    def outside(self, similarity: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return which rows of such similarities a warning is due for."""
        return np.asarray(similarity < (-np.inf if self.threshold is None else self.threshold))

    def to_members(self) -> dict[str, bytes]:
        """Return ``domain.json`` and ``domain.safetensors``."""
        described = {"featurizer": self.featurizer.spec()} | ({} if self.threshold is None else {"threshold": self.threshold})
        return {
            "domain.json": write_json(described),
            "domain.safetensors": write_tensors({"references": self.references}),
        }

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], where: str) -> Self:
        """Rebuild the domain; raises BundleError if a member does not fit."""
        described = read_json(members, "domain.json", where)
        tensors = read_tensors(members, "domain.safetensors", where)
        try:
            featurizer = from_spec(described["featurizer"])
            featurizer.featurize([])  # looks at its arguments
        except (ConfigError, KeyError, TypeError) as error:
            raise BundleError("the description of the domain does not hold", where=where, got=str(error)) from None
        threshold = described.get("threshold")
        if threshold is not None and not (isinstance(threshold, float) and 0 <= threshold <= 1):
            raise BundleError("the threshold of the domain does not hold", where=where, expected="0 to 1", got=repr(threshold)[:40])
        references = tensors.get("references")
        if not isinstance(featurizer, Morgan) or featurizer.output != "csr":
            raise BundleError("the domain needs a Morgan fingerprint", where=where, got=repr(featurizer))
        if (
            set(tensors) != {"references"}
            or references is None
            or references.dtype != np.uint8
            or references.ndim != 2
            or not len(references)
            or references.shape[1] * 8 != featurizer.size
        ):
            raise BundleError("the reference fingerprints have the wrong shape", where=where)
        return cls(featurizer, references, threshold)
