"""The training table of the ADMET panel: 21 endpoints of the Therapeutics Data Commons side by side, without their test compounds.

    python benchmarks/admet.py admet.csv
    molgen train admet.csv --config benchmarks/admet.toml -o admet.molgen
    molgen train admet.csv --config benchmarks/admet.toml --experts graph --ensemble 1 --epochs 30 -o admet-fast.molgen

The models that come along also have ``--percentiles-of`` approved drugs; see ``docs/admet.md``.

Rows that stand on an endpoint's list of held-out compounds are taken out of that endpoint: the lists hold the molecules of its test
set. Labels that spread over decades are logarithms, as the units in ``admet.toml`` say.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import pandas as pd
from moleculenet import DATA

import molgen

FOLDER = DATA / "molecules" / "tdc_admet"
#: Labels whose logarithm is learnt.
LOGARITHMIC = ("clearance_hepatocyte_az", "clearance_microsome_az", "half_life_obach", "vdss_lombardo")


def clean(endpoint: str, folder: Path) -> pd.DataFrame:
    """Return the labels of an endpoint that may be trained on."""
    out = folder / f"{endpoint}.csv"
    report = molgen.audit(
        FOLDER / endpoint / "train_val.csv.gz",
        smiles="Drug",
        targets="Y",
        exclude_keys=FOLDER / "held_out_keys.csv.gz",
        endpoint=endpoint,
        output=out,
    )
    table = pd.read_csv(out)
    print(f"{endpoint:<32} {report.rows:>6,} rows, {report.rows - len(table):>3} held out, {len(table):>6,} left")
    labels = table["Y"].astype(float)
    if endpoint in LOGARITHMIC:
        # NumPy's logarithm differs in the last digit from one processor to another, and with it the table's checksum.
        labels = labels.where(labels > 0).map(math.log10, na_action="ignore")
    return pd.DataFrame({"smiles": table["Drug"], endpoint: labels}).dropna()


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    endpoints = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
    with tempfile.TemporaryDirectory() as folder:
        tables = [clean(endpoint, Path(folder)) for endpoint in endpoints]
    whole = pd.concat(tables, ignore_index=True)
    whole.to_csv(arguments.output, index=False)
    print(f"{len(whole):,} labels of {len(endpoints)} endpoints written to {arguments.output}")


if __name__ == "__main__":
    main()
