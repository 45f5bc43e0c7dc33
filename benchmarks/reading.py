"""Cost of reading compounds: SD files beside a bare RDKit loop, text and Parquet tables beside pandas, in CPU time of one run.

The SD file is one that the rdkit wheel brings, repeated; rounds alternate, and the median is printed.

    python benchmarks/reading.py
"""

from __future__ import annotations

import datetime
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import rdkit
from rdkit import Chem, RDConfig, rdBase
from screening import write_library

from molgen.data.library import open_library

ROUNDS, REPEATS, ROWS = 5, 8, 200_000
SDF = {
    "SD file, 17 data items": Path(RDConfig.RDContribDir, "PBF", "testData", "egfr.sdf"),
    "SD file, 18 data items": Path(RDConfig.RDDataDir, "NCI", "first_200.props.sdf"),
    "SD file, 1 data item": Path(RDConfig.RDContribDir, "FreeWilson", "data", "cmet_ligands.sdf"),
}


def read_with_molgen(path: Path) -> int:
    return sum(len(block.rows) for block in open_library(path).blocks())


def read_with_rdkit(path: Path) -> int:
    with rdBase.BlockLogs():
        return len([Chem.MolToSmiles(mol) for mol in Chem.ForwardSDMolSupplier(str(path)) if mol is not None])


def compare(what: str, path: Path, peer: str, read: Callable[[Path], int]) -> None:
    costs: dict[str, list[float]] = {"molgen": [], peer: []}
    for _ in range(ROUNDS):
        for name, function in (("molgen", read_with_molgen), (peer, read)):
            start = time.process_time()
            rows = function(path)
            costs[name].append(1e6 * (time.process_time() - start) / rows)
    ours, theirs = (statistics.median(each) for each in costs.values())
    ratio = statistics.median(a / b for a, b in zip(*costs.values(), strict=True))
    print(f"  {what:<24}{rows:>9,} rows   molgen {ours:7.1f} us a row   {peer} {theirs:7.1f}   ratio {ratio:.2f}")


def main() -> None:
    print(f"{datetime.date.today()}, Python {platform.python_version()}, rdkit {rdkit.__version__}, pandas {pd.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        for what, source in SDF.items():
            path = Path(folder, source.name)
            path.write_bytes(source.read_bytes() * (REPEATS * 400_000 // source.stat().st_size))
            compare(what, path, "rdkit", read_with_rdkit)
        table = write_library(Path(folder, "library.csv"), ROWS)
        compare("CSV, one column", table, "pandas", lambda path: len(pd.read_csv(path, dtype=str)))
        pd.read_csv(table, dtype=str).assign(x=1.5, y=7).to_parquet(table.with_suffix(".parquet"))
        compare("Parquet, three columns", table.with_suffix(".parquet"), "pandas", lambda path: len(pd.read_parquet(path)))


if __name__ == "__main__":
    main()
