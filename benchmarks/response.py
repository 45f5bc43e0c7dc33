"""Response of cancer cell lines to drugs (GDSC): cell lines that training has not seen, five folds.

    python benchmarks/response.py --out FOLDER
    python benchmarks/response.py --experts tabular --out FOLDER        # trees and KronRLS alone, a fifth of the time

170 drugs, 580 cell lines with expression, mutation and copy number of 706 genes, 82,833 ln IC50 (the data of TGSA). The tables that
``molgen train`` reads are written to ``--out`` first. A cell line is in one fold whole; a fold's own validation part chooses
epochs and strengths, the other folds the weights. Means over the folds: the root mean squared error, and the median over drugs of
the correlation over cell lines, which a table of drug means does not have. ``--gene-graph`` lets the networks pass messages between
genes whose proteins interact (STRING).
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from moleculenet import DATA

import molgen

FOLDER = DATA / "pairs" / "gdsc_tgsa"
KINDS = {"expression": "exp", "mutation": "mu", "copy_number": "cn"}


def write_tables(out: Path) -> dict[str, object]:
    """Write responses, drugs, profiles and the graph of genes as tables, and return how they are read."""
    with np.load(FOLDER / "cell_features.npz") as cells:
        lines = pd.Index(cells["cell_id"], name="cell_line")
        for kind, name in KINDS.items():
            pd.DataFrame(cells[name], index=lines, columns=cells["gene_entrez"]).to_csv(out / f"{kind}.csv", float_format="%.6g")
        joined = pd.DataFrame(cells["gene_entrez"][cells["ppi_095"].T], columns=["gene", "other_gene"])
        joined.to_csv(out / "string.csv", index=False)
    response = pd.read_csv(FOLDER / "response.csv.gz")
    response["cell_line"] = lines[response.pop("cell_idx")]
    response.to_csv(out / "response.csv", index=False)
    return {
        "joins": [str(FOLDER / "drugs.csv")],
        "sample": "cell_line",
        "profiles": [f"{kind}={out / kind}.csv" for kind in KINDS],
        "split": "group",
        "split_column": "cell_line",
        "replicates": "keep",
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--experts", choices=["blend", "network", "tabular"], default="blend")
    parser.add_argument("--gene-graph", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(exist_ok=True)
    settings = write_tables(arguments.out)
    if arguments.gene_graph:
        settings["gene_graph"] = str(arguments.out / "string.csv")
    kept = arguments.out / f"{arguments.experts}{'-graph' if arguments.gene_graph else ''}-{arguments.folds}.json"
    if not kept.exists():
        start = time.process_time()
        checkpoint = arguments.out / f"{kept.stem}-run"
        data = arguments.out / "response.csv"
        settings |= {"experts": arguments.experts, "folds": arguments.folds, "checkpoint": checkpoint}
        found = molgen.cross_validate(data, target="ln_ic50", **settings)
        kept.write_text(json.dumps({**found.to_json()["metrics"], "seconds": time.process_time() - start}, indent=1))
    metrics = json.loads(kept.read_text())
    print(
        f"{datetime.date.today()}, molgen {molgen.__version__}, {arguments.folds} folds, {metrics.pop('seconds'):.0f} CPU seconds\n"
    )
    print(f"{'':<28}{'RMSE':>16}{'within a drug':>18}{'within a cell line':>22}")
    for name, by_task in metrics.items():
        shown = [by_task["ln_ic50"][measure] for measure in ("rmse", "per_molecule", "per_sample")]
        cells = ["-" if each["mean"] is None else f"{each['mean']:.3f} +- {each['spread']:.3f}" for each in shown]
        print(f"{name:<28}{cells[0]:>16}{cells[1]:>18}{cells[2]:>22}")


if __name__ == "__main__":
    main()
