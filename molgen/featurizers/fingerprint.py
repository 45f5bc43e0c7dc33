"""What all fingerprints share: their outputs, and the constructor's arguments that choose among them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from molgen.chem.fingerprints import bits_csr, check_whole_bytes, counts_csr, packed_bits
from molgen.chem.parse import Mol
from molgen.errors import ConfigError
from molgen.featurizers.base import Features
from molgen.featurizers.molecule import MoleculeFeaturizer
from molgen.featurizers.parameters import check_parameters, choice, parameters

__all__ = ["Fingerprint", "FoldedFingerprint"]


@parameters
class Fingerprint(MoleculeFeaturizer):
    """Base of fingerprints: a row of bits or counts a molecule, most of them zero.

    A subclass brings :meth:`_width` and :meth:`_csr`, and :meth:`_packed` where it has bits.

    Parameters
    ----------
    output
        ``"csr"``: int32 CSR matrix ``(n, size)``, a failed row is empty. ``"dense"``: float32 array ``(n, size)``, a
        failed row is NaN. ``"packed"``: uint8 array ``(n, ceil(size / 8))`` in the bit order of :func:`numpy.packbits`, a
        failed row is zero; for bits only.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.
    """

    output: str = choice(default="csr", options=("csr", "dense", "packed"), kw_only=True)
    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    # --- what a subclass brings ---------------------------------------------------------------------------------

    @abstractmethod
    def _width(self) -> int:
        """Return the number of bits or counts."""

    @abstractmethod
    def _csr(self, mols: Sequence[Mol | None]) -> Features:
        """Return an int32 CSR matrix, and the reason for each row that fails; ``None`` is an empty row."""

    def _packed(self, mols: Sequence[Mol | None]) -> Features:
        """Return packed bits, and the reason for each row that fails; ``None`` is a row of zeros."""
        sparse = self._csr(mols)
        return Features(np.packbits(sparse.values.toarray() > 0, axis=1), sparse.errors)

    def _has_bits(self) -> bool:
        """Tell whether the values are bits, and not counts."""
        return not getattr(self, "counts", False)

    def _check(self) -> None:
        check_parameters(self)
        if self.output == "packed" and not self._has_bits():
            raise ConfigError("counts do not fit into packed bits", where=type(self).__name__, remedy="use output='csr'")

    # --- outputs ------------------------------------------------------------------------------------------------

    def _featurize(self, items: list[Any]) -> Features:
        self._check()
        mols, reasons = self._within_limit(items)
        found = self._packed(mols) if self.output != "csr" and self._has_bits() else self._csr(mols)
        reasons |= found.errors
        if self.output != "dense":
            return Features(found.values, reasons)
        if self._has_bits():
            dense = np.unpackbits(found.values, axis=1, count=self._width()).astype(np.float32)
        else:
            dense = found.values.astype(np.float32).toarray()
        dense[[row for row, mol in enumerate(mols) if mol is None or row in reasons]] = np.nan
        return Features(dense, reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: ``morgan_0`` and so on; those of packed bits are bytes, ``morgan_0-7`` and so on."""
        self._check()
        prefix, width = type(self).__name__.lower(), self._width()
        if self.output == "packed":
            return np.array([f"{prefix}_{bit}-{min(bit + 8, width) - 1}" for bit in range(0, width, 8)], dtype=object)
        return np.array([f"{prefix}_{column}" for column in range(width)], dtype=object)


@parameters
class FoldedFingerprint(Fingerprint):
    """Base of fingerprints that hash parts of a molecule and fold the hashes into ``size`` columns.

    A subclass has a field ``size``, and brings :meth:`_generator`, or :meth:`_bits` and :meth:`_counts`.

    Parameters
    ----------
    counts
        How often each part occurs, instead of 1 for "at all".
    output, errors, n_jobs
        See :class:`Fingerprint`.
    """

    #: Whether a bit is set where the count is above 0, and quicker had from there.
    _counts_tell_bits: ClassVar[bool] = False

    counts: bool = field(default=False, kw_only=True)

    def _generator(self) -> Any:
        """Return RDKit's fingerprint generator."""
        raise NotImplementedError

    def _bits(self, mols: list[Mol]) -> Sequence[Any]:
        """Return RDKit's bit vectors of some molecules."""
        found: Sequence[Any] = self._generator().GetFingerprints(mols)
        return found

    def _counts(self, mols: list[Mol]) -> Sequence[Any]:
        """Return RDKit's vectors of counts of some molecules."""
        found: Sequence[Any] = self._generator().GetCountFingerprints(mols)
        return found

    def _width(self) -> int:
        return int(self.size)  # type: ignore[attr-defined] # a field of each subclass

    def _csr(self, mols: Sequence[Mol | None]) -> Features:
        if self.counts or self._counts_tell_bits:
            return Features(counts_csr(mols, self._counts, self._width(), ones=not self.counts))
        return Features(bits_csr(mols, self._bits, self._width()))

    def _packed(self, mols: Sequence[Mol | None]) -> Features:
        return Features(packed_bits(mols, self._bits, self._width()))

    def _check(self) -> None:
        super()._check()
        if self.output == "packed":
            check_whole_bytes(self._width())

    @classmethod
    def examples(cls) -> list[FoldedFingerprint]:
        """Return bits and counts, in each output."""
        made: Any = cls
        dense, counts = {"output": "dense"}, {"counts": True}
        kinds: list[dict[str, Any]] = [counts, dense, dense | counts, {"output": "packed"}]
        return [cls(), *(made(size=128, **kind) for kind in kinds)]
