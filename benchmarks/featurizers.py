"""Cost of molgen's featurizers beside RDKit's own functions, and whether both give the same values.

Each round parses the molecules afresh (RDKit keeps what it computed on a molecule), and runs the peers in turn, so that a
busy machine slows all of them alike. Figures are microseconds of CPU time a molecule, the median of the rounds.

    python benchmarks/featurizers.py --molecules 20000 --descriptors 2000
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rdkit
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors as RDKitDescriptors
from rdkit.Chem import rdFingerprintGenerator

from molgen.chem.descriptors import DESCRIPTORS_2D, DESCRIPTORS_FAST, compute_descriptors
from molgen.featurizers import Morgan

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("MOLGEN_DATA", ROOT.parent / "shared" / "data"))
Mols = list[Chem.Mol]


def read_smiles(path: Path, n: int) -> list[str]:
    """Return ``n`` SMILES, evenly spread over the file."""
    with gzip.open(path, "rt") as lines:
        rows = [row["smiles"] for row in csv.DictReader(lines)]
    return rows[:: max(1, len(rows) // n)][:n]


def parse(smiles: Sequence[str]) -> Mols:
    return [mol for mol in map(Chem.MolFromSmiles, smiles) if mol is not None]


def measure(peers: dict[str, Callable[[Any], Any]], fresh: Callable[[], Any], rounds: int, n: int) -> dict[str, float]:
    """Return the median CPU time of each peer in microseconds a molecule."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, run in peers.items():
            material = fresh()
            start = time.process_time()
            run(material)
            times[name].append((time.process_time() - start) / n * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def compare_morgan(smiles: list[str], rounds: int) -> tuple[dict[str, float], bool]:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    featurizer = Morgan(counts=True)
    peers: dict[str, Callable[[Any], Any]] = {
        "RDKit: MolFromSmiles + GetCountFingerprints": lambda rows: generator.GetCountFingerprints(parse(rows)),
        "molgen: Morgan(counts=True), SMILES to CSR": featurizer.transform,
    }
    few = parse(smiles[:2000])
    expected = np.array([generator.GetCountFingerprintAsNumPy(mol) for mol in few])
    same = bool((featurizer.transform(few).toarray() == expected).all())
    return measure(peers, lambda: smiles, rounds, len(smiles)), same


def compare_descriptors(smiles: list[str], rounds: int) -> tuple[dict[str, float], float]:
    def all_by_rdkit(mols: Mols) -> None:
        with rdBase.BlockLogs(), np.errstate(all="ignore"):
            for mol in mols:
                RDKitDescriptors.CalcMolDescriptors(mol)

    def fast_by_rdkit(mols: Mols) -> None:
        functions = [getattr(RDKitDescriptors, name) for name in DESCRIPTORS_FAST]
        for mol in mols:
            for function in functions:
                function(mol)

    peers: dict[str, Callable[[Any], Any]] = {
        "RDKit: CalcMolDescriptors": all_by_rdkit,
        f"molgen: {len(DESCRIPTORS_2D)} descriptors": compute_descriptors,
        f"RDKit: the {len(DESCRIPTORS_FAST)} of DESCRIPTORS_FAST": fast_by_rdkit,
        f"molgen: the {len(DESCRIPTORS_FAST)} of DESCRIPTORS_FAST": lambda mols: compute_descriptors(mols, DESCRIPTORS_FAST),
        "RDKit: MolFromSmiles, to compare with": lambda _: parse(smiles),
    }
    compute_descriptors(parse(smiles[:10]))  # the comparison with RDKit that comes before the first use
    return measure(peers, lambda: parse(smiles), rounds, len(smiles)), share_of_equal_values(smiles)


def share_of_equal_values(smiles: list[str]) -> float:
    """Return how many values are equal within a relative 1e-9; Ipc counts where RDKit's own has digits."""
    got = compute_descriptors(parse(smiles))
    with rdBase.BlockLogs(), np.errstate(all="ignore"):
        rows = [RDKitDescriptors.CalcMolDescriptors(mol) for mol in parse(smiles)]
    expected = np.array([[np.nan if row[name] is None else row[name] for name in DESCRIPTORS_2D] for row in rows])
    equal = np.isclose(got, expected, rtol=1e-9, atol=1e-12, equal_nan=True)
    lost = expected[:, DESCRIPTORS_2D.index("Ipc")] > 1e14
    for name in ("Ipc", "AvgIpc"):
        equal[lost, DESCRIPTORS_2D.index(name)] = True
    return float(equal.mean())


def show(title: str, figures: dict[str, float], pairs: Sequence[tuple[int, int]], note: str) -> None:
    print(f"\n{title}\n{'':52s} us/molecule    ratio")
    names = list(figures)
    ratios = {names[mine]: figures[names[mine]] / figures[names[peer]] for peer, mine in pairs}
    for name, value in figures.items():
        print(f"{name:52s} {value:11.0f}" + (f" {ratios[name]:8.2f}" if name in ratios else ""))
    print(note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "molecules/chembl_smiles/chembl_validation.csv.gz")
    parser.add_argument("--molecules", type=int, default=20_000, help="for fingerprints")
    parser.add_argument("--descriptors", type=int, default=2_000, help="molecules for descriptors")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"rdkit {rdkit.__version__}, numpy {np.__version__}, python {platform.python_version()}")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, {options.data.name}")

    smiles = read_smiles(options.data, options.molecules)
    figures, same = compare_morgan(smiles, options.rounds)
    show(f"Morgan counts, {len(smiles)} molecules", figures, [(0, 1)], f"values equal: {same}")

    smiles = read_smiles(options.data, options.descriptors)
    figures, share = compare_descriptors(smiles, options.rounds)
    note = f"values equal within 1e-9: {share:.4%} (Ipc: where RDKit's own has digits)"
    show(f"Descriptors, {len(smiles)} parsed molecules", figures, [(0, 1), (2, 3), (4, 3)], note)


if __name__ == "__main__":
    main()
