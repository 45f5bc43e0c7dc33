"""Which fingerprint molecules are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import MolList
from molgen.data.library import Block
from molgen.errors import ConfigError
from molgen.featurizers import available, from_spec
from molgen.featurizers.fingerprint import Fingerprint
from molgen.rows import ReadRows

__all__ = ["DEFAULT", "bit_fingerprints", "fingerprints", "make_fingerprint", "stored_fingerprints"]

#: Morgan bits of radius 2 in 2,048 columns, known as ECFP4.
DEFAULT = "Morgan"


def bit_fingerprints() -> list[str]:
    """Return the names of the featurizers that give bits."""
    return [name for name, each in available().items() if issubclass(each, Fingerprint)]


def make_fingerprint(featurizer: str | Mapping[str, Any] | Fingerprint) -> Fingerprint:
    """Return a fingerprint that gives packed bits.

    Parameters
    ----------
    featurizer
        A fingerprint, its spec, or its name.

    Raises
    ------
    ConfigError
        If there is none of the name, a parameter is unknown, or it gives no bits.
    """
    if isinstance(featurizer, Fingerprint):
        spec = featurizer.spec()
    else:
        spec = {"type": featurizer} if isinstance(featurizer, str) else dict(featurizer)
    if spec.get("type") not in bit_fingerprints():
        raise ConfigError(
            "not a fingerprint of bits",
            where="--fingerprint",
            expected=f"one of {', '.join(bit_fingerprints())}",
            got=str(spec.get("type")),
        )
    made: Fingerprint = from_spec(spec | {"output": "packed"})
    made.featurize(MolList([None]))  # a parameter that is out of range is found before any row is read
    return made


def stored_fingerprints(fingerprint: Fingerprint, block: Block) -> tuple[ReadRows, NDArray[np.uint8], NDArray[np.int64]] | None:
    """Return the compounds of a block (without molecules), their fingerprints and rows, if a prepared library holds them all."""
    prepared = block.prepared
    if prepared is None:
        return None
    ok = np.array([status == "ok" for status in prepared.statuses])
    packed = prepared.find(fingerprint)
    if packed is None or not prepared.complete[ok].all():
        return None
    reasons = {row: reason for row, reason in enumerate(prepared.reasons) if reason}
    rows = np.flatnonzero(ok)
    return ReadRows([None] * block.size, list(prepared.statuses), reasons), packed[rows], rows


def fingerprints(fingerprint: Fingerprint, compounds: ReadRows) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Compute fingerprints of what can be read; a molecule that the fingerprint refuses becomes ``invalid``.

    Returns
    -------
    packed, rows
        Packed bits ``[n, bytes]``, and the rows that they belong to.
    """
    features = fingerprint.featurize(MolList(compounds.items))
    for row, reason in features.errors.items():
        if compounds.items[row] is not None:
            compounds.statuses[row] = "too_large" if reason.startswith("too large") else "invalid"
            compounds.reasons[row], compounds.items[row] = reason, None
    rows = np.array([row for row, mol in enumerate(compounds.items) if mol is not None], dtype=np.int64)
    return features.values[rows], rows
