"""Is ``molgen train --search`` worth its time? Default and searched settings on scaffold folds of a table.

Each fold is tested on one part, and chooses epochs, settings and weights on the next; training has the rest. Both runs read the
same parts. RMSE, or AUROC of a binary task, of the blend and of what was searched.

    python benchmarks/search.py esol.csv --target logS --trials 20
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import molgen
from molgen.data.dataset import load_dataset
from molgen.data.splits import make_folds


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--target", required=True)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--folds", type=int, default=3)
    arguments = parser.parse_args()
    dataset = load_dataset(arguments.table, targets=[arguments.target])
    measure = "rmse" if dataset.tasks[0].is_regression else "auroc"
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, fold in enumerate(make_folds(dataset, "scaffold", arguments.folds, 0)):
            parts = np.full(len(dataset), "", dtype=object)
            for name in ("train", "valid", "test"):
                parts[getattr(fold, name)] = name
            table = Path(folder) / f"{number}.csv"
            pd.DataFrame({"smiles": dataset.texts, "label": dataset.targets[:, 0], "split": parts}).to_csv(table, index=False)
            for name, trials in (("default", None), (f"{arguments.trials} trials", arguments.trials)):
                start = time.process_time()
                result = molgen.train(table, target="label", split_column="split", replicates="keep", search=trials)
                found = {of: tasks["label"][measure] for of, tasks in result.metrics["test"].items()}
                for of, value in (found | {"CPU seconds": time.process_time() - start}).items():
                    figures.setdefault(of, {}).setdefault(name, []).append(value)
                for search in result.searches:
                    print(f"fold {number}: {search}", flush=True)
    print(f"{arguments.table.stem}, {measure}, {arguments.folds} scaffold folds")
    for of, by_name in figures.items():
        told = (f"{name} {np.mean(values):.3f} +- {np.std(values, ddof=1):.3f}" for name, values in by_name.items())
        print(f"  {of:<20}", "   ".join(told))


if __name__ == "__main__":
    main()
