"""Morgan fingerprints as a featurizer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.fingerprints import morgan_csr, morgan_packed
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.molecule import MoleculeFeaturizer

__all__ = ["Morgan"]

_OUTPUTS = ("csr", "dense", "packed")


@register
class Morgan(MoleculeFeaturizer):
    """Folded Morgan fingerprints, equal to those of RDKit's generator.

    Parameters
    ----------
    radius
        Bonds from the central atom that an environment reaches; 2 is known as ECFP4.
    size
        Columns that environments are folded into.
    counts
        How often each environment occurs, instead of 1 for "at all".
    chirality
        Let environments differ by the tetrahedral configuration of their atoms.
    output
        ``"csr"``: int32 CSR matrix ``(n, size)``, a failed row is empty. ``"dense"``: float32 array ``(n, size)``, a
        failed row is NaN. ``"packed"``: uint8 array ``(n, size / 8)`` in the bit order of :func:`numpy.packbits`, a
        failed row is zero; for bits only.
    errors, n_jobs
        See :class:`~molgen.featurizers.base.Featurizer`.

    References
    ----------
    D. Rogers, M. Hahn, Extended-Connectivity Fingerprints, J. Chem. Inf. Model. 50 (2010) 742-754.
    """

    def __init__(
        self,
        radius: int = 2,
        size: int = 2048,
        *,
        counts: bool = False,
        chirality: bool = False,
        output: str = "csr",
        errors: str = "raise",
        n_jobs: int = 1,
    ) -> None:
        self.radius = radius
        self.size = size
        self.counts = counts
        self.chirality = chirality
        self.output = output
        self.errors = errors
        self.n_jobs = n_jobs

    def _featurize(self, items: list[Any]) -> Features:
        self._check()
        kind: dict[str, Any] = {"radius": self.radius, "size": self.size, "chirality": self.chirality}
        if self.output == "packed":
            return Features(morgan_packed(items, **kind))
        values = morgan_csr(items, counts=self.counts, **kind)
        if self.output == "csr":
            return Features(values)
        dense = values.astype(np.float32).toarray()
        dense[[row for row, mol in enumerate(items) if mol is None]] = np.nan
        return Features(dense)

    @staticmethod
    def _stack(parts: list[Any]) -> Any:
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        from scipy.sparse import vstack

        return vstack(parts, format="csr")

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: ``morgan_0`` and so on; those of packed bits are bytes, ``morgan_0-7`` and so on."""
        self._check()
        if self.output == "packed":
            return np.array([f"morgan_{bit}-{bit + 7}" for bit in range(0, self.size, 8)], dtype=object)
        return np.array([f"morgan_{column}" for column in range(self.size)], dtype=object)

    def _check(self) -> None:
        for name, low in (("radius", 0), ("size", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
                raise ConfigError(f"unusable {name}", where="Morgan", expected=f"an integer >= {low}", got=repr(value))
        for name in ("counts", "chirality"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise ConfigError(f"unusable {name}", where="Morgan", expected="True or False", got=repr(getattr(self, name)))
        if self.output not in _OUTPUTS:
            raise ConfigError("unknown output", where="Morgan", expected=f"one of {', '.join(_OUTPUTS)}", got=repr(self.output))
        if self.output == "packed" and self.counts:
            raise ConfigError("counts do not fit into packed bits", where="Morgan", remedy="use output='csr'")
