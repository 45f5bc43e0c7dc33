"""The table of ``docs/admet.md``: a panel's cross-validated figures, each endpoint by the measure of the benchmark.

    python benchmarks/admet_table.py admet

It reads the record in the model, where ``molgen train --folds`` put mean and standard deviation over the scaffold folds, and the
figures of all out-of-fold predictions together: the expected calibration error of these, and in brackets the mean of the folds'.
"""

from __future__ import annotations

import sys
from typing import Any

import molgen

#: Measures of the ADMET group of the Therapeutics Data Commons, where they are not AUROC or Spearman's correlation.
MEASURES = {
    **dict.fromkeys(("caco2_wang", "lipophilicity_astrazeneca", "solubility_aqsoldb", "ppbr_az", "ld50_zhu"), "mae"),
    **dict.fromkeys((f"cyp{each}_veith" for each in ("2c9", "2d6", "3a4")), "auprc"),
    **dict.fromkeys((f"cyp{each}_substrate_carbonmangels" for each in ("2c9", "2d6")), "auprc"),
}
NAMES = {"mae": "MAE", "auprc": "AUPRC", "auroc": "AUROC", "spearman": "Spearman"}
#: Trees are an expert of a blend, and else a baseline.
COLUMNS = {
    **{"model": "the model", "graph": "D-MPNN", "tabular": "LightGBM", "lightgbm": "LightGBM"},
    "nearest neighbour": "nearest neighbour",
}


def measure_of(task: dict[str, Any]) -> str:
    """Return the measure that an endpoint is judged by."""
    return MEASURES.get(task["name"], "spearman" if task["kind"] == "regression" else "auroc")


def main() -> None:
    """Print the table, and on how many endpoints the model is the best or within one standard error of the best."""
    about = molgen.inspect(sys.argv[1])
    metrics, n_folds = about["cross_validation"]["metrics"], len(about["cross_validation"]["folds"])
    columns = {name: title for name, title in COLUMNS.items() if name in metrics}
    print(f"| task | metric | {' | '.join(columns.values())} | coverage, or ECE (of one fold) |\n|{'---|' * (len(columns) + 3)}")
    best = near = 0
    for task in about["tasks"]:
        name, measure = task["name"], measure_of(task)
        found = {each: metrics[each][name][measure] for each in columns}
        sign = -1 if measure == "mae" else 1
        rivals = max(sign * found[each]["mean"] for each in columns if each != "model")
        ahead = sign * found["model"]["mean"] - rivals
        best += ahead >= 0
        near += ahead >= -found["model"]["spread"] / n_folds**0.5
        stated = "coverage" if task["kind"] == "regression" else "ece"
        of_intervals = f"{metrics['model'][name][stated]['mean']:.3f}"
        if stated == "ece":
            of_intervals = f"{about['metrics']['folds']['model'][name]['ece']:.3f} ({of_intervals})"
        cells = [_cell(found[each]) for each in columns]
        print(f"| `{name}` | {NAMES[measure]} | {' | '.join(cells)} | {of_intervals} |")
    told = f"the best on {best} of {len(about['tasks'])} endpoints, and within one standard error of the best on {near}"
    print(f"\nThe model is {told}.")


def _cell(value: dict[str, float | None]) -> str:
    mean, spread = value["mean"], value["spread"]
    return "-" if mean is None or spread is None else f"{mean:.3f} +- {spread:.3f}"


if __name__ == "__main__":
    main()
