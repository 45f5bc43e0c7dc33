"""Whether a row is like anything a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import read_json, read_tensors, write_json, write_tensors
from molgen.chem.similarity import diverse_subset, highest_tanimoto
from molgen.errors import BundleError, ConfigError
from molgen.featurizers import Featurizer, Kmer, Morgan, from_spec
from molgen.packed import Repeated

__all__ = ["Domain", "bits_of", "pack_bits"]

#: Reference compounds kept: enough to speak for a training set, few enough to be compared with every row.
MAX_REFERENCES = 1000


#: Rows whose fingerprints are unpacked at a time.
_ROWS = 2000


class Domain:
    """Similarity to a diverse subset of the training rows, of which only folded fingerprints, or the words they have, are kept.

    Parameters
    ----------
    featurizer
        What is compared, as bits: a Morgan fingerprint of molecules, the words of sequences.
    references
        Packed fingerprints uint8 ``[n, size / 8]``, ``n >= 1``.
    threshold
        Similarity below which errors are larger than elsewhere, as unseen rows have shown; ``None`` where it is not known.
    """

    def __init__(self, featurizer: Featurizer, references: NDArray[np.uint8], threshold: float | None = None) -> None:
        self.featurizer = featurizer
        self.references = references
        self.threshold = threshold

    @classmethod
    def fit(cls, featurizer: Featurizer, items: Sequence[Any], *, seed: int = 0) -> Self:
        """Choose at most 1,000 diverse references among the training rows."""
        packed = pack_bits(featurizer, items)
        return cls(featurizer, packed[diverse_subset(packed, MAX_REFERENCES, seed=seed)])

    def similarity(self, fingerprints: Any) -> NDArray[np.float32]:
        """Return the highest Tanimoto similarity to a reference for each row of a CSR matrix; of pairs that of their molecules."""
        if isinstance(fingerprints, Repeated):
            return self.similarity(fingerprints.values)[fingerprints.index]
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
            width = bits_of(featurizer)
        except (ConfigError, KeyError, TypeError) as error:
            raise BundleError("the description of the domain does not hold", where=where, got=str(error)) from None
        threshold = described.get("threshold")
        if threshold is not None and not (isinstance(threshold, float) and 0 <= threshold <= 1):
            raise BundleError("the threshold of the domain does not hold", where=where, expected="0 to 1", got=repr(threshold)[:40])
        references = tensors.get("references")
        if not isinstance(featurizer, Morgan | Kmer) or getattr(featurizer, "output", "csr") != "csr" or width % 8:
            raise BundleError("the domain needs a Morgan fingerprint, or words", where=where, got=repr(featurizer)[:200])
        if (
            set(tensors) != {"references"}
            or references is None
            or references.dtype != np.uint8
            or references.ndim != 2
            or not len(references)
            or references.shape[1] * 8 != width
        ):
            raise BundleError("the reference fingerprints have the wrong shape", where=where)
        return cls(featurizer, references, threshold)


def bits_of(featurizer: Featurizer) -> int:
    """Return the number of columns of a featurizer; raises ConfigError if its arguments do not hold."""
    return int(featurizer.featurize([]).values.shape[1])


def pack_bits(featurizer: Featurizer, items: Sequence[Any]) -> NDArray[np.uint8]:
    """Return which columns of a featurizer are not 0, packed, ``[n, columns / 8]``; nothing for a row that fails."""
    if isinstance(featurizer, Morgan):
        return featurizer.pack(items)
    packed = [np.zeros((0, bits_of(featurizer) // 8), np.uint8)]
    for start in range(0, len(items), _ROWS):
        values = featurizer.featurize(list(items[start : start + _ROWS])).values
        packed.append(np.packbits(values.toarray() > 0, axis=1))
    return np.concatenate(packed)
