"""What each expert adds to a blend, on out-of-fold predictions.

Of each task of a table of out-of-fold predictions: RMSE, or AUROC of a binary task, of each expert, of the blend of all, and of the
blends that leave one out. A fold's blend is weighed by the predictions of all other folds, and the mean over folds is shown.

    molgen train freesolv.csv --target expt --folds 5 --ensemble 1 --out-of-fold freesolv-oof.csv -o freesolv.molgen
    python benchmarks/blend_experts.py freesolv-oof.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from out_of_fold import OutOfFold, measure_blend, read_out_of_fold

from molgen.data.targets import Targets
from molgen.experts.blend import fit_weights


def measure(found: OutOfFold, experts: list[str]) -> float:
    """Return the mean, over folds that can be measured, of what the blend of some experts comes to."""
    predictions = found.predictions[[found.experts.index(name) for name in experts]]
    targets = Targets.exact(found.labels[:, np.newaxis])
    values = []
    for fold in np.unique(found.folds):
        others, mine = np.flatnonzero(found.folds != fold), np.flatnonzero(found.folds == fold)
        if not found.task.is_regression and len(set(found.labels[mine])) < 2:
            continue
        weights = fit_weights([found.task], predictions[:, others], targets.take(others))
        values.append(measure_blend(found.task, predictions[:, mine], found.labels[mine], weights))
    return float(np.mean(values)) if values else float("nan")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    arguments = parser.parse_args()
    lines = {}
    for found in (each for path in arguments.tables for each in read_out_of_fold(path)):
        tries = {name: [name] for name in found.experts} | {"blend": found.experts}
        if len(found.experts) > 1:
            tries |= {f"without {name}": [each for each in found.experts if each != name] for name in found.experts}
        metric = "RMSE" if found.task.is_regression else "AUROC"
        lines[found.source, found.task.name] = {"metric": metric} | {
            name: measure(found, experts) for name, experts in tries.items()
        }
    print(pd.DataFrame(lines).T.to_string(float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
