"""Where a prediction stands among those for well-known compounds, such as approved drugs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from molgen.archive import check_tensors, read_json, read_tensors, write_json, write_tensors
from molgen.data.tasks import Task, output_names
from molgen.errors import BundleError, ConfigError
from molgen.members import one_line

__all__ = ["Percentiles", "check_percentile_names", "percentile_name"]

#: Quantiles kept: every half percent.
_LEVELS = 201
#: Compounds that a bundle may say there are, so that the number can be printed.
_MOST = 10**12


class Percentiles:
    """Quantiles of what a bundle predicts for the compounds of a library, of which nothing else is kept.

    Parameters
    ----------
    name
        What the compounds are called.
    compounds
        How many there are.
    quantiles
        float64 ``[outputs, levels]``, ascending along each row: evenly spaced from the least prediction to the largest.
    """

    def __init__(self, name: str, compounds: int, quantiles: NDArray[np.float64]) -> None:
        self.name = name
        self.compounds = compounds
        self.quantiles = quantiles

    @classmethod
    def fit(cls, name: str, values: NDArray[np.float64]) -> Self:
        """Take the quantiles of predictions ``[n, outputs]``; rows of NaN do not count."""
        known = values[~np.isnan(values).any(axis=1)]
        return cls(name, len(known), np.quantile(known, np.linspace(0, 1, _LEVELS), axis=0).T)

    def of(self, values: NDArray[np.float64], output: int) -> NDArray[np.float64]:
        """Return the share of the compounds, 0 to 100, with a lower prediction of one output; equal ones count half."""
        below, up_to = (np.searchsorted(self.quantiles[output], values, side=side) for side in ("left", "right"))
        # Between two quantiles a prediction is between their shares.
        smooth = np.interp(values, self.quantiles[output], np.linspace(0, 100, self.quantiles.shape[1]))
        tied = 50 * (below + up_to - 1) / (self.quantiles.shape[1] - 1)
        return np.where(np.isnan(values), np.nan, np.where(up_to - below > 1, tied, smooth))

    def to_members(self) -> dict[str, bytes]:
        """Return ``percentiles.json`` and ``percentiles.safetensors``."""
        return {
            "percentiles.json": write_json({"name": self.name, "compounds": self.compounds}),
            "percentiles.safetensors": write_tensors({"quantiles": self.quantiles}),
        }

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], n_outputs: int, where: str) -> Self:
        """Rebuild from :meth:`to_members`; raises BundleError if a member does not fit."""
        described = read_json(members, "percentiles.json", where)
        tensors = read_tensors(members, "percentiles.safetensors", where)
        name, compounds = (described.get(key) if isinstance(described, dict) else None for key in ("name", "compounds"))
        if not isinstance(name, str) or type(compounds) is not int or not 1 <= compounds <= _MOST:
            raise BundleError("the description of the percentiles does not hold", where=where, got=repr(described)[:80])
        check_tensors(tensors, {"quantiles": ((n_outputs, _LEVELS), "float64")}, where)
        if (np.diff(tensors["quantiles"], axis=1) < 0).any():
            raise BundleError("the quantiles do not ascend", where=where)
        return cls(one_line(name), compounds, tensors["quantiles"])


def check_percentile_names(tasks: Sequence[Task]) -> None:
    """Refuse tasks one of which has the name of another's column of percentiles; raises ConfigError."""
    taken = {name for task in tasks for name in output_names(task)}
    for task in tasks:
        if percentile_name(task.name) in taken:
            raise ConfigError(f"percentiles of {task.name!r} would fill a column that is there", remedy="rename the other column")


def percentile_name(column: str) -> str:
    """Name the column of percentiles of an output column."""
    return f"{column}_percentile"
