"""What is saved by working out once what is alike in a batch of molecules: messages of a D-MPNN, forward and with gradients.

    python benchmarks/merging.py

For 1,000 ChEMBL molecules: how many of the directed messages of each round are distinct, and microseconds of CPU a molecule of the
default network with and without merging, in batches as prediction (512) and training (64) make them; median of rounds that
alternate.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import time

import numpy as np
import torch
from screening import LIBRARY

from molgen.chem.environments import merge_environments
from molgen.chem.graph import GraphBatch
from molgen.data.batch import make_batch
from molgen.featurizers import MolGraph
from molgen.models.property import PropertyNetwork


def cost(network: PropertyNetwork, graphs: GraphBatch, size: int, *, merged: bool, backward: bool) -> float:
    """Return CPU seconds a molecule, the batches made as prediction and training make them."""
    rounds = network.merged_rounds if merged else None
    start = time.process_time()
    with torch.set_grad_enabled(backward):
        for first in range(0, len(graphs), size):
            batch = make_batch(graphs.select(np.arange(first, min(first + size, len(graphs)))), merged_rounds=rounds)
            outputs = network(batch)
            if backward:
                outputs.square().mean().backward()
    return (time.process_time() - start) / len(graphs)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--molecules", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with gzip.open(LIBRARY, "rt") as file:
        smiles = file.read().split("\n")[1 : arguments.molecules + 1]
    graphs = MolGraph().featurize(smiles).values
    network = PropertyNetwork(1)
    environments = merge_environments(graphs, network.message_passing.steps)
    total = 2 * len(graphs.bonds)
    for number, heard in enumerate(environments.rounds, start=1):
        print(f"messages after round {number}: {len(heard.receivers):,} of {total:,} distinct, {len(heard.receivers) / total:.0%}")
    for name, size, backward in (("prediction", 512, False), ("training step", 64, True)):
        costs: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(arguments.rounds):
            for merged, of in costs.items():
                of.append(1e6 * cost(network, graphs, size, merged=merged, backward=backward))
        with_, without = (statistics.median(costs[merged]) for merged in (True, False))
        print(f"{name}, batches of {size}: {with_:.0f} us a molecule merged, {without:.0f} not, {with_ / without:.2f} x")


if __name__ == "__main__":
    main()
