"""MoleculeACE: bioactivity on fixed splits, overall and on activity cliffs, ``molgen train`` with its defaults beside its trees.

    python benchmarks/moleculeace.py --refit --out moleculeace/

Each target's training rows train the default recipe, a tenth of them at random for validation (``--refit``: and then train, too);
the test rows are read once, at the end. The data are those of van Tilborg, Alenicheva, Grisoni (J. Chem. Inf. Model. 2022, 62,
5938), pKi or pEC50, with their splits and their flags of cliffs. The trees (LightGBM on fingerprints and descriptors, untuned) see
the same rows.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
from moleculenet import DATA

import molgen

FOLDER = DATA / "molecules" / "moleculeace"
LABEL = "y [pEC50/pKi]"
SETTINGS = {"split": "random", "fractions": [0.9, 0.1, 0.0], "replicates": "keep"}


def run(target: str, seed: int, out: Path, *, refit: bool) -> dict[str, dict[str, float]]:
    """Return the RMSE overall and on cliffs of the model and of its trees."""
    table = pd.read_csv(FOLDER / f"{target}.csv.gz").rename(columns={LABEL: "activity"})
    parts = {}
    for part, rows in table.groupby("split"):
        parts[part] = out / f"{target}-{part}.csv"
        rows[["smiles", "activity", "cliff_mol"]].to_csv(parts[part], index=False)
    path = out / f"{target}-{seed}.molgen"
    trained = molgen.train(parts["train"], path, target="activity", seed=seed, refit=refit, overwrite=True, **SETTINGS)
    bundle = trained.bundle
    found = {"model": _measure(parts["test"], bundle)}
    trees = [expert.name == "tabular" for expert in bundle.experts]
    bundle.weights = np.array(trees, dtype=np.float64)[:, np.newaxis]
    return {**found, "trees": _measure(parts["test"], bundle)}


def _measure(table: Path, bundle: molgen.Bundle) -> dict[str, float]:
    found = molgen.evaluate(table, bundle, by="cliff_mol")
    return {"all": found.metrics["activity"]["rmse"], "cliffs": found.groups["cliff_mol 1"]["activity"]["rmse"]}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("moleculeace"), help="folder for tables, models and figures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(f"{datetime.date.today()}, molgen {molgen.__version__}, {arguments.seeds} seeds, RMSE\n")
    print(f"{'':<20}{'model':>8}{'trees':>8}{'model, cliffs':>16}{'trees, cliffs':>16}")
    rows = []
    for target in sorted(path.name.removesuffix(".csv.gz") for path in FOLDER.glob("*.csv.gz")):
        figures = []
        for seed in range(arguments.seeds):
            # A test set is read once: figures that are there are not made again.
            kept = arguments.out / f"{target}-{'refit' if arguments.refit else 'once'}-{seed}.json"
            if not kept.exists():
                kept.write_text(json.dumps(run(target, seed, arguments.out, refit=arguments.refit)))
            found = json.loads(kept.read_text())
            figures.append([found[name][part] for part in ("all", "cliffs") for name in ("model", "trees")])
        rows.append(np.mean(figures, axis=0))
        print(_line(target, rows[-1]), flush=True)
    print(_line("mean", np.mean(rows, axis=0)))
    better = [sum(row[at] < row[at + 1] for row in rows) for at in (0, 2)]
    print(f"better than the trees: {better[0]} of {len(rows)}, on cliffs {better[1]}")


def _line(name: str, figures: np.ndarray) -> str:
    return f"{name:<20}{figures[0]:8.3f}{figures[1]:8.3f}{figures[2]:16.3f}{figures[3]:16.3f}"


if __name__ == "__main__":
    main()
