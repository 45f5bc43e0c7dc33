"""What a graph costs: SMILES to atom and bond fields, by molgen and by PyG, beside RDKit's parsing alone.

    python benchmarks/graph.py [--molecules 20000] [--rounds 5]

CPU time of one process; each round runs every contender, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import rdkit
import torch
import torch_geometric
from rdkit import Chem
from torch_geometric.utils import from_smiles
from torch_geometric.utils.smiles import from_rdmol

from molgen.chem.graph import decode_graphs
from molgen.chem.graph_fields import read_mol
from molgen.featurizers.molgraph import MolGraph

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("MOLGEN_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "molecules" / "chembl_smiles" / "chembl_validation.csv.gz"

#: Slow contenders get one molecule in so many.
SUBSAMPLE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--molecules", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)

    smiles = read_smiles(options.molecules)
    some = smiles[::SUBSAMPLE]
    mols, some_mols = [[Chem.MolFromSmiles(text) for text in texts] for texts in (smiles, some)]
    times = measure(
        {
            "RDKit MolFromSmiles alone": (lambda: each(Chem.MolFromSmiles, smiles), len(smiles)),
            "molgen, SMILES to GraphBatch": (lambda: MolGraph(errors="mask").transform(smiles), len(smiles)),
            "PyG from_smiles": (lambda: each(from_smiles, some), len(some)),
            "molgen decode_graphs, from Mol": (lambda: decode_graphs(mols), len(mols)),
            "RDKit getters, from Mol": (lambda: each(read_mol, some_mols), len(some)),
            "PyG from_rdmol, from Mol": (lambda: each(from_rdmol, some_mols), len(some)),
        },
        options.rounds,
    )
    print_table(times)
    print(f"\nequal in all fields and edges to PyG: {count_equal(mols):,} of {len(mols):,} molecules")
    print_setting()


def read_smiles(n: int) -> list[str]:
    with gzip.open(FILE, "rt") as handle:
        return [row["smiles"] for row in islice(csv.DictReader(handle), n)]


def each(function: Callable[[Any], object], items: list[Any]) -> None:
    for item in items:
        function(item)


def measure(contenders: dict[str, tuple[Callable[[], object], int]], rounds: int) -> dict[str, float]:
    """Return the median CPU time in microseconds a molecule."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (run, n) in contenders.items():
            start = time.process_time()
            run()
            times[name].append((time.process_time() - start) / n * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def count_equal(mols: list[Chem.Mol]) -> int:
    data = decode_graphs(mols)[0].to_pyg().to_data_list()
    return sum(
        all(getattr(graph, name).equal(getattr(peer, name)) for name in ("x", "edge_index", "edge_attr"))
        for graph, peer in zip(data, map(from_rdmol, mols), strict=True)
    )


def print_table(times: dict[str, float]) -> None:
    parsing = next(iter(times.values()))
    print(f"{'':32}{'us a molecule':>15}{'x parsing':>12}")
    for name, microseconds in times.items():
        print(f"{name:32}{microseconds:15.1f}{microseconds / parsing:12.2f}")


def print_setting() -> None:
    versions = {"rdkit": rdkit, "numpy": np, "torch": torch, "torch_geometric": torch_geometric}
    print(", ".join(f"{name} {module.__version__}" for name, module in versions.items()))
    print(f"{date.today()}, {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}")


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
