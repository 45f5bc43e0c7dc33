"""chemprop with its defaults on the scaffold folds of the ADMET panel, one endpoint at a time, beside the panel's own predictions.

    molgen train admet.csv --config benchmarks/admet.toml --out-of-fold oof.csv -o admet.molgen
    python benchmarks/admet_chemprop.py oof.csv --chemprop .../bin/chemprop --out admet-chemprop/

As for the panel, a fold is tested, the next one validated on, and the rest trained on. Mean and standard deviation over the folds,
of each expert, the blend ("model") and chemprop; a run that was stopped goes on with the folds that are left.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from admet_table import NAMES, measure_of
from chemprop_peer import chemprop_predictions

from molgen.data.tasks import Task
from molgen.training.metrics import task_metrics

EXPERTS = ("graph", "graph+descriptors", "pretrained", "tabular")


def measure_folds(table: pd.DataFrame, task: Task, measure: str, chemprop: str, out: Path) -> pd.DataFrame:
    """Return the measure of every predictor, a row a fold."""
    name = task.name
    known = table[table[f"{name}_measured"].notna()]
    n_folds = int(known["fold"].max())
    rows = []
    for fold in range(1, n_folds + 1):
        parts = known["fold"].map({fold: "test", fold % n_folds + 1: "val"}).fillna("train")
        path = out / f"{name}-{fold}.csv"
        pd.DataFrame({"smiles": known["smiles"], name: known[f"{name}_measured"], "split": parts}).to_csv(path, index=False)
        tested = known[parts == "test"]
        predictions = {"chemprop": chemprop_predictions(chemprop, path, [name], task.kind, out / f"{name}-{fold}", seed=0)[name]}
        predictions |= {expert: tested[f"{name}_{expert}"] for expert in EXPERTS} | {"model": tested[name]}
        labels = tested[f"{name}_measured"].to_numpy(float)
        rows.append({each: task_metrics(task, np.asarray(values, float), labels)[measure] for each, values in predictions.items()})
    return pd.DataFrame(rows)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out_of_fold", type=Path, help="out-of-fold predictions of the panel")
    parser.add_argument("--endpoints", nargs="+", default=["caco2_wang", "bbb_martins", "vdss_lombardo"])
    parser.add_argument("--chemprop", required=True, help="chemprop's command in its own environment")
    parser.add_argument("--out", type=Path, required=True, help="folder for tables and chemprop's models")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(arguments.out_of_fold)
    for name in arguments.endpoints:
        binary = set(table[f"{name}_measured"].dropna()) <= {0.0, 1.0}
        task = Task(name, "binary" if binary else "regression", positive="1" if binary else "")
        measure = measure_of({"name": name, "kind": task.kind})
        found = measure_folds(table, task, measure, arguments.chemprop, arguments.out)
        print(f"\n{name} ({NAMES[measure]}, {len(found)} scaffold folds)")
        for predictor, values in found.items():
            print(f"  {predictor:<20}{values.mean():8.3f} +- {values.std(ddof=1):.3f}", flush=True)


if __name__ == "__main__":
    main()
