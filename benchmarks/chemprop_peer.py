"""chemprop with its defaults, from its own environment, on a table that names each row's part."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def chemprop_predictions(chemprop: str, table: Path, targets: Sequence[str], kind: str, folder: Path, seed: int) -> pd.DataFrame:
    """Train on the parts in the column ``split``, and return predictions of the test part; a finished folder is read."""
    predictions = folder / "model_0" / "test_predictions.csv"
    command = [chemprop, "train", "-i", str(table), "-s", "smiles", "--target-columns", *targets]
    command += ["-t", "regression" if kind == "regression" else "classification", "--splits-column", "split"]
    command += ["--pytorch-seed", str(seed), "--data-seed", str(seed), "--accelerator", "cpu", "-n", "0", "-o", str(folder)]
    if not predictions.exists():
        with folder.with_suffix(".log").open("w") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return pd.read_csv(predictions)
