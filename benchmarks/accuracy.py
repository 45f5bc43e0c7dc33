"""Accuracy of ``molgen train`` with its defaults under protocol P1, beside its baselines and chemprop's defaults.

Each set is split once by scaffold; each seed trains the default blend, of which the graph expert alone is one row. The test part is
read once, at the end, by both tools. With ``--chemprop PATH`` the same tables go through ``chemprop train`` with its defaults.

    python benchmarks/accuracy.py esol lipo bbbp bace clintox --seeds 3 --chemprop .../bin/chemprop --out accuracy/
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from chemprop_peer import chemprop_predictions
from moleculenet import SETS, write_p1_table

import molgen
from molgen.data.tasks import Task
from molgen.training.metrics import task_metrics


def cpu_seconds() -> float:
    """CPU time of this process and its children so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def run_molgen(name: str, table: Path, seed: int, out: Path) -> dict[str, float]:
    """Train the default blend and return the test figure of every predictor, averaged over the tasks."""
    chosen = SETS[name]
    start = cpu_seconds()
    model = out / f"{name}-{seed}.molgen"
    # P1 trains and tests on every row, the few compounds in two parts included.
    columns = {"smiles": "smiles", "split": "column", "split_column": "split", "replicates": "keep"}
    result = molgen.train(table, model, target=chosen.targets, seed=seed, overwrite=True, **columns)
    figures = {
        predictor: float(np.mean([measures[chosen.metric] for measures in tasks.values()]))
        for predictor, tasks in result.metrics["test"].items()
    }
    return figures | {"cpu_seconds": cpu_seconds() - start}


def run_chemprop(chemprop: str, name: str, table: Path, seed: int, out: Path) -> dict[str, float]:
    """Train chemprop with its defaults on the same parts and return its test figure."""
    chosen = SETS[name]
    start = cpu_seconds()
    folder = out / f"chemprop-{name}-{seed}"
    predicted = chemprop_predictions(chemprop, table, chosen.targets, chosen.kind, folder, seed)
    labels = pd.read_csv(table).query("split == 'test'")
    figures = []
    for target in chosen.targets:
        task = Task(target, chosen.kind)
        figures.append(task_metrics(task, predicted[target].to_numpy(float), labels[target].to_numpy(float))[chosen.metric])
    return {"chemprop": float(np.mean(figures)), "cpu_seconds": cpu_seconds() - start}


def once(path: Path, run: object) -> dict[str, float]:
    """Return figures that an earlier run left, else make them: a test set is read once, and a long benchmark can be resumed."""
    if not path.exists():
        path.write_text(json.dumps(run()))  # type: ignore[operator]
    return dict(json.loads(path.read_text()))


def print_table(name: str, runs: dict[str, list[dict[str, float]]]) -> None:
    """Print mean and spread over the seeds for every predictor, and the CPU time of one run."""
    chosen = SETS[name]
    unit = "RMSE" if chosen.metric == "rmse" else "AUROC %"
    print(f"\n{name} ({unit}, P1 test, {len(runs['molgen'])} seeds)")
    for tool, figures in runs.items():
        for predictor in figures[0]:
            values = np.array([each[predictor] for each in figures])
            if predictor == "cpu_seconds":
                print(f"  {tool + ' CPU seconds a run':<28}{values.mean():9.0f}")
            else:
                values = values if chosen.metric == "rmse" else 100 * values
                spread = values.std(ddof=1) if len(values) > 1 else 0.0
                label = predictor if tool == "molgen" else tool
                print(f"  {label:<28}{values.mean():9.3f} +- {spread:.3f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", default=["esol", "lipo", "bbbp", "bace", "clintox"], help=", ".join(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--chemprop", help="chemprop's command in its own environment")
    parser.add_argument("--out", type=Path, default=Path("accuracy"), help="folder for tables, models and figures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name in arguments.sets:
        table = write_p1_table(name, arguments.out)
        runs: dict[str, list[dict[str, float]]] = {"molgen": []}
        for seed in range(arguments.seeds):
            path = arguments.out / f"molgen-{name}-{seed}.json"
            runs["molgen"].append(once(path, lambda n=name, t=table, s=seed: run_molgen(n, t, s, arguments.out)))
            if arguments.chemprop:
                path = arguments.out / f"chemprop-{name}-{seed}.json"
                peer = once(path, lambda n=name, t=table, s=seed: run_chemprop(arguments.chemprop, n, t, s, arguments.out))
                runs.setdefault("chemprop", []).append(peer)
        print_table(name, runs)


if __name__ == "__main__":
    main()
