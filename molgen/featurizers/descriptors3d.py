"""Descriptors of conformers as a featurizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.descriptors_3d import FAMILIES_3D, compute_descriptors_3d, descriptor_names_3d
from molgen.errors import ConfigError
from molgen.featurizers.base import Features, register
from molgen.featurizers.embedding import EmbeddingFeaturizer
from molgen.featurizers.parameters import check_parameters, parameters

__all__ = ["Descriptors3D"]


@register
@parameters
class Descriptors3D(EmbeddingFeaturizer):
    """Descriptors of one conformer of each molecule, with RDKit's values: shape, USR, USRCAT, WHIM and more.

    The values are a float64 array with a column for each value of each family. NaN stands in a failed row, and in a family that
    RDKit cannot compute for a molecule (USR of fewer than three atoms): a row with such a gap is not failed.

    Parameters
    ----------
    families
        Which and in which order: ``"shape"`` (11 values: moments of inertia, radius of gyration ...), ``"usr"`` (12), ``"usrcat"``
        (60), ``"whim"`` (114), ``"autocorr3d"`` (80), ``"rdf"`` (210), ``"morse"`` (224), ``"getaway"`` (273).
    seed, force_field, attempts, timeout, errors, n_jobs
        See :class:`~molgen.featurizers.embedding.EmbeddingFeaturizer`.

    References
    ----------
    R. Todeschini, V. Consonni, Molecular Descriptors for Chemoinformatics, Wiley-VCH (2009); P. J. Ballester, W. G. Richards,
    J. Comput. Chem. 28 (2007) 1711-1723 (USR); A. M. Schreyer, T. Blundell, J. Cheminform. 4 (2012) 27 (USRCAT).
    """

    families: Sequence[str] = ("shape", "usr", "usrcat", "whim")

    def _featurize(self, items: list[Any]) -> Features:
        check_parameters(self)
        families = self._chosen()
        embedded, reasons = self._embed(items)
        values = np.full((len(items), len(descriptor_names_3d(families))), np.nan)
        for row, found in enumerate(embedded):
            if found.mol is not None:
                values[row] = compute_descriptors_3d(found.mol, families)
        return Features(values, reasons)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Name the columns: ``PMI1``, ``usr_0`` and so on."""
        return np.array(descriptor_names_3d(self._chosen()), dtype=object)

    def spec(self) -> dict[str, Any]:
        """Return the identity as JSON data."""
        return {**super().spec(), "families": self._chosen()}

    def _chosen(self) -> list[str]:
        chosen = self.families
        if (
            isinstance(chosen, str)
            or not isinstance(chosen, Sequence)
            or not chosen
            or any(not isinstance(one, str) or one not in FAMILIES_3D for one in chosen)
        ):
            expected = f"a list of some of {', '.join(FAMILIES_3D)}"
            raise ConfigError("unusable families", where="Descriptors3D", expected=expected, got=repr(chosen)[:80])
        return list(chosen)

    @classmethod
    def examples(cls) -> list[Descriptors3D]:
        """Return the default, and the other families but the slowest, ``getaway``."""
        return [cls(attempts=5), cls(["morse", "rdf", "autocorr3d"], force_field="uff", attempts=5)]
