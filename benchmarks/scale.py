"""What a library of a billion rows would cost: simulated from rates that were measured on fewer.

Each rate is microseconds of CPU time a row, as ``benchmarks/screening.py speed`` prints them. A core is taken to do nothing else,
and a shard to cost a start beside its rows, and the reading of the rows of others; what a file system or a queue adds is not in it.

    python benchmarks/scale.py "SMILES, --experts graph, all columns=677" --rows 1e9 --cores 1000 --shards 10000
    python benchmarks/scale.py "the same, one file of text=677" --rows 1e9 --cores 100 --shards 100 --passing 3.7
"""

from __future__ import annotations

import argparse
import math
from typing import NamedTuple

__all__ = ["Estimate", "estimate"]


class Estimate(NamedTuple):
    """What a screen would cost.

    Attributes
    ----------
    core_hours
        CPU time, starts included.
    hours
        From the first shard's start to the last one's end.
    """

    core_hours: float
    hours: float


def estimate(rows: float, microseconds: float, *, cores: int, shards: int, start: float, passing: float = 0.0) -> Estimate:
    """Return what so many rows would cost.

    Parameters
    ----------
    rows
        Of the library.
    microseconds
        CPU time of a row.
    cores
        That work at a time, on a shard each.
    shards
        Of the library, of equal size; the last round of them may leave cores idle.
    start
        Seconds until a shard's first row.
    passing
        CPU time, in microseconds, of a row of another shard: text has to be read past, a prepared library has not.
    """
    seconds = start + rows / shards * microseconds / 1e6 + rows * (1 - 1 / shards) * passing / 1e6
    return Estimate(shards * seconds / 3600, math.ceil(shards / cores) * seconds / 3600)


def _rate(text: str) -> tuple[str, float]:
    name, equals, value = text.rpartition("=")
    if not equals or not 0 < float(value) < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=MICROSECONDS")
    return name, float(value)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rates", nargs="+", type=_rate, metavar="NAME=MICROSECONDS")
    parser.add_argument("--rows", type=float, default=1e9)
    parser.add_argument("--cores", type=int, default=1000)
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--start", type=float, default=10.0, help="Seconds until a shard's first row.")
    parser.add_argument("--passing", type=float, default=0.0, help="Microseconds of CPU time of a row of another shard.")
    asked = parser.parse_args()
    print(f"Simulated, not run: {asked.rows:,.0f} rows in {asked.shards:,} shards on {asked.cores:,} cores.\n")
    print("| | us of CPU a row, measured | core-hours, simulated | hours, simulated |\n|---|---|---|---|")
    for name, microseconds in asked.rates:
        cost = estimate(asked.rows, microseconds, cores=asked.cores, shards=asked.shards, start=asked.start, passing=asked.passing)
        print(f"| {name} | {microseconds:,.0f} | {cost.core_hours:,.0f} | {cost.hours:.1f} |")


if __name__ == "__main__":
    main()
