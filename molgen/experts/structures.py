"""The training compounds themselves, where whoever trains a model lets the bundle keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import read_tensors, read_text, write_tensors
from molgen.chem.similarity import nearest_tanimoto
from molgen.errors import BundleError
from molgen.experts.domain import pack_bits
from molgen.featurizers import Featurizer
from molgen.members import one_line

__all__ = ["MAX_STRUCTURES", "Structures", "nearest_compounds"]

#: Training compounds that a bundle keeps at most.
MAX_STRUCTURES = 200_000

# Bounds the memory of a comparison: 2 kB a reference.
_REFERENCES = 5000


class Structures:
    """SMILES or sequences, names and labels of the training rows.

    Parameters
    ----------
    texts, ids
        One a row; one printable line each.
    labels
        float64 ``[n, tasks]`` in task units, NaN where there is none.
    """

    def __init__(self, texts: list[str], ids: list[str], labels: NDArray[np.float64]) -> None:
        self.texts = texts
        self.ids = ids
        self.labels = labels

    def __len__(self) -> int:
        return len(self.texts)

    @classmethod
    def of(cls, keys: Sequence[str | None], ids: Sequence[str], labels: NDArray[np.float64]) -> Self:
        """Keep canonical SMILES, or sequences."""
        return cls([text or "" for text in keys], [one_line(each) for each in ids], np.asarray(labels, np.float64))

    def to_members(self) -> dict[str, bytes]:
        """Return ``structures.txt`` (SMILES or sequence, tab, name) and ``structures.safetensors``."""
        lines = "".join(f"{text}\t{name}\n" for text, name in zip(self.texts, self.ids, strict=True))
        return {
            "structures.txt": lines.encode("utf-8", errors="replace"),
            "structures.safetensors": write_tensors({"labels": self.labels}),
        }

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], n_tasks: int, where: str) -> Self:
        """Rebuild from :meth:`to_members`; SMILES are parsed only where they are looked at.

        Raises
        ------
        BundleError
            If a member is missing, too long or of the wrong shape.
        """
        text = read_text(members, "structures.txt", where)
        count = text.count("\n")
        if count > MAX_STRUCTURES:
            raise BundleError("too many training compounds", where=where, expected=f"at most {MAX_STRUCTURES:,}", got=f"{count:,}")
        lines = [line.split("\t") for line in text.split("\n")[:-1]]
        if not text.endswith("\n") or not all(len(fields) == 2 and fields[0] for fields in lines):
            raise BundleError("the training compounds do not hold", where=where, expected="a SMILES, a tab and a name on each line")
        tensors = read_tensors(members, "structures.safetensors", where)
        labels = tensors.get("labels")
        if (
            set(tensors) != {"labels"}
            or labels is None
            or labels.dtype != np.float64
            or labels.shape != (count, n_tasks)
            or np.isinf(labels).any()
        ):
            raise BundleError("the labels do not fit the training compounds", where=where, expected=f"float64 {(count, n_tasks)}")
        return cls([smiles for smiles, _ in lines], [one_line(name) for _, name in lines], labels)


def nearest_compounds(
    featurizer: Featurizer, items: Sequence[Any], references: Sequence[Any]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Find each item's most similar reference by Tanimoto similarity of fingerprints, or of the words that sequences have.

    Parameters
    ----------
    featurizer
        What is compared, as bits.
    items
        What to look for; ``None`` has no nearest.
    references
        At least one; a ``None`` is near to nothing.

    Returns
    -------
    similarity, index
        ``[n]`` each; similarity is NaN for what has no fingerprint.
    """
    queries = featurizer.featurize(list(items)).values.astype(bool)
    similarity = np.full(len(items), np.nan, np.float32)
    index = np.zeros(len(items), np.int64)
    for start in range(0, len(references), _REFERENCES):
        known = [mol for mol in references[start : start + _REFERENCES] if mol is not None]
        rows = np.array([start + at for at, mol in enumerate(references[start : start + _REFERENCES]) if mol is not None])
        if not known:
            continue
        found, at = nearest_tanimoto(queries, pack_bits(featurizer, known))
        closer = ~(similarity >= found) & ~np.isnan(found)
        similarity[closer], index[closer] = found[closer], rows[at[closer]]
    return similarity, index
