"""An exported network in float32, float16 and int8: size, speed and digits, beside the model itself; and threads.

    python benchmarks/export.py admet-fast

ChEMBL molecules, features made before. Microseconds of CPU and of the clock a molecule, median of rounds that alternate; the
difference is the mean over outputs of the mean absolute difference from the model, in standard deviations of its predictions.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from screening import LIBRARY

import molgen
from molgen.deployment.onnx_model import make_inputs
from molgen.experts.base import compute_features
from molgen.experts.calibration import calibrate
from molgen.experts.graph import GraphExpert
from molgen.featurizers.base import take_rows
from molgen.threads import one_torch_thread

ROWS = 32


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="admet-fast")
    parser.add_argument("--molecules", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with gzip.open(LIBRARY, "rt") as file:
        smiles = file.read().split("\n")[1 : arguments.molecules + 1]
    bundle = molgen.load(arguments.model)
    expert = next(each for each in bundle.experts if isinstance(each, GraphExpert))
    mols = bundle.read(smiles).items
    features, errors = compute_features(expert.featurizers, mols)
    rows = np.array([row for row, mol in enumerate(mols) if mol is not None and row not in errors])
    features = {each: take_rows(values, rows) for each, values in features.items()}
    inputs = [
        make_inputs(take_rows(features[expert.graph], part), *(take_rows(features[each], part) for each in expert.extras))
        for part in np.array_split(np.arange(len(rows)), len(rows) // ROWS)
    ]

    def of_model() -> np.ndarray:
        with one_torch_thread():
            values = expert.predict(features)
        # A file of all of a model has its calibration, too.
        return calibrate(bundle.tasks, bundle.calibration, values) if len(bundle.experts) == 1 else values

    with tempfile.TemporaryDirectory() as folder:
        runs: dict[str, Callable[[], np.ndarray]] = {"the model": of_model}
        sizes: dict[str, float] = {}
        for precision in ("fp32", "fp16", "int8"):
            path = Path(folder, f"{precision}.onnx")
            sizes[f"{precision}, 1 thread"] = molgen.export(bundle, path, expert=expert.name, precision=precision).size / 2**20
            for threads in (1, 2) if precision == "fp32" else (1,):
                session = molgen.OnnxModel(path, threads=threads).session
                runs[f"{precision}, {threads} thread{'s' * (threads > 1)}"] = lambda session=session: np.concatenate(
                    [session.run(None, each)[0] for each in inputs]
                )
        costs: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        values = {}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                cpu, clock = time.process_time(), time.perf_counter()
                values[name] = run()
                costs[name].append((time.process_time() - cpu, time.perf_counter() - clock))
    reference = values["the model"]
    for name, found in costs.items():
        cpu, clock = (1e6 * statistics.median(each) / len(rows) for each in zip(*found, strict=True))
        off = np.mean(np.abs(values[name] - reference).mean(axis=0) / reference.std(axis=0))
        size = f"{sizes[name]:.2f} MB" if name in sizes else ""
        print(f"{name:<20} {size:>9} {cpu:8.0f} us of CPU {clock:8.0f} us {off:9.2g} spreads off")


if __name__ == "__main__":
    main()
