"""How the weights of a blend are best fitted on few rows: priors compared on out-of-fold predictions.

Of a table of out-of-fold predictions some rows, drawn at random, stand for the validation set that weights are fitted on; the
blend is measured on all others. One line for each number of such rows and each prior: RMSE, or AUROC of a binary task, the mean of
several draws. "best" fits the weights on the rows it is measured on: no prior can do better.

    molgen train esol.csv --target logS --folds 3 --ensemble 1 --out-of-fold esol-oof.csv
    python benchmarks/blend_weights.py esol-oof.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from molgen.data.targets import Targets
from molgen.data.tasks import Task
from molgen.experts.blend import Prior, blend, fit_weights

EXPERTS = ("graph", "graph+descriptors", "pretrained", "tabular")
PRIORS = [Prior(power, rows) for power in (0.0, 2.0, 4.0, 8.0) for rows in (20.0, 50.0, 200.0)]


def read(path: Path) -> tuple[Task, np.ndarray, np.ndarray]:
    """Return the first task of a table, its experts' predictions ``[experts, rows, 1]``, and labels."""
    table = pd.read_csv(path)
    name = next(column for column in table if column.endswith("_measured")).removesuffix("_measured")
    table = table[table[f"{name}_measured"].notna()]
    labels = table[f"{name}_measured"].to_numpy(float)
    predictions = np.stack([table[f"{name}_{expert}"].to_numpy(float)[:, np.newaxis] for expert in EXPERTS])
    return Task(name, "binary" if set(labels) <= {0.0, 1.0} else "regression"), predictions, labels


def measure(task: Task, predictions: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    mixed = blend([task], predictions, weights)[:, 0]
    return float(np.sqrt(np.mean((mixed - labels) ** 2)) if task.is_regression else roc_auc_score(labels, mixed))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--rows", nargs="+", type=int, default=[60, 150, 400], help="rows that weights are fitted on")
    parser.add_argument("--draws", type=int, default=25)
    arguments = parser.parse_args()
    found = []
    for path in arguments.tables:
        task, predictions, labels = read(path)
        targets = Targets.exact(labels[:, np.newaxis])
        for n_rows in arguments.rows:
            generator = np.random.default_rng(0)
            for draw in range(arguments.draws):
                order = generator.permutation(len(labels))
                fitted, tested = order[:n_rows], order[n_rows:]
                tries = {f"{prior.power:.0f} of {prior.rows:.0f} rows": (fitted, prior) for prior in PRIORS}
                for name, (those, prior) in (tries | {"best": (tested, Prior(rows=0))}).items():
                    weights = fit_weights([task], predictions[:, those], targets.take(those), prior)
                    value = measure(task, predictions[:, tested], labels[tested], weights)
                    found.append((path.stem, n_rows, draw, name, value))
    table = pd.DataFrame(found, columns=["table", "rows", "draw", "prior", "value"])
    order = [*dict.fromkeys(table["prior"])]
    print(table.pivot_table("value", "prior", ["table", "rows"]).loc[order].round(4).to_string())


if __name__ == "__main__":
    main()
