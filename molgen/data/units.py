"""Labels in other units: concentrations into one another, or onto a logarithmic scale."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rdkit.Chem import Descriptors

from molgen.chem.parse import Mol
from molgen.data.labels import Labels
from molgen.data.numbers import MISSING
from molgen.errors import ConfigError, InputError

__all__ = ["Conversion", "find_unit", "shared_unit"]

#: Moles a litre.
_MOLAR = {"M": 1.0, "mM": 1e-3, "uM": 1e-6, "nM": 1e-9, "pM": 1e-12, "fM": 1e-15}
#: Grams a litre.
_MASS = {"g/L": 1.0, "mg/L": 1e-3, "ug/L": 1e-6, "ng/L": 1e-9}
_OTHER_NAMES = {
    **{f"{prefix}mol/L": f"{prefix}M" for prefix in ("", "m", "u", "n", "p", "f")},
    **{"mg/mL": "g/L", "ug/mL": "mg/L", "ng/mL": "ug/L", "pg/mL": "ng/L", "nM/L": "nM"},
}


def find_unit(text: str) -> str | None:
    """Return the common name of a unit of concentration, or ``None`` if it is no such unit.

    ``nM`` is also ``nmol/L``, ``mg/L`` also ``ug/mL`` or ChEMBL's ``ug.mL-1``; the micro sign is ``u``. Case counts: ``M`` is not
    ``m``; but a small ``l`` is a litre too.
    """
    plain = text.strip().replace("\u00b5", "u").replace("\u03bc", "u").replace(" ", "")
    plain = plain.replace(".mL-1", "/mL").replace(".L-1", "/L").replace("/ml", "/mL").replace("/l", "/L")
    plain = _OTHER_NAMES.get(plain, plain)
    return plain if plain in _MOLAR or plain in _MASS else None


def shared_unit(units: Sequence[str], target: str, where: str) -> str:
    """Return the one unit of a column of units.

    Raises
    ------
    InputError
        If there are several: numbers in different units cannot be learnt side by side.
    """
    found = Counter(find_unit(unit) or unit.strip() for unit in units if unit.strip().casefold() not in MISSING)
    if len(found) > 1:
        counts = ", ".join(f"{unit} ({n:,})" for unit, n in found.most_common(4))
        remedy = f"bring them into one with --convert {target}={found.most_common(1)[0][0]}, or {target}=p"
        raise InputError(f"{target!r} is in several units", where=where, got=counts, remedy=remedy)
    return next(iter(found), "")


@dataclass(frozen=True, slots=True)
class Conversion:
    """From the numbers of a column to those that are learnt.

    Attributes
    ----------
    source
        Unit of the column; empty if a column of units says it row by row, or if it does not matter.
    result
        A unit of concentration; ``p``, minus the decimal logarithm of moles a litre; or ``log10`` of the numbers as they are.
    """

    source: str
    result: str

    @classmethod
    def parse(cls, text: str, *, where: str = "--convert") -> Conversion:
        """Read ``FROM:TO``, or ``TO`` alone where rows have units of their own.

        Raises
        ------
        ConfigError
            If a unit is not known, or nothing leads from one to the other.
        """
        given, colon, wanted = text.rpartition(":")
        source = find_unit(given) if given.strip() else ""
        result = wanted.strip() if wanted.strip() in ("p", "log10") else find_unit(wanted)
        expected = f"FROM:TO with units such as {', '.join((*_MOLAR, *_MASS))}; TO can also be p or log10"
        if source is None and result == "log10":
            source = given.strip()  # of whatever it is, the logarithm is the same
        if source is None or result is None or (colon and not source and result != "log10"):
            raise ConfigError(f"no such conversion {text!r}", where=where, expected=expected)
        return cls(source, result)

    @property
    def text(self) -> str:
        """The conversion as :meth:`parse` reads it."""
        return f"{self.source}:{self.result}" if self.source else self.result

    @property
    def needs_units(self) -> bool:
        """Whether it takes a column of units."""
        return not self.source and self.result != "log10"

    @property
    def flips(self) -> bool:
        """Whether high becomes low."""
        return self.result == "p"

    @property
    def unit(self) -> str:
        """Unit of the result."""
        return {"p": "-log10 mol/L", "log10": f"log10 {self.source}".strip()}.get(self.result, self.result)

    def name(self, column: str) -> str:
        """Name what is learnt: ``pIC50`` for ``IC50``, ``log10_CL`` for ``CL``, and the column's own in another unit."""
        return {"p": f"p{column}", "log10": f"log10_{column}"}.get(self.result, column)

    def apply(self, labels: Labels, units: Sequence[str] | None, mols: Sequence[Mol | None]) -> Labels:
        """Convert a column.

        Parameters
        ----------
        labels
            The column's numbers; those that cannot be converted become problems.
        units
            Unit of each row, where they differ; where it is empty, it is the column's.
        mols
            The molecules, whose weights lie between grams and moles.
        """
        values, problems = labels.values.copy(), dict(labels.problems)
        for row in np.flatnonzero(~np.isnan(values)).tolist():
            unit = (units[row].strip() if units is not None else "") or self.source
            try:
                values[row] = self._convert(float(values[row]), unit, mols[row])
            except ValueError as error:
                values[row] = np.nan
                problems[row] = str(error)
        bounds = np.where(np.isnan(values), 0, -labels.bounds if self.flips else labels.bounds).astype(np.int8)
        return replace(labels, values=values, bounds=bounds, problems=problems)

    def _convert(self, value: float, unit: str, mol: Mol | None) -> float:
        if self.result in ("p", "log10") and value <= 0:
            raise ValueError(f"{value:g} has no logarithm: a positive number was expected")
        if self.result == "log10":
            return math.log10(value)
        known = find_unit(unit)
        if known is None:
            raise ValueError(f"the unit {unit[:20]!r} is no concentration" if unit else "it has no unit")
        grams = known in _MASS
        factor = _MASS[known] if grams else _MOLAR[known]
        to_grams = self.result in _MASS
        if grams != to_grams:
            if mol is None:
                raise ValueError("without a molecule there is no molecular weight")
            weight = float(Descriptors.MolWt(mol))  # type: ignore[attr-defined]
            if not weight:
                raise ValueError("a molecule of unknown atoms alone has no molecular weight")
            factor *= weight if to_grams else 1 / weight
        if self.result == "p":
            return -math.log10(value * factor)
        return value * (factor / (_MASS if to_grams else _MOLAR)[self.result])
