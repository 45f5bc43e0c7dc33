"""Several properties as one number to rank by, and as layers of rows that no other row beats in everything."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from molgen.chem.properties import PROPERTIES
from molgen.data.numbers import read_columns
from molgen.data.tasks import Task
from molgen.errors import ConfigError
from molgen.filters import Filter, available, from_text
from molgen.filters.property import Property
from molgen.screening.output import round_significant

__all__ = ["DESIRABILITY", "Objective", "Wish", "pareto_ranks", "read_objective"]

Direction = Literal["high", "low", "range"]

#: What ranks the rows where there is an objective, and the name of its column.
DESIRABILITY = Task("desirability", "binary", direction="high")
#: The layer of a hit among the hits.
_PARETO = "pareto_rank"


class Wish(BaseModel):
    """What is wanted of one property, as Derringer and Suich's desirability: 0 is useless, 1 cannot be better.

    Attributes
    ----------
    direction
        ``"high"``: 0 at ``low`` and below, 1 at ``high`` and above, linear between. ``"low"``: the reverse. ``"range"``: 1 from
        ``low`` to ``high``, falling to 0 at ``margin`` outside of that.
    low, high
        In the property's unit; ``low < high``.
    margin
        Of ``"range"``; by default half its width.
    weight
        How much it counts beside the others.

    References
    ----------
    G. Derringer, R. Suich, Simultaneous Optimization of Several Response Variables, J. Qual. Technol. 12 (1980) 214-219.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    direction: Direction
    low: float
    high: float
    margin: float | None = Field(default=None, gt=0)
    weight: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Wish:
        if not self.low < self.high:
            raise ValueError("low must be less than high")
        if self.margin is not None and self.direction != "range":
            raise ValueError("margin belongs to a range")
        return self

    def desirability(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return 0 to 1 for each value; NaN for NaN."""
        x = np.asarray(values, dtype=np.float64)
        if self.direction == "range":
            margin = (self.high - self.low) / 2 if self.margin is None else self.margin
            return np.asarray(np.clip(1 - np.maximum(self.low - x, x - self.high) / margin, 0.0, 1.0))
        rise = np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)
        return np.asarray(rise if self.direction == "high" else 1.0 - rise)


@dataclass(frozen=True, slots=True)
class Objective:
    """Wishes for several properties.

    Attributes
    ----------
    wishes
        By the name of the property: a task, a column that a filter fills, a descriptor, or a column of the library.
    """

    wishes: dict[str, Wish]

    def desirability(self, values: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return the weighted geometric mean of the desirabilities, ``[rows]``.

        It is 0 where one property is useless, and NaN where one is not known.
        """
        weights = np.array([wish.weight for wish in self.wishes.values()])
        parts = np.stack([wish.desirability(values[name]) for name, wish in self.wishes.items()])
        with np.errstate(divide="ignore"):  # the logarithm of 0 is what makes the mean 0
            mean = np.exp(weights @ np.log(parts) / weights.sum())
        return np.asarray(np.where(np.isnan(parts).any(axis=0), np.nan, mean))

    def pareto_ranks(self, values: Mapping[str, ArrayLike]) -> NDArray[np.int64]:
        """Return the layer of each row, from 1; rows with a property that is not known come after all others."""
        return pareto_ranks(np.stack([wish.desirability(values[name]) for name, wish in self.wishes.items()], axis=1))

    def missing(self, columns: Iterable[str]) -> list[str]:
        """Return the properties that no column of these holds."""
        there = set(columns)
        return [name for name in self.wishes if name not in there]

    def annotations(self, columns: Iterable[str]) -> list[Filter]:
        """Return what fills a column for each property that is none of these columns.

        Raises
        ------
        ConfigError
            If one is nothing that can be computed of a molecule either.
        """
        known = available()
        filters = {cls.name.replace("-", "_"): name for name, cls in known.items() if cls.column_type == "number"}
        found: list[Filter] = []
        for name in self.missing(columns):
            if name not in filters and name not in PROPERTIES:
                there = ", ".join([*columns, *filters])
                expected = f"a column ({there}) or a descriptor"
                raise ConfigError(f"no property {name!r}", where="--objective", expected=expected)
            found.append(from_text(filters[name]) if name in filters else Property(name))
        return found

    def fill(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of scored rows with a last column, ``desirability``."""
        column = pa.array(round_significant(self.desirability(self._values(batch))))
        return batch.append_column(DESIRABILITY.name, pa.compute.if_else(pa.compute.is_nan(column), None, column))

    def fill_hits(self, hits: pa.Table) -> pa.Table:
        """Return hits with a last column, ``pareto_rank``: 1 for those that no other hit beats in everything."""
        return hits.append_column(_PARETO, pa.array(self.pareto_ranks(self._values(hits))))

    def _values(self, rows: pa.RecordBatch | pa.Table) -> dict[str, NDArray[np.float64]]:
        values: dict[str, NDArray[np.float64]] = {}
        for name in self.wishes:
            column = rows.column(name)
            if pa.types.is_string(column.type):  # the library's own, as it is written there
                values |= read_columns({name: [cell or "" for cell in column.to_pylist()]})[0]
            else:
                values[name] = column.cast(pa.float64()).to_pandas().to_numpy()
        return values

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: wish.model_dump(mode="json") for name, wish in self.wishes.items()}


def read_objective(path: str | Path) -> Objective:
    """Read an objective from a TOML file: a table a property.

    Raises
    ------
    ConfigError
        If it is no TOML, names no property, or a wish does not hold.

    Examples
    --------
    A file that asks for potency first, and for a compound that is neither large nor greasy::

        [pIC50]
        direction = "high"
        low = 5.0
        high = 8.0
        weight = 2.0

        [MolLogP]
        direction = "range"
        low = 1.0
        high = 3.5
        margin = 2.0
    """
    where = str(path)
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("the objective cannot be read", where=where, got=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("not TOML", where=where, got=str(error)) from None
    if not data:
        raise ConfigError("the objective names no property", where=where, remedy="write a table for each, such as [pIC50]")
    wishes = {}
    for name, table in data.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{name!r} is no table", where=where, expected=f"[{name}] with direction, low and high")
        try:
            wishes[name] = Wish(**table)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join([name, *map(str, first["loc"])])
            known = "" if first["type"] != "extra_forbidden" else f"; known are {', '.join(Wish.model_fields)}"
            said = first["msg"].removeprefix("Value error, ").lower() + known
            expected = f"one of {', '.join(get_args(Direction))}" if first["loc"] == ("direction",) else None
            raise ConfigError(f"{key}: {said}", where=where, expected=expected) from None
    return Objective(wishes)


def pareto_ranks(goodness: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sort rows into layers: of the first no row is beaten, of the second only by rows of the first, and so on.

    A row beats another if it is at least as good in everything and better in something.

    Parameters
    ----------
    goodness
        ``[rows, properties]``, more is better; a row with NaN comes into the last layer, behind all others.

    Returns
    -------
    int64 ``[rows]``, from 1.
    """
    ranks = np.zeros(len(goodness), dtype=np.int64)
    left = np.flatnonzero(~np.isnan(goodness).any(axis=1))
    rank = 0
    while len(left):
        rank += 1
        front = left[_unbeaten(goodness[left])]
        ranks[front] = rank
        left = np.setdiff1d(left, front, assume_unique=True)
    ranks[ranks == 0] = rank + 1
    return ranks


def _unbeaten(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows that no other beats: best sums first, so that few candidates are ever kept."""
    order = np.argsort(-values.sum(axis=1), kind="stable")
    kept: list[int] = []
    for row in order.tolist():
        if kept:
            rivals = values[kept]
            if ((rivals >= values[row]).all(axis=1) & (rivals > values[row]).any(axis=1)).any():
                continue
        kept.append(row)
    return np.array(kept, dtype=np.int64)
