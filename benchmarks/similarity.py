"""Similarity search: exact top 100 of real fingerprints for 16 queries, beside plain NumPy, with RDKit as the judge.

Fingerprints are Morgan bits (radius 2, 2,048) of MOSES, packed, in memory; nothing is prepared before the clock starts. Plain NumPy
counts common bits word by word and keeps the best by a partial sort. Times are CPU times of one thread, the best of some rounds.

    python benchmarks/similarity.py --rows 1000000
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from moleculenet import DATA
from numpy.typing import NDArray
from rdkit import Chem, DataStructs, rdBase

from molgen.chem.fingerprints import morgan_packed
from molgen.chem.neighbours import NearestRows

LIBRARY = DATA / "molecules" / "moses" / "train.csv.gz"
BLOCK = 4096
Found = list[tuple[NDArray[np.float64], NDArray[np.int64]]]


def read(rows: int, keep: Path | None) -> NDArray[np.uint8]:
    """Compute the fingerprints, or take those of an earlier run."""
    if keep is not None and keep.exists() and len(found := np.load(keep)) == rows:
        return np.asarray(found)
    with gzip.open(LIBRARY, "rt") as file:
        next(file)
        smiles = [line.split(",")[0].strip() for line, _ in zip(file, range(rows), strict=False)]
    blocks = (smiles[start : start + BLOCK] for start in range(0, len(smiles), BLOCK))
    prints = np.concatenate([morgan_packed([Chem.MolFromSmiles(each) for each in block]) for block in blocks])
    if keep is not None:
        np.save(keep, prints)
    return prints


def ours(prints: NDArray[np.uint8], queries: NDArray[np.uint8], top: int) -> Found:
    nearest = NearestRows(queries, top=top)
    for start in range(0, len(prints), BLOCK):
        block = prints[start : start + BLOCK]
        nearest.add(block, np.arange(start, start + len(block)))
    return [nearest.found(at) for at in range(len(queries))]


def plain(prints: NDArray[np.uint8], queries: NDArray[np.uint8], top: int) -> Found:
    words = prints.view(np.uint64)
    sizes = np.concatenate(
        [np.bitwise_count(words[at : at + BLOCK]).sum(axis=1, dtype=np.int32) for at in range(0, len(words), BLOCK)]
    )
    found = []
    for query in queries.view(np.uint64):
        scores = np.empty(len(words))
        for start in range(0, len(words), BLOCK):
            common = np.bitwise_count(words[start : start + BLOCK] & query).sum(axis=1, dtype=np.int32)
            scores[start : start + BLOCK] = common / (sizes[start : start + BLOCK] + np.bitwise_count(query).sum() - common)
        best = np.flatnonzero(scores >= np.partition(scores, -top)[-top])
        order = best[np.argsort(-scores[best], kind="stable")][:top]
        found.append((scores[order], order))
    return found


def rdkit(prints: NDArray[np.uint8], queries: NDArray[np.uint8], top: int) -> Found:
    vectors, asked = _vectors(prints), _vectors(queries)
    found = []
    for query in asked:
        scores = np.array(DataStructs.BulkTanimotoSimilarity(query, vectors))
        order = np.argsort(-scores, kind="stable")[:top]
        found.append((scores[order], order))
    return found


def _vectors(prints: NDArray[np.uint8]) -> list[DataStructs.ExplicitBitVect]:
    little = np.packbits(np.unpackbits(prints, axis=1), axis=1, bitorder="little")
    return [DataStructs.CreateFromBinaryText(row.tobytes()) for row in little]


def same(one: Found, other: Found) -> bool:
    return all((a[1] == b[1]).all() and np.allclose(a[0], b[0], rtol=1e-12) for a, b in zip(one, other, strict=True))


def timed(work: Callable[[], Found]) -> tuple[float, Found]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=16)
    parser.add_argument("--top", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checked", type=int, default=100_000, help="rows that RDKit searches, too")
    parser.add_argument("--keep", type=Path, help=".npy file to keep the fingerprints in between runs")
    options = parser.parse_args()
    prints = read(options.rows, options.keep)
    queries = prints[:: max(1, len(prints) // options.queries)][: options.queries].copy()
    part = prints[: options.checked]
    agreed = same(ours(part, queries, options.top), rdkit(part, queries, options.top))
    print(f"the best {options.top} of {len(part):,} rows for {len(queries)} queries are RDKit's: {agreed}")
    times: dict[str, list[float]] = {"plain NumPy": [], "molgen": []}
    for _ in range(options.rounds):
        spent, by_numpy = timed(lambda: plain(prints, queries, options.top))
        times["plain NumPy"].append(spent)
        spent, by_us = timed(lambda: ours(prints, queries, options.top))
        times["molgen"].append(spent)
    pairs = len(prints) * len(queries) / 1e6
    print(f"the best {options.top} of {len(prints):,} rows are the same both ways: {same(by_us, by_numpy)}")
    print("| | CPU s | million pairs/s |\n|---|---|---|")
    for name, each in times.items():
        print(f"| {name} | {min(each):.3f} | {pairs / min(each):.1f} |")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, RDKit {rdBase.rdkitVersion}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
