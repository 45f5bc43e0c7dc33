"""Davis and KIBA as tables of pairs, from the files that DeepDTA and GraphDTA published: what a kinase model is trained on.

    git clone https://github.com/thinng/GraphDTA
    git -C GraphDTA checkout 6162245c6776684b391d30610850fe7077478435
    python benchmarks/kinase.py GraphDTA/data/kiba -o data/kiba
    cd data/kiba
    molgen train affinity.csv --join drugs.csv --join targets.csv --config .../benchmarks/kinase.toml -o kinase.molgen

The folder has ``ligands_can.txt`` and ``proteins.txt`` (JSON: name -> SMILES or sequence), ``Y`` (a pickled matrix of drugs by
targets, NaN where nothing was measured), and ``folds/train_fold_setting1.txt`` and ``folds/test_fold_setting1.txt`` (JSON: numbers
of measured pairs, row by row). What comes out is compared with the checksums of molgen's card of the set. Of the pickle nothing is
run but what makes an array of numbers.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import pickle
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.datasets import load_card

#: What a pickled array of numbers is made by; Python 2 and older versions of NumPy had it elsewhere.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickles of arrays of numbers, and refuses all others."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what makes arrays.

        Raises
        ------
        pickle.UnpicklingError
            If it is anything else.
        """
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"a matrix needs no {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_matrix(path: Path) -> NDArray[np.float64]:
    """Return a pickled matrix of numbers."""
    with path.open("rb") as file:
        matrix = ArrayUnpickler(file, encoding="latin1").load()
    if not (isinstance(matrix, np.ndarray) and matrix.ndim == 2 and matrix.dtype.kind == "f"):
        sys.exit(f"{path}: no matrix of numbers")
    return matrix.astype(np.float64)


def convert(folder: Path, out: Path) -> None:
    """Write ``affinity.csv``, ``drugs.csv`` and ``targets.csv``."""
    drugs = json.loads((folder / "ligands_can.txt").read_text())
    targets = json.loads((folder / "proteins.txt").read_text())
    matrix = read_matrix(folder / "Y")
    if matrix.shape != (len(drugs), len(targets)):
        sys.exit(f"{folder / 'Y'}: {matrix.shape[0]} x {matrix.shape[1]}, expected {len(drugs)} drugs x {len(targets)} targets")
    rows, columns = np.nonzero(~np.isnan(matrix))
    fold = np.full(len(rows), -2)
    for number, pairs in enumerate(json.loads((folder / "folds" / "train_fold_setting1.txt").read_text())):
        fold[pairs] = number
    fold[json.loads((folder / "folds" / "test_fold_setting1.txt").read_text())] = -1
    if (fold == -2).any():
        sys.exit(f"{folder / 'folds'}: {(fold == -2).sum()} measured pairs are in no fold")
    names, ids = list(drugs), list(targets)
    values = matrix[rows, columns]
    # Dissociation constants are in nmol/l; KIBA scores are scores.
    davis = folder.name == "davis"
    labels = [values, 9 - np.log10(values)] if davis else [values]
    out.mkdir(parents=True, exist_ok=True)
    write(out / "drugs.csv", ["drug_id", "smiles"], drugs.items())
    write(out / "targets.csv", ["target_id", "sequence"], targets.items())
    header = ["drug_id", "target_id", *(["Kd_nM", "pKd"] if davis else ["kiba_score"]), "fold"]
    cells = zip(rows, columns, zip(*labels, strict=True), fold, strict=True)
    lines = ([names[row], ids[column], *(f"{label:g}" for label in each), number] for row, column, each, number in cells)
    write(out / "affinity.csv", header, lines)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Convert a set, and compare it with its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="data/davis or data/kiba of the repository")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.folder.name not in ("davis", "kiba"):
        parser.error("the folder is called davis or kiba")
    convert(arguments.folder, arguments.output)
    for file in load_card(arguments.folder.name).files:
        path = arguments.output / file.original
        same = hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
        print(f"{path}: {'what' if same else 'NOT what'} the card describes")


if __name__ == "__main__":
    main()
