"""Every architecture alone on MoleculeNet under protocol P1: error against the CPU time of training and of prediction.

One network (``--experts graph``, the defaults of molgen train but for the architecture) on the same parts; the epoch is chosen on
validation compounds, the test part is read once a run. Figures that an earlier run left in the folder are not made again:

    OMP_NUM_THREADS=1 python benchmarks/architectures.py esol bace bbbp --seeds 2 --out architectures
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from moleculenet import SETS, write_p1_table

import molgen
from molgen.data.dataset import load_dataset
from molgen.data.splits import make_split
from molgen.data.tasks import fit_scaling
from molgen.experts.base import compute_features
from molgen.featurizers import MolGraph
from molgen.featurizers.base import take_rows
from molgen.nn.parts import MESSAGE_PASSING, part_names
from molgen.training.config import TrainConfig
from molgen.training.experts import fit_network_expert
from molgen.training.ingredients import GRAPH_EXTRAS
from molgen.training.metrics import evaluate, mean_primary
from molgen.training.recipe import Network


def prepare(name: str, out: Path) -> dict[str, Any]:
    """Read and featurize one set once for all architectures."""
    chosen = SETS[name]
    dataset = load_dataset(write_p1_table(name, out), targets=chosen.targets, smiles="smiles", extra_columns=["split"])
    split = make_split(dataset, "column", column="split")
    features, _ = compute_features([MolGraph(), *GRAPH_EXTRAS], dataset.items)
    return {
        "dataset": dataset,
        "split": split,
        "features": features,
        "tasks": fit_scaling(dataset.tasks, dataset.targets[split.train]),
    }


def run(data: dict[str, Any], network: str, seed: int, settings: dict[str, Any], metric: str) -> dict[str, float]:
    """Train one network and measure it."""
    dataset, split, features, tasks = data["dataset"], data["split"], data["features"], data["tasks"]
    config = TrainConfig.build({"seed": seed, "device": "cpu", "graph": {"network": network, **settings}})
    start = time.process_time()
    described = Network("graph", GRAPH_EXTRAS, config, {})
    expert, _ = fit_network_expert("graph", tasks, described, features, dataset.labels, split)
    trained = time.process_time() - start
    predicted = expert.predict(features)
    figures = {"train_seconds": trained, "parameters": float(sum(p.numel() for p in expert.networks[0].parameters()))}
    for part, rows in (("valid", split.valid), ("test", split.test)):
        figures[part] = mean_primary(tasks, evaluate(tasks, predicted[rows], dataset.labels.take(rows)))[metric]
    some = np.arange(min(1024, len(dataset)))
    few = {featurizer: take_rows(values, some) for featurizer, values in features.items()}
    times = []
    for _ in range(5):
        start = time.process_time()
        expert.predict(few)
        times.append(time.process_time() - start)
    return figures | {"predict_us": 1e6 * float(np.median(times)) / len(some)}


def print_table(name: str, found: dict[str, list[dict[str, float]]], metric: str) -> None:
    """Print a markdown table of one set: mean over the seeds, and their spread of the test figure."""
    percent = 100 if metric == "auroc" else 1
    digits = 1 if metric == "auroc" else 3
    unit = "AUROC %" if metric == "auroc" else "RMSE"
    print(f"\n| {name} | validation {unit} | test {unit} | seeds | parameters | training, CPU s | prediction, us a row |")
    print("|---|---|---|---|---|---|---|")
    for network, runs in found.items():
        mean = {key: float(np.mean([each[key] for each in runs])) for key in runs[0]}
        spread = f" +- {percent * float(np.std([each['test'] for each in runs], ddof=1)):.{digits}f}" if len(runs) > 1 else ""
        print(
            f"| {network} | {percent * mean['valid']:.{digits}f} | {percent * mean['test']:.{digits}f}{spread} | {len(runs)} "
            f"| {mean['parameters'] / 1000:.0f} k | {mean['train_seconds']:.0f} | {mean['predict_us']:.0f} |"
        )


def main() -> None:
    """Run what was not run yet, seed by seed, and print the tables."""
    names = part_names(MESSAGE_PASSING)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", default=["esol", "bace", "bbbp"], help=", ".join(SETS))
    parser.add_argument("--networks", nargs="*", default=names, choices=names)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, help="instead of the default number")
    parser.add_argument("--out", type=Path, default=Path("architectures"), help="folder for tables and figures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    settings = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    data: dict[str, dict[str, Any]] = {}
    for seed in range(arguments.seeds):
        for name in arguments.sets:
            for network in arguments.networks:
                path = arguments.out / f"{name}-{network}-{seed}.json"
                if not path.exists():
                    data[name] = data.get(name) or prepare(name, arguments.out)
                    path.write_text(json.dumps(run(data[name], network, seed, settings, SETS[name].metric)))
    for name in arguments.sets:
        found = {
            network: [json.loads((arguments.out / f"{name}-{network}-{seed}.json").read_text()) for seed in range(arguments.seeds)]
            for network in arguments.networks
        }
        print_table(name, found, SETS[name].metric)


if __name__ == "__main__":
    main()
