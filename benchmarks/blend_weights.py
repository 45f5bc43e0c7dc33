"""How the weights of a blend are best fitted on few rows: priors compared on out-of-fold predictions.

Of each task of a table of out-of-fold predictions some rows, drawn at random, stand for the validation set that weights are
fitted on; the blend is measured on all others. One line for each prior, one column for each number of such rows: RMSE, or AUROC of
a binary task, the mean of several draws. "best" fits the weights on the rows that it is measured on.

    molgen train esol.csv --target logS --folds 3 --ensemble 1 --out-of-fold esol-oof.csv -o esol.molgen
    python benchmarks/blend_weights.py esol-oof.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from out_of_fold import measure_blend, read_out_of_fold

from molgen.data.targets import Targets
from molgen.experts.blend import Prior, fit_weights

PRIORS = [Prior(power, rows) for power in (0.0, 2.0, 4.0, 8.0) for rows in (20.0, 50.0, 200.0)]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--rows", nargs="+", type=int, default=[60, 150, 400], help="rows that weights are fitted on")
    parser.add_argument("--draws", type=int, default=25)
    arguments = parser.parse_args()
    values = []
    for found in (each for path in arguments.tables for each in read_out_of_fold(path)):
        task, predictions, labels = found.task, found.predictions, found.labels
        targets = Targets.exact(labels[:, np.newaxis])
        for n_rows in [each for each in arguments.rows if each < 0.7 * len(labels)]:
            generator = np.random.default_rng(0)
            for draw in range(arguments.draws):
                order = generator.permutation(len(labels))
                fitted, tested = order[:n_rows], order[n_rows:]
                tries = {f"{prior.power:.0f} of {prior.rows:.0f} rows": (fitted, prior) for prior in PRIORS}
                for name, (those, prior) in (tries | {"best": (tested, Prior(rows=0))}).items():
                    weights = fit_weights([task], predictions[:, those], targets.take(those), prior)
                    value = measure_blend(task, predictions[:, tested], labels[tested], weights)
                    values.append((found.source, task.name, n_rows, draw, name, value))
    if not values:
        parser.error(f"no task has labels enough for --rows {min(arguments.rows)}")
    table = pd.DataFrame(values, columns=["table", "task", "rows", "draw", "prior", "value"])
    order = [*dict.fromkeys(table["prior"])]
    print(table.pivot_table("value", "prior", ["table", "task", "rows"]).loc[order].round(4).to_string())


if __name__ == "__main__":
    main()
